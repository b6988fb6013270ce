"""Where W_emb begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.held import Array, Basis
from inverse_tracr.distill.moments import VANISHING, Moments
from inverse_tracr.distill.recipe import Recipe, Start
from inverse_tracr.distill.stack import Stack
from inverse_tracr.distill.teacher import Stream, Task

MEANS = 1
"""Directions of uniform residuals that are made room for before what is read without need."""

LEAST = 1e-5
"""Share of the largest second moment from which a direction counts."""

OUTPUT_DIRECTIONS = 3
"""Directions of the output that a subspace makes room for."""


def first_w_emb(
    recipe: Recipe, tasks: Sequence[Task], teachers: Stack, moments: Moments | None, bases: Sequence[Basis]
) -> Tensor:
    """W_emb before training, [students, d_model, d_full], padded with zeros.

    Each student's comes from the item's own random numbers. `moments`, and `bases`, what each holds, are
    needed for `Start.SUBSPACE`.
    """
    shape = teachers.shape
    w_emb = np.zeros((len(tasks), shape.d_model, shape.d_full), dtype=np.float32)
    for slot, task in enumerate(tasks):
        random = task.random(Stream.WEIGHTS)
        sizes = (task.d_model, task.config.d_model)
        match recipe.start:
            case Start.NORMAL:
                found = recipe.start_scale * random.standard_normal(sizes)
            case Start.IDENTITY:
                found = np.eye(*sizes) + recipe.start_scale * random.standard_normal(sizes)
            case Start.SUBSPACE:
                assert moments is not None
                found = _subspace(task, random, moments, slot, bases[slot])
        w_emb[slot, : sizes[0], : sizes[1]] = found
    return torch.from_numpy(w_emb).to(teachers.scale.device)


def _subspace(task: Task, random: np.random.Generator, moments: Moments, slot: int, basis: Basis) -> Array:
    """Orthonormal rows: what is held, then what is read most of where residuals go, or, where all of that is
    held, what counts most for uniform residuals: their means, then what half-layers read.
    """

    def part(moment: Tensor) -> Array:
        size = task.config.d_model
        return moment[:size, :size].double().cpu().numpy()

    sizes, directions = np.linalg.eigh(part(moments.span[slot]))
    reached = directions[:, sizes > VANISHING * sizes[-1]]
    inside = reached @ reached.T
    drawn, effects = (part(m[slot].sum(dim=0)) for m in moments.uniform)
    reads = part(moments.vocabulary[1][slot].sum(dim=0)) + _output_reads(task, random)
    wanted = [(drawn, MEANS), (effects, task.d_model)]
    if not basis.exact:
        wanted = [(inside @ reads @ inside, task.d_model), *wanted]
    rows = basis.rows
    for moment, most in wanted:
        seen = basis.outside @ moment @ basis.outside
        rows = np.concatenate(
            [rows, _best(seen, rows[len(basis.rows) :], min(most, task.d_model - len(rows)))]
        )
    padded = np.zeros((task.d_model, task.config.d_model))
    padded[: len(rows)] = rows
    return padded


def _best(moment: Array, taken: Array, most: int) -> Array:
    """At most so many orthonormal rows, orthogonal to those taken, in which `moment` is largest."""
    outside = np.eye(moment.shape[0]) - taken.T @ taken
    sizes, vectors = np.linalg.eigh(outside @ moment @ outside)
    count = min(max(most, 0), int((sizes > LEAST * sizes[-1]).sum()))
    return vectors[:, ::-1][:, :count].T


def _output_reads(task: Task, random: np.random.Generator) -> np.ndarray:
    """A few random directions among the output's dimensions, and a little of all of them."""
    w_u = task.compiled.weights.W_U.astype(np.float64)
    columns = w_u.shape[1]
    few = min(OUTPUT_DIRECTIONS, max(1, columns - 1))
    chosen, _ = np.linalg.qr(random.standard_normal((columns, few)))
    return (w_u @ chosen) @ (w_u @ chosen).T + 1e-3 * w_u @ w_u.T
