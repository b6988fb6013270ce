"""An attention half-layer of a natural student: patterns first, then what is moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import bearable, gaps, heard
from inverse_tracr.distill.natural.heads import Form, rarity, taught_on_uniform, train_form
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.solve import Gram, as_product, with_one
from inverse_tracr.distill.natural.uniform import Uniform, refit
from inverse_tracr.distill.teacher import Task

PATIENCE = 0.2
"""Error of a pattern, in units of what readers of the outputs bear, that is let pass."""

CALMED_BY = 300
"""Places between which first scores are compared."""


@dataclass(frozen=True)
class Moved:
    """What the heads move to each place, before values: `streams` [heads][places, d_model]."""

    streams: list[Tensor]
    values: list[Tensor]
    biases: Tensor

    def features(self) -> Tensor:
        """[places, heads × d_head + 1]."""
        parts = [s @ v + b for s, v, b in zip(self.streams, self.values, self.biases, strict=True)]
        return with_one(torch.cat(parts, dim=1))


def train_attention(
    task: Task, level: int, lesson: Lesson, options: HalfByHalf, random: torch.Generator
) -> tuple[Half, Tensor]:
    """The trained half-layer and what it writes at the places of the school, [places, d_full]."""
    school, stream = lesson.school, lesson.stream
    read, bias = lesson.first_read()
    streams: list[Tensor] = []
    for head in range(len(read)):
        if head < len(school.patterns[level]):
            first = read[head, 0], read[head, 1]
            form = _trained(task, level, head, first, bias[head, 0], lesson, options, random)
            read[head, 0], read[head, 1], bias[head, 0] = form.factors(first, stream[school.taught])
            bias[head, 1] = -form.mean @ read[head, 1]
        scores = (stream @ read[head, 0] + bias[head, 0]) @ (
            stream @ read[head, 1] + bias[head, 1]
        ).transpose(1, 2)
        pattern = (scores * task.d_head**-0.5 + school.mask).softmax(dim=-1)
        streams.append((pattern @ stream)[school.there])
    moved = Moved(streams, [read[head, 2].clone() for head in range(len(read))], bias[:, 2])
    write = _written(task, level, moved, lesson, options)
    for head, value in enumerate(moved.values):
        read[head, 2] = value
    d_full = task.config.d_model
    half = Half(
        lesson.lifted(read),
        bias.numpy(),
        np.ascontiguousarray(write[:-1].T.reshape(d_full, len(read), -1).numpy()),
        write[-1].numpy(),
        np.arange(d_full),
    )
    return half, moved.features() @ write


def _trained(
    task: Task,
    level: int,
    head: int,
    first: tuple[Tensor, Tensor],
    bias: Tensor,
    lesson: Lesson,
    options: HalfByHalf,
    random: torch.Generator,
) -> Form:
    """Scores of a head of the teacher too, from `first` queries and keys and the queries' `bias`."""
    school = lesson.school
    start = Form.of(*first, bias, lesson.stream[school.taught][:CALMED_BY])
    query = torch.from_numpy(lesson.teacher.read[head, 0])
    weights = rarity(school.residuals[level][school.taught] @ query.T, school)
    bears = PATIENCE * float(bearable(task, level)[lesson.teacher.dims].min())
    pattern = school.patterns[level][head]
    share = heard(task, lesson.outputs()[school.drawn], lesson.importance, options.followed)
    weights = taught_on_uniform(weights, school, share, options)
    return train_form(start, lesson.stream, school, pattern, weights, bears, options, random)


def _written(task: Task, level: int, moved: Moved, lesson: Lesson, options: HalfByHalf) -> Tensor:
    """W_O with b_O as its last row, [heads × d_head + 1, d_full]; `moved.values` change with it.

    What a half-layer moves is a linear map of what its heads attend to, which is solved for; values change by
    the least that makes them and W_O that map.
    """
    school, teacher = lesson.school, lesson.teacher
    d_full = task.config.d_model
    write = torch.zeros(moved.features().shape[1], d_full)
    if teacher.silent:
        return write
    outputs = lesson.outputs()[school.there]
    taught = school.over_vocabulary[:, None].expand_as(school.there)[school.there]
    resolution = torch.from_numpy(task.resolution)[teacher.dims]
    gap = gaps(task, teacher, outputs)
    weights = (resolution / gap).amax(dim=1).square().clamp(0.01, 100) / taught.sum()
    heads = len(school.patterns[level])
    attended = with_one(torch.cat(moved.streams[:heads], dim=1))
    own, uniform = attended[taught], attended[~taught]
    bears = bearable(task, level)[teacher.dims]
    found = refit(
        Gram.of(own, outputs[taught], weights[taught]),
        Uniform(uniform, outputs[~taught], torch.full((len(uniform),), 1 / len(uniform)), lesson.importance),
        lambda write: ((own @ write - outputs[taught]) / gap[taught] / bears).abs(),
        options,
    )
    size = moved.values[0].shape[1]
    for head, wanted in enumerate(found[:-1].chunk(heads)):
        seen = moved.streams[head][taught].double()
        moved.values[head], out = as_product(moved.values[head], wanted, seen.T @ seen / len(seen))
        write[size * head : size * (head + 1), teacher.dims] = out
    biases = torch.cat([*moved.biases, torch.zeros(1)])
    write[-1, teacher.dims] = found[-1] - biases[:-1] @ write[:-1, teacher.dims]
    return write
