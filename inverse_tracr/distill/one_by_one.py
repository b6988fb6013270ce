"""Natural students, each trained alone, half-layer by half-layer, and judged; several attempts at most."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from inverse_tracr.distill.folding import FoldError, folded_model
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import teacher_halves, uncompressed_weights
from inverse_tracr.distill.judge import LEAST_AGREEMENT, MOST_LOSS, Candidate, Judgement, judge
from inverse_tracr.distill.natural import train_halves
from inverse_tracr.distill.student import Checkpoint, Reason, Student
from inverse_tracr.distill.teacher import Task

PROMISING, NEAR = 0.8, 1.5
"""Share of positions right, and loss in units of its bound, up to which another attempt is made."""

MORE_UNIFORM = 4.0
"""Factor on the weight of uniform residuals in W_emb after an attempt whose loss alone was too large."""

FAILURES = (FoldError, RuntimeError, np.linalg.LinAlgError, ArithmeticError)
"""What numbers that grow beyond all bounds end in; PyTorch's errors of linear algebra are RuntimeErrors."""


def natural_student(task: Task, options: HalfByHalf, copies: int) -> Student:
    """The best of some attempts; `copies` more students that were accepted follow it."""
    started = time.process_time()
    found: list[Checkpoint] = []
    reason = Reason.FAILED
    for made in _attempts(task, options):
        if isinstance(made, Reason):
            reason = made
            break
        found.append(made)
        if is_enough([checkpoint.judgement for checkpoint in found], options, copies):
            break
    found.sort(key=_rank, reverse=True)
    spent = time.process_time() - started
    if not found:
        return Student(task.teacher.item, reason, None, 0, spent)
    verdict = found[0].judgement
    accepted = tuple(checkpoint for checkpoint in found if checkpoint.judgement.accepted)
    return Student(task.teacher.item, _reason(verdict), verdict, 0, spent, accepted[: copies + 1])


def _attempts(task: Task, options: HalfByHalf) -> Iterator[Checkpoint | Reason]:
    """Students of one teacher, each from other first weights, up to one that fails or is given up."""
    teacher = teacher_halves(task)
    while True:
        try:
            trained = train_halves(task, teacher, options)
            if trained is None:
                yield Reason.HOPELESS
                return
            weights = uncompressed_weights(task, trained.halves)
            model = folded_model(task, weights, trained.w_emb)
        except FAILURES:
            yield Reason.FAILED
            return
        candidate = Candidate(task, trained.halves, teacher, trained.w_emb)
        checkpoint = Checkpoint(model, 0, judge(candidate, model.weights()))
        yield checkpoint
        if checkpoint.judgement.loss > MOST_LOSS:
            options = replace(options, emb_uniform=MORE_UNIFORM * options.emb_uniform)
        task = task.again()


def is_enough(found: Sequence[Judgement], options: HalfByHalf, copies: int) -> bool:
    """Whether no further attempt is made: all that is wanted is there, or little is to be hoped for."""
    accepted = sum(judgement.accepted for judgement in found)
    hopeless = found[-1].positions < PROMISING or found[-1].loss > NEAR * MOST_LOSS
    return hopeless or len(found) >= options.attempts + copies or accepted > copies


def _rank(checkpoint: Checkpoint) -> tuple[bool, float]:
    return checkpoint.judgement.accepted, checkpoint.judgement.agreement


def _reason(verdict: Judgement) -> Reason:
    if verdict.accepted:
        return Reason.ACCEPTED
    return Reason.AGREEMENT if verdict.positions < LEAST_AGREEMENT else Reason.LOSS
