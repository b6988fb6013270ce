"""Clusters of activations: which positions a half-layer treats alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.search.observe import Floats, Labels

_SAMPLE = 400
"""Rows of which all distances are computed."""
LEAST_SHARE = 0.02
"""Distances below this share of the embedding's are noise."""
LARGEST_SHARE = 0.9
"""Distances above this share of the embedding's are never noise."""
_MAX_CLUSTERS = 200


def partitions(rows: Floats, scale: float, *, seed: int = 0) -> Iterator[Labels]:
    """Partitions of rows [positions, dims] into clusters, the most clear-cut first.

    Single linkage cut where the next larger gap is relatively largest; constant rows give one cluster.
    """
    sample = rows
    if len(rows) > _SAMPLE:
        chosen = np.random.default_rng([seed, len(rows)]).choice(len(rows), _SAMPLE, replace=False)
        sample = rows[chosen]
    seen: set[bytes] = set()
    for radius in _radii(sample, scale):
        labels = _assigned(rows, radius)
        if labels is not None and labels.tobytes() not in seen:
            seen.add(labels.tobytes())
            yield labels


def _radii(sample: Floats, scale: float) -> list[float]:
    """Radii in the widest relative gaps between the edges of the minimum spanning tree."""
    edges = np.sort(_spanning_edges(sample.astype(np.float64)))
    low, high = LEAST_SHARE * scale, LARGEST_SHARE * scale
    marks = np.concatenate([[low], edges[(edges > low) & (edges < high)], [high]])
    ratios = marks[1:] / marks[:-1]
    order = np.argsort(-ratios)[:4]
    return [float(np.sqrt(marks[i] * marks[i + 1])) for i in order if ratios[i] > 1.15] or [
        float(np.sqrt(low * high))
    ]


def _spanning_edges(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edge lengths of the minimum spanning tree (Prim)."""
    squares = (points**2).sum(axis=1)
    squared = np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0)
    nearest = squared[0].copy()
    done = np.zeros(len(points), dtype=np.bool_)
    done[0] = True
    nearest[0] = np.inf
    edges = np.zeros(len(points) - 1)
    for step in range(len(points) - 1):
        following = int(np.argmin(nearest))
        edges[step] = nearest[following]
        done[following] = True
        nearest = np.minimum(nearest, squared[following])
        nearest[done] = np.inf
    return np.sqrt(edges)


def _assigned(rows: Floats, radius: float) -> Labels | None:
    """Clusters of radius `radius` around leaders, then around their means; None when there are too many."""
    leaders: list[NDArray[np.float64]] = []
    points = rows.astype(np.float64)
    labels = np.full(len(points), -1)
    missing = np.arange(len(points))
    while len(missing):
        if len(leaders) >= _MAX_CLUSTERS:
            return None
        leader = points[missing[0]]
        near = np.linalg.norm(points[missing] - leader, axis=1) <= radius
        labels[missing[near]] = len(leaders)
        leaders.append(points[missing[near]].mean(axis=0))
        missing = missing[~near]
    centres = np.array(leaders)
    squares = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * points @ centres.T
    return first_occurrence(squares.argmin(axis=1))


def first_occurrence(labels: Labels) -> Labels:
    """Labels renumbered 0, 1, ... in order of first occurrence; negative ones stay."""
    distinct, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.where(distinct < 0, -1, first))
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct))
    negative = int((distinct < 0).sum())
    return np.where(labels < 0, -1, rank[inverse.reshape(labels.shape)] - negative)
