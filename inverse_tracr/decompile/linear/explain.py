"""The cheapest set of lines that together explain what a half-layer writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.linear.written import Floats, Written
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.rasp.program import Line, Select

MOST_LINES = 6
MOST_OPTIONS = 80
_BEAM = 24
_FLOOR = 1e-4
"""Share left unexplained that is nothing."""
_LEFT_COST = 2.5
"""Nats of each factor e by which more than nothing is left."""
_REDUCED = 0.8
"""What a line must leave, at most, of what was left before it, or else cover a direction of its own."""
_COVERED = 0.5
_SMALL = 0.01
"""Share of the largest square below which a direction is not counted."""
_DIRECTION_COST = 8.0
"""Nats of a direction that some function of s-ops explains, and no line that was taken."""


@dataclass(frozen=True)
class Option:
    """A line that a half-layer may write: its column, its features [positions, k] and its cost in nats.

    `selects` is the select that it reads, `heads` where that was seen; `moved` a map put before it.
    `straight`: its features are linear in what is written but for a per cent. `turned`: its operands are
    exchanged.
    """

    line: Line
    column: Column
    features: Floats
    cost: float
    selects: Select | None = None
    heads: tuple[str, ...] = ()
    moved: Line | None = None
    straight: bool = True
    turned: bool = False


@dataclass(frozen=True)
class Explanation:
    """Options that are taken together, by number, what they cost, and the share that they leave.

    `uncovered` counts the directions that options explain, but none that was taken.
    """

    chosen: tuple[int, ...]
    cost: float
    left: float
    uncovered: float

    @property
    def missed(self) -> float:
        """What it costs in nats to leave what is left."""
        return _LEFT_COST * math.log(max(self.left, _FLOOR) / _FLOOR) + _DIRECTION_COST * self.uncovered

    @property
    def total(self) -> float:
        """Cost in nats with what is left."""
        return self.cost + self.missed


def explain(what: Written, given: Floats, options: Sequence[Option], most: int) -> list[Explanation]:
    """Up to `most` sets of options that with the features `given` explain what is written, best first."""
    shares = _Shares(what, given, options)
    start = Explanation((), 0.0, *shares.left(()))
    states, done = [start], [start]
    for _ in range(MOST_LINES):
        following: dict[frozenset[int], Explanation] = {}
        for state in states:
            for found in _extended(state, options, shares):
                following.setdefault(frozenset(found.chosen), found)
        states = sorted(following.values(), key=lambda s: s.total)[:_BEAM]
        done += states
        if not states:
            break
    return sorted(done, key=lambda s: s.total)[:most]


def _extended(state: Explanation, options: Sequence[Option], shares: _Shares) -> Iterator[Explanation]:
    if state.left < _FLOOR and state.uncovered < _COVERED:
        return
    for number, option in enumerate(options):
        if number in state.chosen:
            continue
        left, uncovered = shares.left((*state.chosen, number))
        if left <= _REDUCED * state.left or uncovered <= state.uncovered - _COVERED:
            yield Explanation((*state.chosen, number), state.cost + option.cost, left, uncovered)


class _Shares:
    """How much sets of features explain, from their products, made once."""

    def __init__(self, what: Written, given: Floats, options: Sequence[Option]) -> None:
        features = [option.features for option in options]
        whole = np.concatenate([given, *features], axis=1)
        self._products = whole.T @ whole
        self._told = whole.T @ what.rows
        straight = [given, *(option.features for option in options if option.straight)]
        directions = _directions(np.concatenate(straight, axis=1))
        self._covered = whole.T @ directions
        self._count = directions.shape[1]
        ends = np.cumsum([given.shape[1], *(f.shape[1] for f in features)]).tolist()
        self._places = [np.arange(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        self._total = what.total

    def left(self, chosen: Sequence[int]) -> tuple[float, float]:
        """The share of the variance, and how many directions, that given and chosen features leave."""
        places = np.concatenate([self._places[0], *(self._places[1 + number] for number in chosen)])
        if not len(places):
            return 1.0, float(self._count)
        products = self._products[np.ix_(places, places)]
        squares, directions = np.linalg.eigh(products)
        kept = squares > 1e-8 * max(float(squares[-1]), 1e-30)
        scaled = directions[:, kept] / np.sqrt(squares[kept])
        explained = float(((scaled.T @ self._told[places]) ** 2).sum())
        covered = float(((scaled.T @ self._covered[places]) ** 2).sum())
        return max(0.0, 1 - explained / self._total), max(0.0, self._count - covered)


def _directions(features: Floats) -> Floats:
    """An orthonormal basis of what features span, but for what is nearly nothing."""
    sizes = np.sqrt((features**2).sum(axis=0))
    known = features[:, sizes > 1e-6] / sizes[sizes > 1e-6]
    if not known.shape[1]:
        return known
    squares, directions = np.linalg.eigh(known.T @ known)
    kept = squares > _SMALL * max(float(squares[-1]), 1e-30)
    return known @ (directions[:, kept] / np.sqrt(squares[kept]))
