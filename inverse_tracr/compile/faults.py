"""Why a compiled model and the interpreter may part."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class FaultKind(enum.Enum):
    """What goes wrong; docs/tracr-faults.md has an example of each."""

    MIXED_VALUES = "mixed values"
    PARTLY_NONE = "None among values"
    NONE_AS_NUMBER = "None as a number"
    NO_RESULT = "no result at a number"
    MISSING_THRESHOLD = "missing threshold"
    RAMP = "ramp of a ladder"
    CLIPPED = "negative numbers clipped"
    MERGED_CLEANING = "BOS cleaned twice"
    BOS_WRITTEN = "BOS written to"
    SOFTMAX_LEAK = "softmax leak"
    ROUNDING = "float32"
    FUSED_MAPS = "maps fused"

    __hash__ = object.__hash__


_SENTENCES = {
    FaultKind.MIXED_VALUES: "a query selects several values: RASP takes their mean, the weights mix them",
    FaultKind.PARTLY_NONE: "a query selects positions without a value too: the weights write a part",
    FaultKind.NONE_AS_NUMBER: "some position has no value, which the weights hold as the number 0",
    FaultKind.NO_RESULT: "the function has no value at some number; the weights write that of a neighbour",
    FaultKind.MISSING_THRESHOLD: "it reads a number that its value set does not know, and takes a neighbour",
    FaultKind.RAMP: "the numbers that it reads lie closer together than its steps are wide",
    FaultKind.CLIPPED: "ReLU clips the negative numbers that it gives",
    FaultKind.MERGED_CLEANING: "its layer holds several selector widths, and BOS is cleaned of it as often",
    FaultKind.BOS_WRITTEN: "its MLP writes at the BOS position too, where a head reads it",
    FaultKind.SOFTMAX_LEAK: "attention is not hard enough: what is not selected leaks in",
    FaultKind.ROUNDING: "its numbers are too large for its steps in float32",
    FaultKind.FUSED_MAPS: "a map below it gives values that are no numbers, which fusing passes on",
}


@dataclass(frozen=True)
class Fault:
    """A reason for which model and interpreter part on some input; `line` is a position in the program."""

    kind: FaultKind
    line: int
    name: str

    @property
    def sentence(self) -> str:
        """The fault in words."""
        return f"line {self.line + 1} ({self.name}): {_SENTENCES[self.kind]}"

    def __str__(self) -> str:
        return self.sentence
