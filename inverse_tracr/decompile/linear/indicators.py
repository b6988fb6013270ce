"""Sets of cells whose indicator is linear in what is written, and partitions made of such sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.linear.written import Floats, Functionals, Labels

Sets = NDArray[np.bool_]

MOST_DIRECTIONS = 10
"""Directions up to which all sets are looked for: 2 ** (1 + directions) are tried."""
MOST_PARTITIONS, MOST_SETS, MOST_STEPS = 40, 64, 400
_TOLERANCE = 0.25
"""How far from 0 or 1 an indicator may be in a cell."""


def linear_sets(found: Functionals) -> Sets:
    """Sets of cells [sets, cells] whose indicator is an affine function of the functionals; no complements.

    Such a function is known from its values in as many cells as there are directions and one more, so that
    every choice of zeros and ones there is tried.
    """
    directions = found.means.shape[1]
    cells = len(found.means)
    if not 0 < directions <= MOST_DIRECTIONS:
        return np.zeros((0, cells), np.bool_)
    points = np.concatenate([np.ones((cells, 1)), found.means], axis=1)
    places = pivots(points * np.sqrt(np.minimum(found.counts, 8))[:, None], directions + 1)
    if len(places) <= directions:
        return np.zeros((0, cells), np.bool_)
    extend = points @ np.linalg.inv(points[places])
    choices = np.array(list(product((0.0, 1.0), repeat=directions)))
    values = np.concatenate([np.zeros((len(choices), 1)), choices], axis=1) @ extend.T
    near = np.abs(values - np.round(values.clip(0, 1))).max(axis=1) < _TOLERANCE
    sets = values[near] > 0.5
    sets = np.unique(sets[sets.any(axis=1)], axis=0)
    return sets[np.argsort(np.minimum(sets.sum(axis=1), cells - sets.sum(axis=1)), kind="stable")][:MOST_SETS]


def pivots(points: Floats, count: int) -> list[int]:
    """Rows that span as much as possible, one after the other; fewer where they depend on each other."""
    rest = points.copy()
    chosen: list[int] = []
    for _ in range(count):
        sizes = (rest**2).sum(axis=1)
        at = int(sizes.argmax())
        if sizes[at] < 1e-9:
            break
        chosen.append(at)
        direction = rest[at] / np.sqrt(sizes[at])
        rest = rest - np.outer(rest @ direction, direction)
    return chosen


def partitions(sets: Sets) -> Iterator[Labels]:
    """Partitions of the cells into sets or complements, fine ones first, then all with two classes."""
    if not len(sets):
        return
    whole = np.concatenate([sets, ~sets])
    whole = whole[np.argsort(whole.sum(axis=1), kind="stable")]
    fine = (_labelled(classes) for classes in _covers(whole) if len(classes) > 2)
    yield from islice(fine, MOST_PARTITIONS)
    for one in sets:
        yield one.astype(np.int64)


def _covers(sets: Sets) -> Iterator[Sequence[NDArray[np.bool_]]]:
    """Disjoint sets that cover all cells, small sets first, as far as `MOST_STEPS` go."""
    waiting: list[list[NDArray[np.bool_]]] = [[]]
    for _ in range(MOST_STEPS):
        if not waiting:
            return
        chosen = waiting.pop()
        covered = np.any(chosen, axis=0) if chosen else np.zeros(sets.shape[1], np.bool_)
        if covered.all():
            yield chosen
            continue
        first = int(np.argmin(covered))
        fitting = sets[sets[:, first] & ~(sets & covered).any(axis=1)]
        waiting += [[*chosen, one] for one in fitting[::-1]]


def _labelled(classes: Sequence[NDArray[np.bool_]]) -> Labels:
    labels = np.zeros(len(classes[0]), np.int64)
    for number, one in enumerate(classes):
        labels[one] = number
    return labels
