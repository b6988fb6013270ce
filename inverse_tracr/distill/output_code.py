"""Output values in few dimensions of W_emb.

The loss that decides acceptance holds a tenth of the output's cross-entropy, and one-hot logits, as compiled
models give them, have too much of it: ln(1 + (n - 1) / e) for n values. So the directions that nothing but
W_U reads hold points on a sphere, one a value, far from each other, and large enough for a clear margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CODE = 4
"""Dimensions that the output takes at most."""

MARGIN = 4.0
"""Least difference between the right logit and the others."""

OCCURS = 1e-3
"""Length from which a direction of the output is seen; values that never occur have none."""

LARGEST = 100.0
"""Largest factor by which logits are multiplied."""

STEPS, SHARPNESS, RATE = 200, 6.0, 0.05
"""Steps in which points move apart, how much nearer ones count more, and how far they move."""


def output_code(own: Array, w_u: Array, random: np.random.Generator, most: int = CODE) -> Array:
    """Rows [at most `most`, d_full] of W_emb for the output.

    `own` [d_full, directions] are orthonormal and read by nothing but `w_u` [d_full, values].
    """
    seen = own @ (own.T @ w_u)
    occurs = np.linalg.norm(seen, axis=0) > OCCURS
    left, sizes, _ = np.linalg.svd(seen, full_matrices=False)
    rank = int((sizes > OCCURS).sum())
    if rank <= most:
        return _with_margin(left[:, :rank].T, w_u, occurs)
    points = np.zeros((w_u.shape[1], most))
    points[occurs] = spread(int(occurs.sum()), most, random)
    return _with_margin(points.T @ seen.T, w_u, occurs)


def least_code(own: Array, w_u: Array) -> int:
    """Dimensions that a code of the output needs: one for two values, two, a circle, for more."""
    occurs = np.linalg.norm(own @ (own.T @ w_u), axis=0) > OCCURS
    return 1 if np.count_nonzero(occurs) <= 2 else 2


def spread(count: int, dimensions: int, random: np.random.Generator) -> Array:
    """So many points of a sphere, far from each other, `[count, dimensions]`."""
    if dimensions == 1:
        return np.resize([[1.0], [-1.0]], (count, 1))
    if dimensions == 2:
        angles = 2 * np.pi * (random.random() + random.permutation(count)) / count
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = _unit(random.standard_normal((count, dimensions)))
    for _ in range(STEPS):
        push = np.exp(SHARPNESS * (points @ points.T - 1))
        np.fill_diagonal(push, 0)
        points = _unit(points - RATE * push @ points)
    return points


def _unit(points: Array) -> Array:
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _with_margin(rows: Array, w_u: Array, occurs: NDArray[np.bool_]) -> Array:
    """`rows`, multiplied so that the logit of every value that occurs stands out by `MARGIN`."""
    coded = rows @ w_u
    logits = coded.T @ coded
    right = np.diag(logits).copy()
    np.fill_diagonal(logits, -np.inf)
    margins = (right - logits.max(axis=1))[occurs] if len(right) > 1 else right
    least = float(margins.min()) if margins.size else 0.0
    factor = min(LARGEST, MARGIN / least) if least > 0 else 1.0
    return rows * np.sqrt(max(1.0, factor))
