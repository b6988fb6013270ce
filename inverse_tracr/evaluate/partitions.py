"""Whether classes of positions are those of activation vectors, by nearest class means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Vectors = NDArray[np.float64]

EXACT = 1e-9
"""Share of the largest distance from the mean below which two distances are the same."""


def joint_labels(columns: list[Labels], positions: int) -> Labels:
    """One class for each combination of values; a single class where there are no columns."""
    if not columns:
        return np.zeros(positions, dtype=np.int64)
    stacked = np.stack(columns, axis=1)
    return np.unique(stacked, axis=0, return_inverse=True)[1].reshape(-1)


def spread(vectors: Vectors, labels: Labels) -> float:
    """Root mean square distance of vectors [positions, dims] from the mean of their class.

    Classes of one position say nothing; 0 where all are such.
    """
    means, counts = _means(vectors, labels)
    several = counts[labels] > 1
    if not several.any():
        return 0.0
    squares = ((vectors - means[labels]) ** 2).sum(axis=1)
    return float(np.sqrt(squares[several].mean()))


def purity(vectors: Vectors, labels: Labels, noise: float) -> float:
    """Share of positions whose vector is nearer to the mean of its class than to that of any other.

    The mean of its class is taken without the position itself, so that no class is too small to fail; a
    position alone in its class is given `noise` as distance. 1 where there is a single class.
    """
    means, counts = _means(vectors, labels)
    if len(counts) == 1:
        return 1.0
    squares = _square_distances(vectors, means)
    own = squares[np.arange(len(labels)), labels].copy()
    others = squares
    others[np.arange(len(labels)), labels] = np.inf
    size = counts[labels]
    own = np.where(size > 1, own * (size / np.maximum(size - 1, 1)) ** 2, noise**2)
    tiny = EXACT * float(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).max())
    return float((own + tiny < others.min(axis=1)).mean())


def nearest_means(vectors: Vectors, labels: Labels) -> Labels:
    """For each position the class with the mean nearest to its vector; its own where that is as near.

    Classes whose means are the same are one: the vectors do not tell them apart.
    """
    means, _ = _means(vectors, labels)
    squares = _square_distances(vectors, means)
    own = squares[np.arange(len(labels)), labels]
    tiny = EXACT * float(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).max())
    nearest = np.where(own <= squares.min(axis=1) + tiny, labels, squares.argmin(axis=1))
    first_alike = (_square_distances(means, means) <= tiny).argmax(axis=1)
    return first_alike[nearest]


def determined(coarse: Labels, fine: Labels) -> float:
    """Share of positions whose class in `coarse` is the most frequent one of their class in `fine`."""
    table = np.zeros((int(fine.max()) + 1, int(coarse.max()) + 1), dtype=np.int64)
    np.add.at(table, (fine, coarse), 1)
    return float(table.max(axis=1).sum() / len(fine))


def _means(vectors: Vectors, labels: Labels) -> tuple[Vectors, NDArray[np.int64]]:
    counts = np.bincount(labels)
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    return sums / np.maximum(counts, 1)[:, None], counts


def _square_distances(vectors: Vectors, means: Vectors) -> Vectors:
    squares = (vectors**2).sum(axis=1)[:, None] + (means**2).sum(axis=1) - 2 * vectors @ means.T
    return np.maximum(squares, 0)
