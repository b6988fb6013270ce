"""The residual stream of a model on the sites, and what values of lines add to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.heads import own_heads
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.state import State, indicators
from inverse_tracr.model import Weights
from inverse_tracr.rasp.program import Aggregate, Line, Ref, SelectorWidth
from inverse_tracr.rasp.values import is_number

Floats = NDArray[np.float64]

LEAST_HELD = 0.98
"""Share of a change of indicators that sites must show, or it is not known what it adds."""

SITES_A_VALUE = 4
"""Sites at which a value is looked at."""


@dataclass(frozen=True)
class _Fit:
    """What indicators of columns add to what a half-layer writes; `basis` spans the changes that occur."""

    places: dict[Ref, slice]
    basis: Floats
    effects: Floats

    def of(self, ref: Ref, change: Floats) -> Floats | None:
        whole = np.zeros(self.basis.shape[1])
        whole[self.places[ref]] = change
        held = self.basis @ whole
        if (held**2).sum() < LEAST_HELD * (whole**2).sum():
            return None
        return held @ (self.basis @ self.effects)


@dataclass(frozen=True)
class Streams:
    """A model on the sites, explained by the lines of a state."""

    state: State
    moves: Moves

    @property
    def weights(self) -> Weights:
        """The parameters of the model."""
        return self.moves.weights

    @property
    def read(self) -> Floats:
        """What half-layers read [half-layers + 1, sites, d_model]."""
        return self.moves.read

    def line(self, column: Column) -> Line | None:
        """The line of a column, None for inputs."""
        return self.state.lines[column.ref] if column.ref >= 0 else None

    def written_by(self, half: int) -> tuple[Column, ...]:
        """The columns that a half-layer writes, one for each line."""
        return tuple(c for c in self.state.columns if c.made == half and not c.twin)

    def added(self, column: Column, new: int, old: int) -> Floats | None:
        """What the stream gains when `column` has one label instead of another; None where nothing tells."""
        key = (column.ref, new, old)
        if key not in self._added:
            self._added[key] = self._gain(column, new, old)
        return self._added[key]

    @cached_property
    def _added(self) -> dict[tuple[Ref, int, int], Floats | None]:
        return {}

    def _gain(self, column: Column, new: int, old: int) -> Floats | None:
        if new == old:
            return np.zeros(self.read.shape[-1])
        if column.numerical:
            numbers = [float(v) if is_number(v) else 0.0 for v in (*column.values, None)]
            return self.added_number(column, numbers[new] - numbers[old])
        if np.isin([new, old], column.labels).all():
            change = np.zeros(column.size)
            change[new], change[old] = 1, -1
            return self._fit(column.made).of(column.ref, change)
        known = _commonest(column)
        if old != known:
            first, second = self.added(column, new, known), self.added(column, old, known)
            return None if first is None or second is None else first - second
        match self.line(column):
            case Aggregate() as line:
                return self._moved(column, line, new, old)
            case SelectorWidth():
                return self._counted(column, new, old)
            case _:
                return None

    def added_number(self, column: Column, difference: float) -> Floats | None:
        """What the stream gains when a number is larger by `difference`; None where nothing tells."""
        if column.twin:
            return None
        return self._fit(column.made).of(column.ref, np.array([difference]))

    def answered(self, half: int, streams: Floats) -> Floats:
        """What an MLP writes where it reads these streams [..., d_model], up to a constant."""
        layer, w = half // 2, self.weights
        hidden = np.maximum(streams @ w.W_in[layer].astype(np.float64) + w.b_in[layer], 0)
        return hidden @ w.W_out[layer].astype(np.float64)

    def head_of(self, selector: Ref, column: Column) -> tuple[int, int] | None:
        """Layer and head whose scores a select explains best where `column` is counted or moved by it.

        Of heads that choose alike it is the one that moves what the line does.
        """
        chosen = next(s.chosen for s in self.state.selections if s.ref == selector)
        line = self.line(column)
        half = column.made - isinstance(line, SelectorWidth)
        moved = self.state.column(line.values) if isinstance(line, Aggregate) else None
        heads = own_heads(self.state.view, half, chosen)
        fits = [(self.moves.fit(half // 2, head, moved), head) for head in heads]
        return (half // 2, max(fits)[1]) if fits else None

    def _moved(self, column: Column, line: Aggregate, new: int, old: int) -> Floats | None:
        """A head moves what a key has: as if it chose keys of the new value instead."""
        head, moved = self.head_of(line.selector, column), self.state.column(line.values)
        if head is None or not np.isin([new, old], moved.labels).all():
            return None
        sides = [_some(moved, label) for label in (new, old)]
        means = [self.read[2 * head[0], at].mean(axis=0) for at in sides]
        return (means[0] - means[1]) @ self.weights.W_V[head] @ self.weights.W_O[head]

    def _counted(self, column: Column, new: int, old: int) -> Floats | None:
        """A head writes 1 / (1 + width), and the MLP names it: as if the head had written another number."""
        if max(new, old) > self.state.signature.max_seq_len:
            return None
        scratch = self._fit(column.made - 1).of(_scratch(column), np.array([1 / (1 + new) - 1 / (1 + old)]))
        if scratch is None:
            return None
        streams = self.read[column.made, _some(column, old)]
        gained = self.answered(column.made, streams + scratch) - self.answered(column.made, streams)
        return scratch + gained.mean(axis=0)

    def _fit(self, half: int) -> _Fit:
        if half not in self._fits:
            self._fits[half] = self._fitted(half)
        return self._fits[half]

    @cached_property
    def _fits(self) -> dict[int, _Fit]:
        return {}

    def _fitted(self, half: int) -> _Fit:
        """Regression of what a half-layer writes on the lines that it writes; inputs are at -1."""
        parts = {c.ref: indicators(c) for c in self.written_by(half)}
        for column in self.written_by(half + 1):
            if isinstance(self.line(column), SelectorWidth):
                number = 1 / (1 + column.labels)
                parts[_scratch(column)] = (number - number.mean())[:, None]
        places, begin = dict[Ref, slice](), 0
        for ref, part in parts.items():
            places[ref] = slice(begin, begin + part.shape[1])
            begin += part.shape[1]
        written = self.read[0] if half < 0 else self.read[half + 1] - self.read[half]
        left, singular, basis = np.linalg.svd(np.concatenate([*parts.values()], axis=1), full_matrices=False)
        kept = singular > 1e-6 * singular[0]
        solved = (left[:, kept] / singular[kept]).T @ (written - written.mean(axis=0))
        return _Fit(places, basis[kept], basis[kept].T @ solved)


def _some(column: Column, label: int) -> NDArray[np.intp]:
    """Some of the sites with a label."""
    at = np.flatnonzero(column.labels == label)
    return at[:: -(-len(at) // SITES_A_VALUE)]


def _commonest(column: Column) -> int:
    """The commonest label that stands for a value."""
    return int(np.bincount(column.labels, minlength=column.size)[:-1].argmax())


def _scratch(column: Column) -> Ref:
    """Stands for the number that a counting head writes, beside the references of columns."""
    return -10 - column.ref


def mean_streams(streams: Streams, column: Column, half: int) -> Floats:
    """The mean stream where `column` has each value [values, d_model]; NaN where nothing tells."""
    read = streams.read[half]
    found = np.full((len(column.values), read.shape[1]), np.nan)
    for value in range(len(found)):
        if (at := _some(column, value) if (column.labels == value).any() else None) is not None:
            found[value] = read[at].mean(axis=0)
            continue
        known = _commonest(column)
        gained = streams.added(column, value, known)
        if gained is not None:
            found[value] = read[_some(column, known)].mean(axis=0) + gained
    return found
