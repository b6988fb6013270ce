"""Moments of the teachers' residual streams and of what reads them: all that alignment needs of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.compile.emit import COLDNESS
from inverse_tracr.distill.attention import Scope
from inverse_tracr.distill.forward import run_teachers
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.lessons import Batch, Lessons
from inverse_tracr.distill.stack import HalfStack, Stack
from inverse_tracr.distill.stiff import stiff_reads
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.rasp import SelectorWidth

VOCABULARY, UNIFORM, OUTPUTS = 512, 96, 96
"""Inputs over the vocabulary, uniform residuals, and places of the output that moments are taken from."""

WIDTH_SCORES, AGGREGATE_SCORES, UNIFORM_SCORES = 3.0, 1.0, 0.05
"""Weight of errors of a score: a selector_width needs selected keys to weigh the same, an aggregate does not;
on uniform residuals patterns are as good as random."""

VANISHING = 1e-6
"""Share of the largest second moment below which residuals do not go in a direction."""


@dataclass(frozen=True)
class Moments:
    """C and K of every half-layer, `[students, half-layers, d_full, d_full]`.

    `vocabulary` on inputs over the vocabulary, `uniform` on uniform residuals; `stiff` [students, d_full,
    d_full] of the reads that bear no error; residuals at the output `last` [students, OUTPUTS, d_full] with
    their `targets`; `span` [students, d_full, d_full], the second moment of residuals anywhere.
    """

    vocabulary: tuple[Tensor, Tensor]
    uniform: tuple[Tensor, Tensor]
    stiff: Tensor
    span: Tensor
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
    with torch.no_grad():
        _, residuals = run_teachers(teachers, batch.residual, scope)
    effects = _uniform_effects(tasks, teachers, batch, scope)
    stiff = torch.zeros_like(effects[0])
    parts: list[tuple[Tensor, ...]] = []
    weights_of = _score_weights(tasks, teachers)
    for level, (half, residual, effect, weights) in enumerate(
        zip(teachers.halves, residuals, effects, weights_of, strict=False)
    ):
        if half.shape.rows == 0:
            continue
        seen = _second_moment(residual, batch.weights[:, 0])
        drawn = _second_moment(residual, batch.weights[:, 1])
        stiff = stiff + stiff_reads(tasks, half, level, residual, batch)
        if half.shape.matrices == 1:
            reads = _neuron_reads(half)
        else:
            reads = _score_reads(half, teachers.scale, seen, weights) + _value_reads(half)
            scores = _score_reads(half, teachers.scale, drawn, torch.full_like(weights, UNIFORM_SCORES))
            effect = effect + scores * _mean_over(tasks, teachers)
        parts.append((seen, reads, drawn, effect))
    seen, reads, drawn, effect = (torch.stack(part, dim=1) for part in zip(*parts, strict=True))
    for slot, task in enumerate(tasks):
        if not task.categorical:
            output = int(task.compiled.plan.dims[task.compiled.plan.program.output][0])
            stiff[slot, output, output] += 1
    last, targets = _output_places(tasks, residuals[-1], batch.targets, batch.weights[:, 2])
    flags = torch.tensor([t.categorical for t in tasks], device=last.device)
    span = seen.sum(dim=1) + _second_moment(residuals[-1], batch.weights[:, 0])
    return Moments((seen, reads), (drawn, effect), stiff, span, last, targets, flags)


def _uniform_effects(tasks: Sequence[Task], teachers: Stack, batch: Batch, scope: Scope) -> list[Tensor]:
    """What an error of a half-layer's input does, on uniform residuals, to all outputs from there on.

    The second moment, [students, d_full, d_full], of the gradient of the outputs in random directions.
    Patterns are held fixed: their gradients near a tie are as large as they are short-lived.
    """
    residual = _uniform_part(batch.residual, scope)
    alone = Scope(scope.keys[..., VOCABULARY:].contiguous(), scope.scale, scope.causal)
    probes = [torch.zeros_like(residual, requires_grad=True) for _ in teachers.halves]
    outputs, _ = run_teachers(teachers, residual, alone, probes)
    signs = np.random.default_rng(0)
    total = torch.zeros((), device=residual.device)
    for half, output in zip(teachers.halves, outputs, strict=True):
        if output is not None:
            shape = (len(residual), half.shape.rows, batch.residual.shape[2])
            drawn = torch.from_numpy(signs.integers(0, 2, size=shape, dtype=np.int8)).to(residual.device)
            total = total + (output * _uniform_part(drawn, scope).mul(2).sub(1)).sum()
    gradients = torch.autograd.grad(total, probes, allow_unused=True, materialize_grads=True)
    mean_over = _mean_over(tasks, teachers)
    return [_second_moment(_everywhere(g, scope), batch.weights[:, 1]) * mean_over for g in gradients]


def _uniform_part(places: Tensor, scope: Scope) -> Tensor:
    """Those of `places` [students, rows, places] that hold uniform residuals."""
    by_sequence = places.view(*places.shape[:2], scope.positions, scope.sequences)
    return by_sequence[..., VOCABULARY:].flatten(2)


def _everywhere(uniform: Tensor, scope: Scope) -> Tensor:
    """`uniform` [students, rows, places of uniform residuals] with zeros at all other places."""
    found = uniform.new_zeros(*uniform.shape[:2], scope.positions, scope.sequences)
    found[..., VOCABULARY:] = uniform.view(*uniform.shape[:2], scope.positions, -1)
    return found.flatten(2)


def _mean_over(tasks: Sequence[Task], teachers: Stack) -> Tensor:
    """1 / (half-layers × uncompressed dimensions), [students, 1, 1]."""
    counts = [2 * t.config.n_layers * t.config.d_model for t in tasks]
    return 1 / torch.tensor(counts, dtype=torch.float32, device=teachers.scale.device)[:, None, None]


def _second_moment(residual: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of x xᵀ, [students, d_full, d_full]."""
    return torch.bmm(residual * weights[:, None], residual.transpose(1, 2))


def _gram(reads: Tensor) -> Tensor:
    return torch.bmm(reads, reads.transpose(1, 2))


def _neuron_reads(half: HalfStack) -> Tensor:
    """Neurons count the same, whatever the slope at which they read."""
    reads = half.read.transpose(1, 2)
    return _gram(reads / reads.norm(dim=1, keepdim=True).clamp_min(1e-6))


def _score_reads(half: HalfStack, scale: Tensor, second: Tensor, weights: Tensor) -> Tensor:
    """Scores, in units of a selected key's, against the residuals of the other side; `weights` by head."""
    total = torch.zeros_like(second)
    for head, matrices in enumerate(_heads(half)):
        query, key, _ = matrices.unbind(1)
        scores = torch.bmm(query.transpose(1, 2), key) * (scale / COLDNESS * weights[:, head])[:, None, None]
        total = total + torch.bmm(torch.bmm(scores, second), scores.transpose(1, 2))
        total = total + torch.bmm(torch.bmm(scores.transpose(1, 2), second), scores)
    return total


def _value_reads(half: HalfStack) -> Tensor:
    return torch.stack([_gram(matrices[:, 2].transpose(1, 2)) for matrices in _heads(half)]).sum(dim=0)


def _heads(half: HalfStack) -> Sequence[Tensor]:
    """What each head reads, [students, 3, d_head, d_full]."""
    students, _, d_full = half.read.shape
    return half.read.view(students, half.shape.heads, 3, half.shape.size, d_full).unbind(1)


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
