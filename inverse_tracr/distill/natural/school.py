"""What one student learns from: inputs, and everything its teacher does on them.

Activations are laid out `[sequences, positions, features]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.attention import MASKED, Scope
from inverse_tracr.distill.forward import run_teachers
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.lessons import Draw, embed
from inverse_tracr.distill.stack import Stack, StackShape
from inverse_tracr.distill.teacher import Task
from inverse_tracr.distill.truth import targets_of

FULL_LENGTH = 0.5
"""Share of the inputs that have full length; the rest have any."""

FEW_TOKENS = 0.35
"""Share of the inputs that are made of one to three different tokens: large counts are rare in the others."""

ALL_EQUAL = 0.125
"""Largest share of the inputs that repeat one token."""


@dataclass(frozen=True)
class School:
    """Inputs of a student and its teacher's activations on them.

    `there` [sequences, positions]: where there is a token; `over_vocabulary` [sequences]: the others are
    uniform residuals. `mask` [sequences, 1 or positions, positions] is added to scores. `residuals[level]`
    [sequences, positions, d_full] before each half-layer and after the last; `outputs[level]` [sequences,
    positions, rows], None for a silent one; `patterns[level]`, of every head, [sequences, positions,
    positions].
    """

    there: Tensor
    over_vocabulary: Tensor
    mask: Tensor
    residuals: list[Tensor]
    outputs: list[Tensor | None]
    patterns: list[list[Tensor]]

    @cached_property
    def taught(self) -> Tensor:
        """Places of inputs over the vocabulary."""
        return self.there & self.over_vocabulary[:, None]

    @cached_property
    def drawn(self) -> Tensor:
        """Places of uniform residuals."""
        return self.there & ~self.over_vocabulary[:, None]


def enrol(task: Task, halves: Sequence[Half], options: HalfByHalf, random: np.random.Generator) -> School:
    """Draw inputs and run the teacher, whose half-layers are given, on them."""
    inputs = draw(task, options, random)
    positions, sequences, d_full = inputs.residual.shape
    stack = Stack.empty(StackShape.of([task], [halves]), 1, torch.device("cpu"))
    stack.put(0, task, halves, task.config.d_head)
    there = torch.from_numpy(np.arange(positions) < inputs.length[:, None])
    keys = torch.where(there, 0.0, MASKED)
    flat = torch.from_numpy(inputs.residual.transpose(2, 0, 1).reshape(1, d_full, -1).copy())

    def by_sequence(found: Tensor) -> Tensor:
        return found[0].view(-1, positions, sequences).permute(2, 1, 0).contiguous()

    with torch.no_grad():
        outputs, residuals = run_teachers(
            stack, flat, Scope(keys.T[None].contiguous(), stack.scale, stack.causal)
        )
    mask = keys[:, None]
    if task.config.causal:
        mask = mask + MASKED * torch.ones(positions, positions).triu(1)
    streams = [by_sequence(residual) for residual in residuals]
    return School(
        there,
        torch.arange(sequences) < inputs.vocabulary,
        mask,
        streams,
        [None if output is None else by_sequence(output) for output in outputs],
        [_patterns(task, half, stream, mask) for half, stream in zip(halves, streams, strict=False)],
    )


def draw(task: Task, options: HalfByHalf, random: np.random.Generator) -> Draw:
    """Inputs over the vocabulary, rare counts among them, and uniform residuals of full length."""
    positions, d_full = task.config.n_ctx, task.config.d_model
    count, longest, size = options.sequences, positions - 1, len(task.signature.vocab)
    length = np.where(random.random(count) < FULL_LENGTH, longest, random.integers(1, positions, size=count))
    tokens = random.integers(0, size, size=(count, longest))
    for row in np.flatnonzero(random.random(count) < FEW_TOKENS):
        few = random.choice(size, size=min(size, int(random.integers(1, 4))), replace=False)
        tokens[row] = few[random.integers(0, len(few), size=longest)]
    equal = min(size, round(ALL_EQUAL * count))
    tokens[:equal], length[:equal] = np.arange(equal)[:, None], longest
    residual = np.zeros((positions, count + options.uniform, d_full), dtype=np.float32)
    residual[:, count:] = random.random((positions, options.uniform, d_full), dtype=np.float32)
    targets = np.full(residual.shape[:2], np.nan, dtype=np.float32)
    for n in np.unique(length):
        where = np.flatnonzero(length == n)
        residual[: n + 1, where] = embed(task, tokens[where, :n])
        targets[1 : n + 1, where] = targets_of(task, tokens[where, :n]).T
    lengths = np.concatenate([length, np.full(options.uniform, longest)]) + 1
    return Draw(residual, lengths, targets, count)


def _patterns(task: Task, half: Half, stream: Tensor, mask: Tensor) -> list[Tensor]:
    if not half.attends or half.silent:
        return []
    found: list[Tensor] = []
    for query, key, _ in torch.from_numpy(half.read):
        scores = (stream @ query.T) @ (stream @ key.T).transpose(1, 2) * task.config.d_head**-0.5
        found.append((scores + mask).softmax(dim=-1))
    return found
