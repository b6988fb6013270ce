"""Errors as the API words them."""

from __future__ import annotations

import re

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.explore.answers import Failure
from inverse_tracr.rasp import RaspSyntaxError

_PLACE = re.compile(r"line \d+, column \d+: ")
_PROGRAM_LINE = re.compile(r"line (\d+) \(([A-Za-z_][A-Za-z0-9_]*)\): ")


def failure_of(error: InverseTracrError, text: str = "") -> Failure:
    """An expected error; of one about the program `text`, its line and column."""
    parts = error.parts()
    line = column = None
    if isinstance(error, RaspSyntaxError):
        line, column = error.line, error.column
        parts["problem"] = _PLACE.sub("", parts["problem"], count=1)
    elif text and (named := _PROGRAM_LINE.search(error.problem)):
        line = line_of_name(text, named[2])
        column = 1
    elif text and "return" in error.problem:
        line, column = line_of_return(text), 1
    return Failure(kind=type(error).__name__, line=line, column=column, **parts)


def fault(error: BaseException) -> Failure:
    """An exception that nobody expected: ours to mend."""
    return Failure(
        kind="Fault",
        problem=f"this is a fault of inverse-tracr: {type(error).__name__}: {error}",
        advice="The terminal where the explorer runs has the details; please report them",
    )


def line_of_name(text: str, name: str) -> int | None:
    """The line of `text` that defines `name`, from 1."""
    pattern = re.compile(rf"\s*{re.escape(name)}\s*=(?!=)")
    return next((i for i, row in enumerate(text.split("\n"), 1) if pattern.match(row)), None)


def line_of_return(text: str) -> int | None:
    """The line of `text` that returns, from 1."""
    return next((i for i, row in enumerate(text.split("\n"), 1) if row.lstrip().startswith("return")), None)
