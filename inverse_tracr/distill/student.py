"""What distillation gives back."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from inverse_tracr.distill.judge import Judgement
from inverse_tracr.model import TransformerProgram, Weights


class Reason(enum.Enum):
    """Why a student was taken or not."""

    ACCEPTED = "accepted"
    LOSS = "the held-out loss is above its bound"
    AGREEMENT = "too few positions are right"
    HOPELESS = "given up early: there was too little hope"
    CROWDED = "not tried: what must be read exactly leaves too few of the student's dimensions"
    DIVERGED = "the loss is no number"
    FAILED = "training ended in an error"
    UNCOMPILABLE = "the teacher cannot be compiled"


@dataclass(frozen=True)
class Checkpoint:
    """A folded student after `steps` steps of gradient descent, and what the judge found."""

    model: TransformerProgram
    steps: int
    judgement: Judgement

    @property
    def weights(self) -> Weights:
        """The folded parameters."""
        return self.model.weights()


@dataclass(frozen=True)
class Student:
    """A distilled student.

    `checkpoints` begins with the accepted student; the later ones that were asked for and accepted too
    follow. It is empty where no student was taken. `judgement` is None where there was none to judge.
    `core_seconds` is processor time, its share of what was done for many at once included.
    """

    item: int
    reason: Reason
    judgement: Judgement | None
    steps: int
    core_seconds: float
    checkpoints: tuple[Checkpoint, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether there is a student."""
        return self.reason is Reason.ACCEPTED

    @property
    def model(self) -> TransformerProgram:
        """The folded student; raises ValueError where none was taken."""
        if not self.checkpoints:
            raise ValueError(f"item {self.item} has no student: {self.reason.value}")
        return self.checkpoints[0].model
