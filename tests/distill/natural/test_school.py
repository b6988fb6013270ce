from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inverse_tracr.distill import NATURAL, Teacher
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import teacher_halves
from inverse_tracr.distill.natural.school import School, enrol
from inverse_tracr.distill.teacher import Stream, Task

OPTIONS = HalfByHalf(sequences=40, uniform=8)


def school_of(teacher: Teacher) -> tuple[Task, School]:
    task = Task.of(teacher, NATURAL, seed=0)
    return task, enrol(task, teacher_halves(task), OPTIONS, task.random(Stream.TRAINING))


@pytest.mark.parametrize("causal", [False, True])
def test_residuals_grow_by_what_the_teacher_writes(causal: bool, teachers: list[Teacher]) -> None:
    signature = replace(teachers[0].signature, causal=causal)
    task, school = school_of(replace(teachers[0], signature=signature))
    for level, half in enumerate(teacher_halves(task)):
        expected = school.residuals[level].clone()
        written = school.outputs[level]
        if written is not None:
            expected[..., half.dims] += written
        torch.testing.assert_close(school.residuals[level + 1], expected)
        for pattern in school.patterns[level]:
            torch.testing.assert_close(pattern.sum(dim=-1), torch.ones(school.there.shape))
            absent = ~school.there[:, None].expand_as(pattern)
            assert float(pattern[absent].sum()) == 0
            if causal:
                assert float(pattern.triu(1).sum()) == 0


def test_inputs_hold_rare_counts_and_uniform_residuals(teachers: list[Teacher]) -> None:
    task, school = school_of(teachers[1])
    assert school.over_vocabulary.tolist() == [True] * 40 + [False] * 8
    assert bool(school.there[40:].all())
    embedded = school.residuals[0][:2, 1:, : task.config.d_vocab]
    assert np.ptp(embedded.numpy(), axis=1).max() == 0  # the first two repeat one token
    assert 0.4 < float(school.residuals[0][40:].mean()) < 0.6
    assert len(set(school.there.sum(dim=1).tolist())) > 2
