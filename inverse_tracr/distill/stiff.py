"""Reads that bear no error: scores of selector widths and of means, steps, and what writes numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from inverse_tracr.compile.emit import COLDNESS
from inverse_tracr.distill.lessons import Batch
from inverse_tracr.distill.stack import HalfStack
from inverse_tracr.distill.teacher import Task
from inverse_tracr.rasp import Encoding, SelectorWidth


def stiff_reads(tasks: Sequence[Task], half: HalfStack, level: int, residual: Tensor, batch: Batch) -> Tensor:
    """Second moment [students, d_full, d_full] of what half-layer `level` reads and bears no error of.

    `residual` [students, d_full, places] is what it reads from; every read is in units of its usual size.
    """
    if half.shape.matrices == 1:
        return _steps(tasks, half)
    within, seen = _moments(residual, batch)
    students, _, d_full = half.read.shape
    total = torch.zeros(students, d_full, d_full, device=residual.device)
    heads = half.read.view(students, half.shape.heads, 3, half.shape.size, d_full)
    for slot, task in enumerate(tasks):
        for head in _numerical_heads(task, level // 2):
            query, key, value = heads[slot, head]
            scores = query.T @ key * (task.config.d_head**-0.5 / COLDNESS)
            total[slot] += scores @ within[slot] @ scores.T + scores.T @ seen[slot] @ scores
            total[slot] += value.T @ value
    return total


def _numerical_heads(task: Task, layer: int) -> list[int]:
    """Heads of a layer whose weights over keys become numbers."""
    plan = task.compiled.plan
    lines = plan.program.lines
    return [
        head
        for position, (own, head) in plan.heads.items()
        if own == layer and (isinstance(lines[position], SelectorWidth) or position in numerical_lines(task))
    ]


def numerical_lines(task: Task) -> frozenset[int]:
    """Lines that hold a number in one dimension."""
    plan = task.compiled.plan
    lines = range(len(plan.program.lines))
    return frozenset(line for line in lines if plan.program.encoding(line) is Encoding.NUMERICAL)


def _steps(tasks: Sequence[Task], half: HalfStack) -> Tensor:
    """Neurons that read a number, in units of a step's height at the finest gap of numbers."""
    students, _, d_full = half.read.shape
    total = torch.zeros(students, d_full, d_full, device=half.read.device)
    for slot, task in enumerate(tasks):
        numbers = _numbers(task)
        read = half.read[slot]
        sizes = read[:, numbers].abs().amax(dim=1) if numbers else torch.zeros(len(read))
        rows = read[sizes > 0] / sizes[sizes > 0, None]
        total[slot] = rows.T @ rows
    return total


def _numbers(task: Task) -> list[int]:
    """Residual dimensions that hold numbers."""
    plan = task.compiled.plan
    found = [int(plan.dims[line][0]) for line in numerical_lines(task) if line in plan.dims]
    return sorted({*found, *plan.scratch.values()})


def _moments(residual: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Second moments over vocabulary inputs: of differences within a sequence, and of everything."""
    students, d_full, _ = residual.shape
    positions, sequences = batch.scope.positions, batch.scope.sequences
    weights = batch.weights[:, 0]
    there = (weights > 0).view(students, 1, positions, sequences).float()
    own = residual.view(students, d_full, positions, sequences)
    mean = (own * there).sum(dim=2, keepdim=True) / there.sum(dim=2, keepdim=True).clamp_min(1)
    inside = ((own - mean) * there).reshape(residual.shape)
    return _second(inside, weights), _second(residual, weights)


def _second(residual: Tensor, weights: Tensor) -> Tensor:
    return torch.bmm(residual * weights[:, None], residual.transpose(1, 2))
