"""Whether a student that is half trained can still be accepted, by what its half-layers have lost so far."""

from __future__ import annotations

from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.bearing import loss_share
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.teacher import Task


class Outlook:
    """The loss on uniform residuals of the half-layers trained so far, and what it is expected to become.

    `own` is what they add to the student's loss by themselves; later ones cannot take it back. `expected`
    counts also what later half-layers make of the errors of the last one.
    """

    def __init__(self, task: Task) -> None:
        self._share = loss_share(task)
        self.own = 0.0
        self.expected = 0.0

    def add(self, lesson: Lesson, written: Tensor) -> None:
        """A half-layer has been trained: it writes `written` [places of the school, d_full]."""
        school, teacher = lesson.school, lesson.teacher
        if teacher.silent:
            return
        drawn = school.drawn[school.there]
        errors = written[drawn][:, teacher.dims] - lesson.outputs()[school.drawn]
        squares = errors.square().mean(dim=0)
        self.expected = self.own + float((squares * lesson.importance).sum())
        self.own += self._share * float(squares.sum())

    def is_hopeless(self, options: HalfByHalf) -> bool:
        """Whether the student is to be given up."""
        return self.own > options.own_loss or self.expected > options.expected_loss
