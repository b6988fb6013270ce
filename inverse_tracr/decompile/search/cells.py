"""Cells: positions of the probes grouped by the values of a few s-ops, and what a half-layer writes there.

Single activations of a trained model are noisy; their means over a cell are not, so functions are read from
cells that are merged, and operands are chosen by how much of the variance lies between cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

MOST_CELLS = 240
"""Cells of a partition that are told apart."""

_SMALL = 1 << 16
"""Different codes up to which they are counted instead of sorted."""


@dataclass(frozen=True)
class Cells:
    """A partition of rows: `codes` [rows] into cells, with `means` [cells, d], `counts` [cells].

    `between` is the share of the variance of the rows that lies between cells, less what chance gives.
    """

    codes: Labels
    means: Floats
    counts: Floats
    between: float


def cells_of(codes: Labels, rows: Floats) -> Cells:
    """Group centred `rows` [rows, d] by `codes` [rows], whole numbers from 0 on without gaps."""
    count = int(codes.max()) + 1
    counts = np.bincount(codes, minlength=count).astype(np.float64)
    # NumPy sorts 16 bits by counting them.
    order = np.argsort(codes.astype(np.uint16) if count <= _SMALL else codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts[:-1])]).astype(np.int64)
    means = np.add.reduceat(rows[order], starts, axis=0) / counts[:, None]
    total = float((rows**2).sum())
    inside = total - float((counts[:, None] * means**2).sum())
    free = max(len(rows) - count, 1)
    between = 1 - (inside / free) / (total / max(len(rows) - 1, 1)) if total > 0 else 0.0
    return Cells(codes, means, counts, between)


def dense(codes: Labels) -> tuple[Labels, Labels]:
    """Codes renumbered without gaps, and the code of each number."""
    low, high = int(codes.min(initial=0)), int(codes.max(initial=0))
    if high - low < _SMALL:
        there = np.zeros(high - low + 1, dtype=np.bool_)
        there[codes - low] = True
        return (np.cumsum(there) - 1)[codes - low], np.flatnonzero(there) + low
    distinct, found = np.unique(codes, return_inverse=True)
    return found.reshape(codes.shape).astype(np.int64), distinct


def merges(cells: Cells) -> tuple[list[tuple[int, int]], Floats]:
    """Cells merged two at a time, nearest means first, and the distance of each merge (rising)."""
    means, counts = cells.means.copy(), cells.counts.copy()
    squares = (means**2).sum(axis=1)
    gaps = np.sqrt(np.maximum(squares[:, None] + squares - 2 * means @ means.T, 0))
    np.fill_diagonal(gaps, np.inf)
    steps: list[tuple[int, int]] = []
    heights: list[float] = []
    for _ in range(len(means) - 1):
        first, second = divmod(int(gaps.argmin()), len(means))
        heights.append(float(gaps[first, second]))
        steps.append((first, second))
        weight = counts[first] + counts[second]
        own, other = gaps[first], gaps[second]
        joined = (counts[first] * own + counts[second] * other) / weight
        gaps[first], gaps[:, first] = joined, joined
        gaps[second], gaps[:, second] = np.inf, np.inf
        gaps[first, first] = np.inf
        counts[first] = weight
    return steps, np.maximum.accumulate(np.array(heights))


def groupings(cells: Cells, least: float, most: int) -> list[tuple[Labels, float]]:
    """Ways to merge cells into classes: the class of each cell, and how clear the gap is; clearest first.

    Distances below `least` are never a gap. All cells in one class is no grouping.
    """
    if len(cells.means) < 2:
        return []
    steps, heights = merges(cells)
    below = np.concatenate([[least], np.maximum(heights[:-1], least)])
    ratios = heights / below
    cuts = [int(i) for i in np.argsort(-ratios)[:most] if heights[i] > least and ratios[i] > 1.05]
    return [(_classes(len(cells.means), steps[:cut]), float(ratios[cut])) for cut in cuts]


def coarsest(cells: Cells, allowed: Callable[[Labels], bool]) -> Labels:
    """Cells merged, nearest first, as often as `allowed` holds (found by halving)."""
    steps, _ = merges(cells)
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high + 1) // 2
        if allowed(_classes(len(cells.means), steps[:middle])):
            low = middle
        else:
            high = middle - 1
    return _classes(len(cells.means), steps[:low])


def _classes(count: int, steps: list[tuple[int, int]]) -> Labels:
    parent = np.arange(count)
    for first, second in steps:
        parent[parent == parent[second]] = parent[first]
    distinct, first_seen, found = np.unique(parent, return_index=True, return_inverse=True)
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[np.argsort(first_seen)] = np.arange(len(distinct))
    return rank[found]
