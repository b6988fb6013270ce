"""The cheapest set of lines that together explain what a half-layer writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.linear.written import Floats, Written, orthonormal
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.rasp.program import Line, Map, Select

MOST_LINES = 6
MOST_OPTIONS = 70
UNEXPLAINED = 0.3
"""Share left by the best explanation from which on lines are looked for that are less sure."""
_BEAM = 16
"""Sets of lines that are followed, or more where more are asked for."""
_FLOOR = 1e-4
"""Share left unexplained that is nothing."""
_LEFT_COST = 3.5
"""Nats of each factor e by which more than nothing is left."""
_REDUCED = 0.8
"""What a line must leave, at most, of what was left before it, or else cover a direction of its own."""
_COVERED = 0.5
_DEPENDENT = 1e-4
"""Share of a feature beyond those that were taken below which it adds nothing."""
_SMALL = 0.01
"""Share of the largest square below which a direction is not counted."""
_BENT, _MOST_BENT = 100.0, 8.0
"""Nats of features that are not linear in what is written: values of a line may have fallen together."""
AGAIN = 1.0
"""Nats of a select that is there: other lines read it too."""
_DIRECTION_COST = 8.0
"""Nats of a direction that some function of s-ops explains, and no line that was taken."""


@dataclass(frozen=True)
class Option:
    """A line that a half-layer may write: its column, its features [positions, k] and its cost in nats.

    `selects` is the select that it reads, `heads` where that was seen, `select_cost` its part of the cost;
    `moved` maps put before it, each in the place of the operand that it reads.
    `straight`: its features are linear in what is written but for a per cent. `turned`: its operands are
    exchanged. `key` is the same for columns with the same classes.
    """

    line: Line
    column: Column
    features: Floats
    cost: float
    selects: Select | None = None
    heads: tuple[str, ...] = ()
    moved: tuple[Map, ...] = ()
    straight: bool = True
    turned: bool = False
    key: bytes = b""
    select_cost: float = 0.0

    def cost_beside(self, others: Iterable[Option]) -> float:
        """Its cost in nats where other lines are taken: one select serves them all."""
        again = self.selects is not None and any(self.selects == other.selects for other in others)
        return self.cost - max(0.0, self.select_cost - AGAIN) * again


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


def bent_cost(linear: float) -> float:
    """Nats of features that are not quite linear in what is written, by the share that is."""
    return min(_BENT * (1 - linear), _MOST_BENT)


def explain(
    what: Written, given: Floats, options: Sequence[Option], most: int, first: int = 0
) -> list[Explanation]:
    """Up to `most` sets of options that with the features `given` explain what is written, best first.

    The `first` of the options are taken in any case.
    """
    beam = max(_BEAM, most)
    shares = _Shares(what, given, options)
    start = _State(shares.start(), (), 0.0)
    for number in range(first):
        cost = start.cost + options[number].cost_beside(options[n] for n in start.chosen)
        start = _State(shares.with_option(start.basis, number), (*start.chosen, number), cost)
    states, done = [start], [start]
    for _ in range(MOST_LINES):
        following: dict[frozenset[int], _State] = {}
        for state in states:
            for found in _extended(state, options, shares, beam):
                following.setdefault(frozenset(found.chosen), found)
        states = sorted(following.values(), key=lambda s: s.explanation.total)[:beam]
        done += states
        if not states:
            break
    return sorted((state.explanation for state in done), key=lambda e: e.total)[:most]


@dataclass(frozen=True)
class _Basis:
    """An orthonormal basis of the features taken, and what it leaves."""

    columns: Floats
    left: float
    uncovered: float


@dataclass(frozen=True)
class _State:
    basis: _Basis
    chosen: tuple[int, ...]
    cost: float

    @property
    def explanation(self) -> Explanation:
        return Explanation(self.chosen, self.cost, self.basis.left, self.basis.uncovered)


def _extended(state: _State, options: Sequence[Option], shares: _Shares, beam: int) -> Iterator[_State]:
    before = state.basis
    if before.left < _FLOOR and before.uncovered < _COVERED:
        return
    chosen = [options[number] for number in state.chosen]
    left, uncovered = shares.after(before)
    better = (left <= _REDUCED * before.left) | (uncovered <= before.uncovered - _COVERED)
    better[list(state.chosen)] = False
    totals = [
        (Explanation((), options[n].cost_beside(chosen), float(left[n]), float(uncovered[n])).total, n)
        for n in np.nonzero(better)[0].tolist()
    ]
    for _, number in sorted(totals)[:beam]:
        basis = shares.with_option(before, number)
        cost = state.cost + options[number].cost_beside(chosen)
        yield _State(basis, (*state.chosen, number), cost)


class _Shares:
    """How much sets of features explain, in coordinates of the space of all of them."""

    def __init__(self, what: Written, given: Floats, options: Sequence[Option]) -> None:
        features = [option.features for option in options]
        space = orthonormal(np.concatenate([given, *features], axis=1))
        straight = [given, *(option.features for option in options if option.straight)]
        self._total = what.total
        self._rows = space.T @ what.rows
        self._goal = space.T @ _directions(np.concatenate(straight, axis=1))
        self._given = orthonormal(space.T @ given)
        self._features = [orthonormal(space.T @ own) for own in features]
        self._single = np.array([own.shape[1] == 1 for own in self._features], np.bool_)
        alone = [own for own in self._features if own.shape[1] == 1]
        self._singles = np.concatenate([np.zeros((space.shape[1], 0)), *alone], axis=1)

    def start(self) -> _Basis:
        """What the given features leave."""
        return self._with(_Basis(np.zeros((len(self._rows), 0)), 1.0, self._goal.shape[1]), self._given)

    def with_option(self, basis: _Basis, number: int) -> _Basis:
        """The basis with the features of an option."""
        return self._with(basis, self._features[number])

    def _with(self, basis: _Basis, features: Floats) -> _Basis:
        own = orthonormal(features - basis.columns @ (basis.columns.T @ features))
        told, covered = own.T @ self._rows, own.T @ self._goal
        left = max(0.0, basis.left - float((told**2).sum()) / self._total)
        uncovered = max(0.0, basis.uncovered - float((covered**2).sum()))
        return _Basis(np.concatenate([basis.columns, own], axis=1), left, uncovered)

    def after(self, basis: _Basis) -> tuple[Floats, Floats]:
        """What would be left, and uncovered, with each of the options."""
        left, uncovered = np.empty(len(self._features)), np.empty(len(self._features))
        rest = self._singles - basis.columns @ (basis.columns.T @ self._singles)
        sizes = (rest**2).sum(axis=0)
        rest = rest * np.where(sizes > _DEPENDENT, 1 / np.sqrt(np.maximum(sizes, 1e-30)), 0.0)
        left[self._single] = basis.left - ((rest.T @ self._rows) ** 2).sum(axis=1) / self._total
        uncovered[self._single] = basis.uncovered - ((rest.T @ self._goal) ** 2).sum(axis=1)
        for number in np.nonzero(~self._single)[0].tolist():
            found = self._with(basis, self._features[number])
            left[number], uncovered[number] = found.left, found.uncovered
        return np.maximum(left, 0), np.maximum(uncovered, 0)


def _directions(features: Floats) -> Floats:
    """An orthonormal basis of what features span, but for what is nearly nothing."""
    sizes = np.sqrt((features**2).sum(axis=0))
    known = features[:, sizes > 1e-6] / sizes[sizes > 1e-6]
    if not known.shape[1]:
        return known
    squares, directions = np.linalg.eigh(known.T @ known)
    kept = squares > _SMALL * max(float(squares[-1]), 1e-30)
    return known @ (directions[:, kept] / np.sqrt(squares[kept]))
