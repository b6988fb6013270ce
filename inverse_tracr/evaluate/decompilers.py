"""What is evaluated: a method of this package, or any callable from a model to a program."""

from __future__ import annotations

import enum
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from inverse_tracr.decompile import Decompilation, decompile
from inverse_tracr.decompile.decompiler import method_parts
from inverse_tracr.errors import BadInputError, InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, parse_source, print_program

AUTO = "auto"
MOST_REASON = 200
"""Characters of an error that are kept."""


class Outcome(enum.Enum):
    """How a decompiler came out on one model; only the first gives a program."""

    ANSWERED = "answered"
    NO_PROGRAM = "no program"
    NOT_A_PROGRAM = "not a program"
    ERROR = "error"
    TIMED_OUT = "timed out"
    DIED = "worker died"


@dataclass(frozen=True)
class Answer:
    """What a decompiler said of one model.

    `program` is text with the signature as its header, empty where there is none. `claim` is the verdict
    that the decompiler gave itself, `found_by` which of its ways found the program; both may be empty.
    `candidates`: programs that it judged on the way, edits of repair among them. `seconds` is processor time
    on one thread, which does not depend on what else the machine does, and `wall_seconds` time on the wall;
    loading is left out of both. `reason` says what went wrong.
    """

    outcome: Outcome
    program: str = ""
    claim: str = ""
    found_by: str = ""
    candidates: int = 0
    seconds: float = 0.0
    wall_seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class DecompilerSpec:
    """A registered method or `auto`, or `module:function`, a callable that is given a model.

    The callable returns a `Program`, its text, a `Decompilation`, or None.
    """

    name: str

    @property
    def external(self) -> bool:
        """Whether this names a callable of another module."""
        return ":" in self.name

    def check(self) -> None:
        """Raise an error for a method that is not registered, or a callable that cannot be imported."""
        self.resolve()

    def resolve(self) -> Callable[[TransformerProgram], Any]:
        """The callable; raises UnknownMethodError or BadInputError."""
        if self.external:
            return _imported(self.name)
        method_parts(self.name)
        return lambda model: decompile(model, method=self.name)


def answer(spec: DecompilerSpec, model: TransformerProgram) -> Answer:
    """Ask a decompiler about a model. Whatever it raises is an answer too."""
    decompiler = spec.resolve()
    processor, wall = time.process_time(), time.perf_counter()
    try:
        found = _as_answer(decompiler(model), model)
    except Exception as error:  # a decompiler of anybody may raise anything, and it costs one model only
        found = Answer(Outcome.ERROR, reason=_reason(error))
    return replace(found, seconds=time.process_time() - processor, wall_seconds=time.perf_counter() - wall)


def _as_answer(said: Any, model: TransformerProgram) -> Answer:
    claim, found_by, candidates = "", "", 0
    if isinstance(said, Decompilation):
        claim, found_by, candidates = said.verdict.value, said.method, said.candidates
        said = said.program
    if said is None:
        return Answer(Outcome.NO_PROGRAM, found_by=found_by, candidates=candidates)
    try:
        if not isinstance(said, Program):
            said = parse_source(said).program
        text = print_program(said, model.signature)
    except (InverseTracrError, TypeError, AttributeError) as error:
        return Answer(Outcome.NOT_A_PROGRAM, reason=_reason(error))
    return Answer(Outcome.ANSWERED, text, claim, found_by, candidates)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_REASON]


def _imported(name: str) -> Callable[[TransformerProgram], Any]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInputError(
            "the decompiler cannot be imported",
            where=name,
            expected="module:function, the module on the path of Python",
            got=str(error),
        ) from error
    if not callable(found):
        raise BadInputError("this is not callable", where=name, expected="a function from models to programs")
    return found
