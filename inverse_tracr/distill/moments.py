"""Moments of the teachers' residual streams and of what reads them: all that alignment needs of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inverse_tracr.compile.emit import COLDNESS
from inverse_tracr.distill.attention import Scope
from inverse_tracr.distill.forward import run_teachers
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.lessons import Lessons
from inverse_tracr.distill.stack import HalfStack, Stack
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.rasp import SelectorWidth

VOCABULARY, UNIFORM, OUTPUTS = 256, 96, 96
"""Inputs over the vocabulary, uniform residuals, and places of the output that moments are taken from."""

WIDTH_SCORES, AGGREGATE_SCORES, UNIFORM_SCORES = 3.0, 1.0, 0.05
"""Weight of errors of a score: a selector_width needs selected keys to weigh the same, an aggregate does not;
on uniform residuals patterns are as good as random."""

UNIFORM_VALUES = 0.5
"""Weight of errors of what heads move on uniform residuals, where patterns average over keys."""

STEEP = 20.0
"""Norm above which what a neuron reads is taken for a step of a ladder, which saturates."""


@dataclass(frozen=True)
class Moments:
    """C and K of every half-layer, `[students, half-layers, d_full, d_full]`.

    `vocabulary` on inputs over the vocabulary, `uniform` on uniform residuals; residuals at the output `last`
    [students, OUTPUTS, d_full] with their `targets`.
    """

    vocabulary: tuple[Tensor, Tensor]
    uniform: tuple[Tensor, Tensor]
    last: Tensor
    targets: Tensor
    categorical: Tensor


def measure(tasks: Sequence[Task], halves: Sequence[Sequence[Half]], teachers: Stack) -> Moments:
    """Run the teachers on inputs of their own streams and take the moments."""
    lessons = Lessons(teachers, 1, VOCABULARY, UNIFORM)
    for slot, (task, found) in enumerate(zip(tasks, halves, strict=True)):
        lessons.put(slot, task, found, task.random(Stream.ALIGNMENT))
    (batch,) = lessons.pages
    scope = Scope(batch.scope.keys, teachers.scale, teachers.causal)
    outputs, residuals = run_teachers(teachers, batch.residual, scope)
    score_weights = _score_weights(tasks, teachers)
    dims = torch.tensor(
        [2 * t.config.n_layers * t.config.d_model for t in tasks], device=teachers.scale.device
    )
    moments: list[tuple[Tensor, ...]] = []
    for half, residual, output, weights in zip(
        teachers.halves, residuals, outputs, score_weights, strict=False
    ):
        if output is None:
            continue
        seen = _second_moment(residual, batch.weights[:, 0])
        drawn = _second_moment(residual, batch.weights[:, 1])
        if half.shape.matrices == 1:
            reads = _mlp_reads(half)
            loose = _mlp_uniform_reads(half, residual, batch.weights[:, 1])
        else:
            reads = _head_reads(half, teachers.scale, seen, weights, torch.ones_like(weights))
            loose = _head_reads(
                half,
                teachers.scale,
                drawn,
                torch.full_like(weights, UNIFORM_SCORES),
                torch.full_like(weights, UNIFORM_VALUES),
            )
        moments.append((seen, reads, drawn, loose / dims[:, None, None]))
    seen, reads, drawn, loose = (torch.stack(part, dim=1) for part in zip(*moments, strict=True))
    last, targets = _output_places(tasks, residuals[-1], batch.targets, batch.weights[:, 2])
    flags = torch.tensor([t.categorical for t in tasks], device=last.device)
    return Moments((seen, reads), (drawn, loose), last, targets, flags)


def _second_moment(residual: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of x xᵀ, [students, d_full, d_full]."""
    return torch.bmm(residual * weights[:, None], residual.transpose(1, 2))


def _gram(reads: Tensor) -> Tensor:
    return torch.bmm(reads, reads.transpose(1, 2))


def _mlp_reads(half: HalfStack) -> Tensor:
    """Neurons count the same, whatever the slope at which they read."""
    reads = half.read.transpose(1, 2)
    return _gram(reads / reads.norm(dim=1, keepdim=True).clamp_min(1e-6))


def _mlp_uniform_reads(half: HalfStack, residual: Tensor, weights: Tensor) -> Tensor:
    """What errors of uniform residuals do to the output: common errors of the active neurons add up."""
    reads = half.read.transpose(1, 2)
    norm = reads.norm(dim=1, keepdim=True).clamp_min(1e-6)
    reads = torch.where(norm > STEEP, 0.5 * reads / norm, reads)
    active = ((torch.bmm(half.read, residual) > 0) * weights[:, None]).sum(dim=2)[:, None]
    together = torch.bmm(reads * active, half.write.transpose(1, 2))
    alone = reads * (active * (1 - active)).clamp_min(0).sqrt() * half.write.norm(dim=1)[:, None]
    return _gram(together) + _gram(alone)


def _head_reads(
    half: HalfStack, scale: Tensor, second: Tensor, score_weights: Tensor, value_weights: Tensor
) -> Tensor:
    """Scores (in units of a selected key's) against the other side's residuals, and values."""
    root = _root(second)
    total = torch.zeros_like(second)
    matrices = half.read.view(len(scale), half.shape.heads, 3, half.shape.size, -1)
    for head in range(half.shape.heads):
        query, key, value = matrices[:, head].unbind(1)
        scores = torch.bmm(query.transpose(1, 2), key) * (scale / COLDNESS)[:, None, None]
        weight = score_weights[:, head, None, None]
        total = total + _gram(weight * torch.bmm(scores, root))
        total = total + _gram(weight * torch.bmm(scores.transpose(1, 2), root))
        total = total + _gram(value_weights[:, head, None, None] * value.transpose(1, 2))
    return total


def _root(second: Tensor) -> Tensor:
    """Square root of a positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh(second)
    return torch.bmm(vectors * values.clamp_min(0).sqrt()[:, None], vectors.transpose(1, 2))


def _score_weights(tasks: Sequence[Task], teachers: Stack) -> list[Tensor]:
    """Weight of the scores of every head of every half-layer, [students, heads]."""
    weights = [
        torch.full((len(tasks), half.shape.heads), AGGREGATE_SCORES, device=teachers.scale.device)
        for half in teachers.halves
    ]
    for slot, task in enumerate(tasks):
        plan = task.compiled.plan
        for position, (layer, head) in plan.heads.items():
            if isinstance(plan.program.lines[position], SelectorWidth):
                weights[2 * layer][slot, head] = WIDTH_SCORES
    return weights


def _output_places(
    tasks: Sequence[Task], residual: Tensor, targets: Tensor, asked: Tensor
) -> tuple[Tensor, Tensor]:
    """Residuals and targets at `OUTPUTS` places with a target, drawn with replacement."""
    chosen: list[Tensor] = []
    for slot, task in enumerate(tasks):
        places = asked[slot].nonzero()[:, 0]
        random = task.random(Stream.ALIGNMENT)
        picks = torch.from_numpy(random.integers(0, len(places), size=OUTPUTS)).to(places.device)
        chosen.append(places[picks])
    index = torch.stack(chosen)
    last = residual.gather(2, index[:, None].expand(-1, residual.shape[1], -1)).transpose(1, 2)
    return last.contiguous(), targets.gather(1, index)
