"""What a half-layer writes at the positions of the probes, and what is linear in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_LEAST = 1e-3
"""Directions with less than this share of the largest spread are not looked at."""
_DEPENDENT, _NOTHING = 1e-8, 1e-9
"""Squares of directions, relative to the largest and absolute, below which they are none."""
FUNCTION, NEARLY = 0.97, 0.9
"""Share of the variance of a direction that lies between cells where it is a function of them.

The latter where nothing else explains what is written: values of a line may have fallen together.
"""

STRAIGHT = 0.99
"""Share of a feature that is linear in what is written, for a line that is there for sure."""


@dataclass(frozen=True)
class Written:
    """Centred `rows` [positions, d], and an orthonormal `basis` [positions, r] of their columns."""

    rows: Floats
    basis: Floats
    total: float

    def left(self, explained: Floats) -> float:
        """Share of the variance that an orthonormal basis [positions, k] of features does not explain."""
        return max(0.0, 1 - float(((explained.T @ self.rows) ** 2).sum()) / self.total)

    def linear(self, features: Floats) -> float:
        """The least share of a centred feature [positions, k] that is linear in what is written."""
        sizes = (features**2).sum(axis=0)
        told = ((self.basis.T @ features) ** 2).sum(axis=0)
        known = sizes > 1e-9 * len(features)
        return float((told[known] / sizes[known]).min(initial=1.0))


def written(rows: Floats) -> Written:
    """What is written, from activations [positions, d]."""
    rows = rows - rows.mean(axis=0)
    directions, spread, _ = np.linalg.svd(rows, full_matrices=False)
    kept = spread > _LEAST * spread[0]
    return Written(rows, directions[:, kept], max(float((rows**2).sum()), 1e-30))


def orthonormal(features: Floats) -> Floats:
    """An orthonormal basis of the columns of centred features."""
    if features.shape[1] == 0:
        return features
    squares, directions = np.linalg.eigh(features.T @ features)
    kept = squares > max(_DEPENDENT * float(squares[-1]), _NOTHING)
    return features @ (directions[:, kept] / np.sqrt(squares[kept]))


def indicators(labels: Labels) -> Floats:
    """Centred indicators of the labels that occur [positions, values]."""
    _, codes = np.unique(labels, return_inverse=True)
    found = np.eye(int(codes.max()) + 1)[codes.reshape(-1)]
    return found - found.mean(axis=0)


@dataclass(frozen=True)
class Functionals:
    """Directions of what is written that are functions of cells: `means` [cells, q] there, `counts` of cells.

    `rows` are what is written, projected on these directions.
    """

    means: Floats
    counts: Floats
    rows: Floats


def functionals(what: Written, codes: Labels, share: float = FUNCTION) -> Functionals:
    """The directions of what is written that are functions of the cell, `codes` [positions] from 0 on.

    `share` of the variance of each lies between cells.
    """
    cells, count = int(codes.max()) + 1, len(codes)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=cells).astype(np.float64)
    starts = np.concatenate([[0], np.cumsum(counts[:-1])]).astype(np.int64)
    sums = np.add.reduceat(what.basis[order], starts, axis=0)
    between = sums.T @ (sums / counts[:, None])
    shares, directions = np.linalg.eigh(between)
    kept = directions[:, shares > share]
    own = what.basis @ kept
    means = (sums / counts[:, None]) @ kept * np.sqrt(count)
    return Functionals(means, counts, own @ (own.T @ what.rows))
