"""Where W_emb begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.held import Array
from inverse_tracr.distill.moments import VANISHING, Moments
from inverse_tracr.distill.recipe import Recipe, Start
from inverse_tracr.distill.stack import Stack
from inverse_tracr.distill.teacher import Stream, Task

OUTPUT_DIRECTIONS = 3
"""Directions of the output that a subspace makes room for."""


def first_w_emb(
    recipe: Recipe, tasks: Sequence[Task], teachers: Stack, moments: Moments | None, held: Sequence[Array]
) -> Tensor:
    """W_emb before training, [students, d_model, d_full], padded with zeros.

    Each student's comes from the item's own random numbers. `moments`, and the first rows of each, `held`,
    are needed for `Start.SUBSPACE`.
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
                found = _subspace(task, random, *_moments_of(moments, slot, sizes[1]), held[slot])
        w_emb[slot, : sizes[0], : sizes[1]] = found
    return torch.from_numpy(w_emb).to(teachers.scale.device)


def _moments_of(moments: Moments, slot: int, d_full: int) -> tuple[np.ndarray, np.ndarray]:
    """Second moment of residuals and what reads them, summed over half-layers."""
    both = (moments.span[slot], moments.vocabulary[1][slot].sum(dim=0))
    seen, reads = (m[:d_full, :d_full].double().cpu().numpy() for m in both)
    return seen, reads


def _subspace(task: Task, random: np.random.Generator, seen: Array, reads: Array, held: Array) -> Array:
    """Orthonormal rows: `held`, then those that span what is read most of where residuals go.

    Rows that are left where nothing more is read are 0.
    """
    sizes, directions = np.linalg.eigh(seen)
    reached = directions[:, sizes > VANISHING * sizes[-1]]
    others, spread, _ = np.linalg.svd(reached - held.T @ (held @ reached), full_matrices=False)
    others = others[:, spread > 0.5]
    _, vectors = np.linalg.eigh(others.T @ (reads + _output_reads(task, random)) @ others)
    free = (others @ vectors[:, ::-1])[:, : task.d_model - len(held)].T
    w_emb = np.zeros((task.d_model, task.config.d_model))
    w_emb[: len(held) + len(free)] = np.concatenate([held, free])
    return w_emb


def _output_reads(task: Task, random: np.random.Generator) -> np.ndarray:
    """A few random directions among the output's dimensions, and a little of all of them."""
    w_u = task.compiled.weights.W_U.astype(np.float64)
    columns = w_u.shape[1]
    few = min(OUTPUT_DIRECTIONS, max(1, columns - 1))
    chosen, _ = np.linalg.qr(random.standard_normal((columns, few)))
    return (w_u @ chosen) @ (w_u @ chosen).T + 1e-3 * w_u @ w_u.T
