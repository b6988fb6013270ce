"""Batches to learn from: inputs over the vocabulary, uniform random residuals, and the teachers' outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.attention import MASKED, Scope
from inverse_tracr.distill.forward import Outputs, run_teachers
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.stack import Stack
from inverse_tracr.distill.teacher import Task
from inverse_tracr.distill.truth import NO_VALUE, targets_of

FULL_LENGTH = 0.5
"""Share of the inputs over the vocabulary that have full length; the rest have any."""


@dataclass(frozen=True)
class Draw:
    """Inputs of one student: `residual` [positions, sequences, d_full] before the first half-layer, `length`
    [sequences] with BOS, `targets` [positions, sequences] (NaN where nothing is asked).

    The first `vocabulary` sequences are over the vocabulary, the others uniform residuals of full length.
    """

    residual: NDArray[np.float32]
    length: NDArray[np.int64]
    targets: NDArray[np.float32]
    vocabulary: int


def draw(task: Task, random: np.random.Generator, vocabulary: int, uniform: int) -> Draw:
    """Draw `vocabulary` inputs over the vocabulary and `uniform` random residuals."""
    n_ctx, d_full = task.config.n_ctx, task.config.d_model
    longest = n_ctx - 1
    length = np.full(vocabulary + uniform, longest)
    short = random.random(vocabulary) >= FULL_LENGTH
    length[:vocabulary] = np.where(short, random.integers(1, longest + 1, size=vocabulary), longest)
    tokens = random.integers(0, len(task.signature.vocab), size=(vocabulary, longest))
    residual = np.zeros((n_ctx, vocabulary + uniform, d_full), dtype=np.float32)
    residual[:, vocabulary:] = random.random((n_ctx, uniform, d_full), dtype=np.float32)
    targets = np.full((n_ctx, vocabulary + uniform), np.nan, dtype=np.float32)
    for n in np.unique(length[:vocabulary]):
        where = np.flatnonzero(length[:vocabulary] == n)
        residual[: n + 1, where] = embed(task, tokens[where, :n])
        targets[1 : n + 1, where] = targets_of(task, tokens[where, :n]).T
    return Draw(residual, length + 1, targets, vocabulary)


def embed(task: Task, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
    """The teacher's residual stream [positions, inputs, d_full] before the first half-layer, BOS first."""
    weights, encoder = task.compiled.weights, task.compiled.input_encoder
    rows = np.array([encoder.row(token) for token in task.signature.vocab])
    ids = np.concatenate([np.full((len(tokens), 1), encoder.bos), rows[tokens]], axis=1).T
    return weights.W_E[ids] + weights.W_pos[: len(ids), None]


@dataclass(frozen=True)
class Batch:
    """What every student of a stack sees in one step.

    `residual` [students, d_full, places]; `targets` [students, places]; `weights` [students, 3, places] of
    the places of vocabulary inputs, of uniform residuals and of those with a target: each sums to 1 for a
    student. `outputs`: what the teachers' half-layers write, [students, rows, places].
    """

    residual: Tensor
    scope: Scope
    targets: Tensor
    weights: Tensor
    outputs: list[Tensor | None]


class Lessons:
    """Pages of batches for a stack of students; a slot's are drawn anew when a student enters it.

    The teachers' half-layers are stacked in `teachers`.
    """

    def __init__(
        self, teachers: Stack, pages: int, vocabulary: int, uniform: int, random_targets: bool = False
    ) -> None:
        self.teachers = teachers
        self._sizes = (vocabulary, uniform)
        self._random_targets = random_targets
        shape, students = teachers.shape, teachers.students
        sequences = vocabulary + uniform
        places = shape.n_ctx * sequences
        device = teachers.scale.device

        def zeros(*sizes: int) -> Tensor:
            return torch.zeros(students, *sizes, device=device)

        self.pages = [
            Batch(
                zeros(shape.d_full, places),
                Scope(zeros(shape.n_ctx, sequences), teachers.scale, teachers.causal),
                zeros(places),
                zeros(3, places),
                [zeros(half.rows, places) if half.rows else None for half in shape.halves],
            )
            for _ in range(pages)
        ]

    def put(self, slot: int, task: Task, halves: Sequence[Half], random: np.random.Generator) -> None:
        """Draw the lessons of a student and write them over slot `slot`."""
        self.teachers.put(slot, task, halves, task.config.d_head)
        vocabulary, uniform = self._sizes
        teacher = Stack.alone(
            self.teachers.shape, task, halves, task.config.d_head, self.teachers.scale.device
        )
        for page in self.pages:
            drawn = draw(task, random, vocabulary, uniform)
            alone = lesson(task, teacher, drawn)
            page.residual[slot] = alone.residual[0]
            page.scope.keys[slot] = alone.scope.keys[0]
            page.targets[slot] = alone.targets[0]
            page.weights[slot] = alone.weights[0]
            for mine, found in zip(page.outputs, alone.outputs, strict=True):
                if mine is not None and found is not None:
                    mine[slot] = found[0]
            if self._random_targets:
                self._ask_randomly(page, slot, task)

    def _ask_randomly(self, page: Batch, slot: int, task: Task) -> None:
        """Take the teacher's own outputs on uniform residuals as targets, and on nothing else."""
        scope = Scope(page.scope.keys, self.teachers.scale, self.teachers.causal)
        _, residuals = run_teachers(self.teachers, page.residual, scope)
        logits = torch.bmm(self.teachers.unembed, residuals[-1])[slot, : task.config.d_vocab_out]
        said = logits.argmax(dim=0).float() if task.categorical else logits[0]
        page.targets[slot] = said
        page.weights[slot, 2] = page.weights[slot, 1]


def lesson(task: Task, teacher: Stack, drawn: Draw) -> Batch:
    """The batch of one student alone, padded as `teacher` is, the stack of its teacher alone."""
    n_ctx, sequences, d_full = drawn.residual.shape
    shape, device = teacher.shape, teacher.scale.device
    residual = np.zeros((shape.d_full, shape.n_ctx, sequences), dtype=np.float32)
    residual[:d_full, :n_ctx] = drawn.residual.transpose(2, 0, 1)
    there = np.arange(shape.n_ctx)[:, None] < drawn.length
    keys = np.where(there, 0.0, MASKED).astype(np.float32)
    targets = np.full((shape.n_ctx, sequences), np.nan, dtype=np.float32)
    targets[:n_ctx] = drawn.targets
    asked = ~np.isnan(targets) & ((targets != NO_VALUE) | (not task.categorical))
    uniform = np.arange(sequences) >= drawn.vocabulary
    weights = np.stack([_share(there & ~uniform), _share(there & uniform), _share(asked)])

    def on_device(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(device)[None]

    scope = Scope(on_device(keys), teacher.scale, teacher.causal)
    inputs = on_device(residual).view(1, shape.d_full, -1)
    with torch.no_grad():
        outputs, _ = run_teachers(teacher, inputs, scope)
    return Batch(
        inputs,
        scope,
        on_device(np.nan_to_num(targets)).view(1, -1),
        on_device(weights).view(1, 3, -1),
        _known(outputs),
    )


def _known(outputs: Outputs) -> list[Tensor | None]:
    return list(outputs)


def _share(where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 over the number of places at each of them."""
    return (where / max(1, np.count_nonzero(where))).astype(np.float32)
