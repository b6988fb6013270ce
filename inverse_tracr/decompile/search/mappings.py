"""MLP half-layers: maps of one or two earlier s-ops whose joint partition is the half-layer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inverse_tracr.decompile.search.columns import Column, joined, meet
from inverse_tracr.decompile.search.observe import Labels

_MAX_CASES = 4_000
_MOST_LINES = 4
_MOST_CANDIDATES = 60


@dataclass(frozen=True)
class Mapping:
    """A function of one or two columns: its class on every position, and how much it costs to write down."""

    operands: tuple[Column, ...]
    labels: Labels
    cost: float


def mapping_candidates(columns: Sequence[Column], mask: np.ndarray, target: Labels) -> list[Mapping]:
    """For each column and pair of columns, their finest function that the target partition determines."""
    flat = [(column, column.labels[mask]) for column in columns]
    found: list[Mapping] = []
    for column, labels in flat:
        found += _mapping((column,), labels, target)
    categorical = [(c, labels) for c, labels in flat if not c.numerical]
    for (first, a), (second, b) in combinations(categorical, 2):
        if len(first.values) * len(second.values) <= _MAX_CASES:
            codes = np.where((a < 0) | (b < 0), -1, a * len(second.values) + b)
            found += _mapping((first, second), codes, target)
    return found


def _mapping(operands: tuple[Column, ...], codes: Labels, target: Labels) -> list[Mapping]:
    """The finest common coarsening, unless it is constant."""
    distinct, dense = np.unique(codes, return_inverse=True)
    labels = meet(dense.astype(np.int64), target)
    classes = int(labels.max()) + 1
    if classes < 2:
        return []
    entry = np.zeros(len(distinct), dtype=np.int64)
    entry[dense] = labels
    different = len(distinct) - int(np.bincount(entry).max())
    size = 1.0 if len(operands) == 1 else 1.5
    return [Mapping(operands, labels, size + 0.01 * len(distinct) + 0.06 * different)]


def explain(target: Labels, forced: list[Labels], candidates: list[Mapping]) -> list[list[Mapping]]:
    """Cheapest sets of candidates whose partition, joined with `forced`, is the target; best first."""
    if forced and _same(joined(forced), target):
        return [[]]
    classes = int(target.max()) + 1
    representative = np.zeros(classes, dtype=np.int64)
    representative[target[::-1]] = np.arange(len(target))[::-1]
    ordered = sorted(candidates, key=lambda c: c.cost)[:_MOST_CANDIDATES]
    known = [labels[representative] for labels in forced]
    rows = [c.labels[representative] for c in ordered]
    solutions: list[tuple[float, list[Mapping]]] = []
    for size in range(1, _MOST_LINES + 1):
        limit = _MOST_CANDIDATES if size < 3 else 20
        for chosen in combinations(range(min(len(rows), limit)), size):
            cost = sum(ordered[i].cost for i in chosen)
            if solutions and cost >= solutions[-1][0] + 2:
                continue
            if len(np.unique(np.stack([*known, *(rows[i] for i in chosen)]), axis=1).T) == classes:
                solutions.append((cost, [ordered[i] for i in chosen]))
        if solutions and size >= 2:
            break
    return [chosen for _, chosen in sorted(solutions, key=lambda pair: pair[0])[:4]]


def _same(first: Labels, second: Labels) -> bool:
    return bool(np.array_equal(joined([first]), joined([second])))
