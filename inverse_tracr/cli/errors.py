"""Exit codes, and how errors reach the user: one clear message, no traceback."""

from __future__ import annotations

import enum
import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager

from inverse_tracr.cli.output import emit_json, note
from inverse_tracr.errors import BadInputError, InverseTracrError


class ExitCode(enum.IntEnum):
    """What the process returns; errors of the package carry their own (`InverseTracrError.exit_code`)."""

    DONE = 0
    PROBLEM_FOUND = 1
    USAGE = 2
    BAD_INPUT = 3
    CAP_HIT = 4
    FAULT = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class UsageError(InverseTracrError):
    """Arguments that contradict each other, or lack one."""

    exit_code = ExitCode.USAGE


@contextmanager
def from_options() -> Generator[None]:
    """What is made from options alone: a value that the package refuses is wrong usage, not bad input."""
    try:
        yield
    except BadInputError as error:
        raise UsageError(**error.parts()) from error


def guarded(command: Callable[[], ExitCode | None], *, as_json: bool) -> int:
    """Run `command`; print an expected error as one message, and return the exit code.

    Any other exception is a fault of this package: its traceback is printed, and its exit code is none
    that a verdict has.
    """
    try:
        return int(command() or ExitCode.DONE)
    except InverseTracrError as error:
        return _report(error, as_json=as_json)
    except ModuleNotFoundError as error:
        extra = _extra_of(error.name or "")
        if extra is None:
            return _report_fault()
        return _report(_missing_extra(error.name or "", extra), as_json=as_json)
    except KeyboardInterrupt:
        note("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; a further flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PIPE_CLOSED
    except OSError as error:
        where = str(error.filename or "")
        expected = "a folder" if isinstance(error, FileExistsError | NotADirectoryError) else ""
        problem = error.strerror or str(error)
        return _report(BadInputError(problem, where=where, expected=expected), as_json=as_json)
    except Exception:  # whatever else comes is our own fault: a report and an exit code, no bare traceback
        return _report_fault()


def _report(error: InverseTracrError, *, as_json: bool) -> int:
    note(f"error: {error}")
    if as_json:
        emit_json({"error": {"kind": type(error).__name__, **error.parts()}})
    return error.exit_code


def _report_fault() -> int:
    note(traceback.format_exc())
    note("error: this is a fault of inverse-tracr, not of your input; please report it with the lines above")
    return ExitCode.FAULT


def _extra_of(module: str) -> str | None:
    extras = {"tracr": "tracr", "jax": "tracr", "haiku": "tracr", "ray": "ray", "resvg_py": "pictures"}
    extras |= dict.fromkeys(("fastapi", "pydantic", "starlette", "uvicorn"), "serve")
    return extras.get(module.partition(".")[0])


def _missing_extra(module: str, extra: str) -> UsageError:
    return UsageError(
        f"this needs the package {module}, which is not installed",
        advice=f"Install it with: pip install 'inverse-tracr[{extra}]'",
    )
