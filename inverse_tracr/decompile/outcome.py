"""What decompiling and verifying give."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from inverse_tracr.rasp.printer import print_program
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, Value


class Verdict(enum.Enum):
    """How a program compares with a model on the inputs of a comparison."""

    EQUIVALENT = "equivalent"
    """Every input was checked."""
    NO_COUNTEREXAMPLE = "no-counterexample"
    """All inputs that were checked agree; they were not all that there are."""
    REFUTED = "refuted"
    """An input was found on which they differ, or the program cannot be recompiled."""


@dataclass(frozen=True)
class Counterexample:
    """The smallest input found on which model and program differ; outputs position by position."""

    tokens: tuple[Value, ...]
    model: tuple[Maybe, ...]
    program: tuple[Maybe, ...]
    recompiled: tuple[Maybe, ...] | None


@dataclass(frozen=True)
class Verification:
    """A verdict with what it rests on.

    `agreement` is the share of the checked inputs on which the program gives the model's output at every
    position: interpreted, and where that is so on all of them, recompiled. `note` says what else the user
    should know.
    """

    verdict: Verdict
    inputs_checked: int
    agreement: float
    counterexample: Counterexample | None = None
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether no difference was found."""
        return self.verdict is not Verdict.REFUTED


@dataclass(frozen=True)
class LineEvidence:
    """What a line of a found program rests on: half-layer, heads, neurons and residual dimensions."""

    line: str
    half_layer: int | None
    heads: tuple[str, ...]
    neurons: tuple[str, ...]
    dimensions: tuple[int, ...]
    probes: int = 0


@dataclass(frozen=True)
class Decompilation:
    """A program found for a model, and how far it was verified.

    `program` is None when no proposer could write a whole program; `partial` then holds the lines that
    were understood, with `unknown(...)` for the rest, and `unexplained` names the parts of the model that
    no line explains. `candidates` counts the programs that were tried; `method` is the proposer whose
    program this is, with `, repaired` behind it where that program was refuted and `, refined` where it was
    verified and made finer; `edits` say what was changed. `tried` counts the candidates of each proposer, and
    the edited ones. `score` is the probability of being right that the proposer gave the program before it
    was verified, None where it gives none and for edited programs.
    """

    program: Program | None
    signature: Signature
    verification: Verification
    method: str
    candidates: int
    seconds: float
    evidence: tuple[LineEvidence, ...] = ()
    partial: str = ""
    unexplained: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    score: float | None = None

    @property
    def verdict(self) -> Verdict:
        """How the program compares with the model."""
        return self.verification.verdict

    @property
    def inputs_checked(self) -> int:
        """Number of inputs on which they were compared."""
        return self.verification.inputs_checked

    @property
    def agreement(self) -> float:
        """Share of those inputs on which they agree at every position."""
        return self.verification.agreement

    @property
    def counterexample(self) -> Counterexample | None:
        """The smallest input on which they differ."""
        return self.verification.counterexample

    def __str__(self) -> str:
        text = self.partial if self.program is None else print_program(self.program, self.signature)
        edits = "".join(f"# edited: {edit}\n" for edit in self.edits)
        verdict = f"# {self.verdict.value}: {self.inputs_checked} inputs, agreement {self.agreement:.4f}\n"
        return f"{text}{edits}{verdict}"

    def _repr_html_(self) -> str:
        from inverse_tracr.decompile.notebook import decompilation_html

        return decompilation_html(self)
