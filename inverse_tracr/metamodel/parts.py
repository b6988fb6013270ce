"""What the neurons of a half-layer write, direction by direction, where streams are loose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.sites import Index

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

APART = 1e-5
"""Distance of directions, on one of a few lines that are drawn, from which they are two."""

LINES = 3

NEARLY = 1e-3
"""Distance from 0 and 1 up to which a direction is written or not."""

MOST_COVERS = 6


@dataclass(frozen=True)
class Directions:
    """The directions that neurons write wholly or not at all.

    `where` [directions, sites]: whether each is written; `vectors` [directions, d_model]; `neurons`: those
    that write each, their rows of W_out are parallel.
    """

    where: Mask
    vectors: Floats
    neurons: tuple[Index, ...]

    def __len__(self) -> int:
        return len(self.where)


def written_directions(
    active: Floats, at_bos: Floats, w_out: Floats, random: np.random.Generator
) -> Directions:
    """The directions that neurons write, which are `active` [sites, neurons], and so much at BOS: what is
    there, too, is no value.
    """
    norms = np.sqrt((w_out**2).sum(axis=1))
    live = np.flatnonzero((norms > 0) & (at_bos < NEARLY))
    if not len(live):
        return Directions(np.zeros((0, len(active)), np.bool_), w_out[:0], ())
    same = np.zeros(len(live), np.intp)
    for _ in range(LINES):
        places = w_out[live] @ random.standard_normal(w_out.shape[1]) / norms[live]
        by = np.lexsort((places, same))
        steps = (np.diff(places[by], prepend=-np.inf) > APART) | (np.diff(same[by], prepend=-1) > 0)
        same[by] = np.cumsum(steps) - 1
    order = live[np.argsort(same, kind="stable")]
    starts = np.flatnonzero(np.diff(np.sort(same), prepend=-1))
    amounts = np.add.reduceat(active[:, order] * norms[order], starts, axis=1).T
    amounts = amounts / np.maximum(amounts.max(axis=1, keepdims=True), NEARLY)
    whole = np.flatnonzero(((amounts < NEARLY) | (amounts > 1 - NEARLY)).all(axis=1))
    neurons = np.split(order, starts[1:])
    return Directions(amounts[whole] > 0.5, w_out[order[starts[whole]]], tuple(neurons[at] for at in whole))


@dataclass(frozen=True)
class Told:
    """Directions that are told by codes; `places` are their numbers, `where` [directions, codes] the codes
    at which they are written. Codes are numbered among those that occur, `seen`.
    """

    places: Index
    where: Mask
    seen: Index


def told_by(directions: Mask, codes: Index, none: Mask) -> Told:
    """The directions that codes tell [sites] and that nothing writes where these stand for no value."""
    counts = np.bincount(codes, minlength=len(none))
    seen = np.flatnonzero(counts)
    sums = np.array([np.bincount(codes, weights=own, minlength=len(none)) for own in directions])
    sums = sums.reshape(len(directions), len(none))[:, seen]
    told = ((sums == 0) | (sums == counts[seen])).all(axis=1) & ~sums[:, none[seen]].any(axis=1)
    places = np.flatnonzero(told & sums.any(axis=1))
    return Told(places, sums[places] > 0, seen)


def covers(where: Mask, apart: Mask) -> list[list[int]]:
    """Sets of directions of which exactly one is written at each code at which any is, and of which none are
    `apart` [directions, directions]: each may be a line.
    """
    covered, free = np.asarray(~where.any(axis=0)), np.ones(len(where), np.bool_)
    return [sorted(own) for own in islice(_covers(where, apart, covered, free, []), MOST_COVERS)]


def _covers(where: Mask, apart: Mask, covered: Mask, free: Mask, chosen: list[int]) -> Iterator[list[int]]:
    if covered.all():
        yield chosen
        return
    choices = where[free].sum(axis=0)
    choices[covered] = len(where) + 1
    at = int(choices.argmin())
    for direction in np.flatnonzero(where[:, at] & free).tolist():
        left = free & ~(where & where[direction]).any(axis=1) & ~apart[direction]
        yield from _covers(where, apart, covered | where[direction], left, [*chosen, direction])
