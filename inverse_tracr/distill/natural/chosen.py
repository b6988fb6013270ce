"""First neurons of an MLP: those of many random ones that explain its outputs best together."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.neurons import Neurons, Regression
from inverse_tracr.distill.natural.solve import SMALLEST

LEAST_SHARE = 1e-2
"""Smallest share of the mean that a direction of the stream has in random reads."""

STEADY = 1e-6
"""Share of the largest variance of the stream that is added to all."""

USED_UP = 1e-9
"""Share of a feature's size that others leave of it, below which it is not chosen."""


def spread(lesson: Lesson, level: int, unit: Tensor, uniform_weight: float) -> Tensor:
    """The root [d_model, d_model] of the second moment of what the MLP is to read.

    That are the directions of the stream that predict best, linearly, what the teacher's neurons read; each
    counts by the square of what its neuron writes, in units of errors. Its trace is d_model.
    """
    school, teacher = lesson.school, lesson.teacher
    reads = torch.from_numpy(teacher.read[0, 0]).double()
    size = len(lesson.w_emb)
    own, joint = (torch.zeros(size, n, dtype=torch.double) for n in (size, len(reads)))
    for places, weight in ((school.taught, 1.0), (school.drawn, uniform_weight)):
        stream, read = lesson.stream[places].double(), school.residuals[level][places].double() @ reads.T
        stream, read = stream - stream.mean(dim=0), read - read.mean(dim=0)
        own += weight / len(stream) * stream.T @ stream
        joint += weight / len(stream) * stream.T @ read
    own.diagonal().add_(STEADY * float(own.diagonal().max()))
    directions = torch.linalg.solve(own, joint)
    heights = (torch.from_numpy(teacher.write[:, 0]).double() / unit[:, None]).square().sum(dim=0)
    sizes, axes = torch.linalg.eigh((directions * heights) @ directions.T)
    shares = (sizes / sizes.sum() * size).clamp_min(LEAST_SHARE)
    return ((axes * shares.sqrt()) @ axes.T).float()


def drawn(count: int, root: Tensor, regression: Regression, random: torch.Generator) -> Neurons:
    """Random neurons: normal numbers times `root` [d_model, d_model], kinks between two places."""
    read = root @ torch.randn(len(root), count, generator=random)
    first, second = torch.randint(regression.own, (2, count), generator=random)
    share = torch.rand(count, 1, generator=random)
    kinks = torch.lerp(regression.inputs[first], regression.inputs[second], share)
    return Neurons(read, -(kinks * read.T).sum(dim=1))


def chosen(pool: Neurons, regression: Regression, count: int, ridge: float) -> Neurons:
    """`count` neurons of a pool, one after the other the one with which the best output matrix leaves least
    error (orthogonal least squares: Chen, Billings and Luo, 1989).
    """
    inputs, outputs = regression.scaled()
    exact = (inputs @ pool.with_one()).relu_().double()
    square, right = exact.T @ exact, exact.T @ outputs.double()
    square.diagonal().add_(ridge + SMALLEST * float(square.diagonal().max()))
    left = square.diagonal().clone()
    least = USED_UP * left
    factor = torch.zeros(len(left), count + 1, dtype=torch.double)
    taken: list[int] = []
    for number in range(count + 1):
        gains = (right.square().sum(dim=1) / left).where(left > least, -1.0)
        gains[taken] = -1
        best = int(gains.argmax()) if number else len(left) - 1
        size = math.sqrt(float(left[best]))
        column = (square[:, best] - factor[:, :number] @ factor[best, :number]) / size
        factor[:, number] = column
        left = (left - column.square()).clamp_min(torch.finfo(torch.double).tiny)
        right = right - column[:, None] * (right[best] / size)
        taken.append(best)
    kept = torch.tensor(taken[1:])
    return Neurons(pool.read[:, kept].contiguous(), pool.bias[kept].contiguous())
