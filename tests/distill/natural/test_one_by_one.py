from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from inverse_tracr.distill import COMPRESSED, NATURAL, Reason, Recipe, Teacher, distill, driver, one_by_one
from inverse_tracr.distill import judge as judging
from inverse_tracr.distill.fleet import Trainee
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.judge import Judgement
from inverse_tracr.distill.natural import Trained
from inverse_tracr.distill.teacher import Task

LIGHT = replace(NATURAL, halves=HalfByHalf(sequences=200, uniform=64))
ONCE = HalfByHalf(sequences=200, uniform=64, attempts=1)


def test_copies_are_students_from_other_first_weights(teachers: list[Teacher]) -> None:
    (student,) = distill(teachers[1:2], replace(LIGHT, copies=1), seed=0)
    first, second = (checkpoint.weights.W_in for checkpoint in student.checkpoints)
    assert student.reason is Reason.ACCEPTED
    assert not np.allclose(first, second, atol=0.1)
    (alone,) = distill(teachers[1:2], LIGHT, seed=0)
    assert alone.checkpoints[0].weights.W_in.tobytes() in {first.tobytes(), second.tobytes()}


def test_an_error_in_training_rejects_that_student_alone(
    teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = one_by_one.train_halves

    def fails(task: Task, teacher: Sequence[Half], options: HalfByHalf) -> Trained | None:
        if task.teacher.item == 1:
            raise RuntimeError("not positive-definite")
        return train(task, teacher, options)

    monkeypatch.setattr(one_by_one, "train_halves", fails)
    first, second = distill([teachers[1], teachers[2]], LIGHT, seed=0)
    assert (first.reason, first.judgement, first.accepted) == (Reason.FAILED, None, False)
    assert second.reason is not Reason.FAILED


def test_an_error_in_a_fleet_rejects_the_student_that_it_comes_from(
    teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = driver._begin  # pyright: ignore[reportPrivateUsage]

    def fails(tasks: Sequence[Task], recipe: Recipe, device: torch.device) -> list[Trainee]:
        if any(task.teacher.item == 1 for task in tasks):
            raise RuntimeError("not positive-definite")
        return begin(tasks, recipe, device)

    monkeypatch.setattr(driver, "_begin", fails)
    found = {student.item: student.reason for student in distill(teachers[:2], COMPRESSED, seed=0)}
    assert found == {0: Reason.ACCEPTED, 1: Reason.FAILED}


def test_a_student_without_hope_is_given_up(teachers: list[Teacher]) -> None:
    strict = HalfByHalf(sequences=200, uniform=64, own_loss=1e-9)
    (student,) = distill(teachers[:1], replace(NATURAL, halves=strict), seed=0)
    assert (student.reason, student.judgement, student.checkpoints) == (Reason.HOPELESS, None, ())


def test_a_student_rejected_for_its_loss_is_looked_at_on_few_inputs(
    teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    (taken,) = distill(teachers[1:2], LIGHT, seed=0)
    monkeypatch.setattr(judging, "MOST_LOSS", 1e-9)
    monkeypatch.setattr(judging, "REJECTED_INPUTS", 3)
    (turned_down,) = distill(teachers[1:2], replace(LIGHT, halves=ONCE), seed=0)
    assert taken.judgement is not None
    assert turned_down.judgement is not None
    assert turned_down.reason is Reason.LOSS
    assert turned_down.judgement.loss == taken.judgement.loss
    assert (taken.judgement.inputs, turned_down.judgement.inputs) == (2 + 4 + 8 + 16, 2 + 2 + 3 + 3)


@pytest.mark.parametrize(
    ("verdicts", "copies", "enough"),
    [
        ([Judgement(0.01, 0.1, 1.0, 1.0, 9)], 0, True),
        ([Judgement(0.01, 0.1, 1.0, 1.0, 9)], 1, False),
        ([Judgement(0.01, 0.1, 0.9, 0.99, 9)], 0, True),
        ([Judgement(0.06, 0.1, 1.0, 1.0, 9)], 0, False),
        ([Judgement(0.09, 0.1, 1.0, 1.0, 9)], 0, True),
        ([Judgement(0.01, 0.1, 0.1, 0.5, 9)], 0, True),
        ([Judgement(9.0, 0.1, 1.0, 1.0, 9)], 0, True),
        ([Judgement(0.06, 0.1, 1.0, 1.0, 9)] * 2, 0, True),
    ],
)
def test_attempts_end(verdicts: list[Judgement], copies: int, enough: bool) -> None:
    assert one_by_one.is_enough(verdicts, HalfByHalf(attempts=2), copies) is enough
