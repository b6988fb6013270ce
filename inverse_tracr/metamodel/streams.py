"""The residual stream of a model on the sites, and what values of lines add to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.context import correlations
from inverse_tracr.metamodel.sites import Sites
from inverse_tracr.metamodel.state import State, indicators
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.rasp.program import Aggregate, Line, Ref, SelectorWidth
from inverse_tracr.rasp.values import is_number

Floats = NDArray[np.float64]

LEAST_CORRELATION = 0.5
"""Squared correlation of a select with a head's scores from which the head is its own."""

ALIKE = 0.05
"""Difference of such correlations up to which heads choose alike."""

LEAST_SPREAD = 1e-3
"""Spread of the scores of a head, below which it chooses all keys alike."""

NOTHING = 1e-9

LEAST_HELD = 0.98
"""Share of a change of indicators that sites must show, or it is not known what it adds."""

SITES_A_VALUE = 4
"""Sites at which a value is looked at."""


def read_streams(model: TransformerProgram, sites: Sites) -> Floats:
    """What each half-layer reads on the sites, and what the last leaves [half-layers + 1, sites, d_model]."""
    config, encoder = model.config, model.input_encoder
    found = np.zeros((2 * config.n_layers + 1, sites.count, config.d_model))
    ids = np.array([encoder.row(token) for token in model.signature.vocab])
    for where, tokens in sites.batches:
        batch = np.full((len(tokens), tokens.shape[1] + 1), encoder.bos)
        batch[:, 1:] = ids[tokens]
        with torch.inference_mode():
            _, cache = model.run_with_cache(torch.from_numpy(batch))
        for layer in range(config.n_layers):
            for half, name in ((0, "hook_resid_pre"), (1, "hook_resid_mid"), (2, "hook_resid_post")):
                found[2 * layer + half, where] = cache[f"blocks.{layer}.{name}"][:, 1:].numpy()
    return found


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
    """A model on the sites, explained by the lines of a state.

    `read` [half-layers + 1, sites, d_model] is what half-layers read.
    """

    state: State
    weights: Weights
    read: Floats

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
        scores = self.state.view.halves[half].scores
        shares = correlations(chosen[None], scores)[0]
        if chosen.all():
            shares = (np.ptp(scores, axis=1) < LEAST_SPREAD).astype(np.float64)
        alike = np.flatnonzero(shares >= max(LEAST_CORRELATION, shares.max(initial=0.0) - ALIKE))
        moved = self.state.column(line.values) if isinstance(line, Aggregate) else None
        fits = [(self._fits_moved((half // 2, head), moved), head) for head in alike.tolist()]
        return (half // 2, max(fits)[1]) if fits else None

    def values_of(self, head: tuple[int, int]) -> Floats:
        """What a head would move of each site [sites, d_model]."""
        w = self.weights
        values = self.read[2 * head[0]] @ w.W_V[head].astype(np.float64) + w.b_V[head]
        return values @ w.W_O[head].astype(np.float64)

    def _fits_moved(self, head: tuple[int, int], moved: Column | None) -> float:
        """Share of the variance of what a head moves that lies between the values of a column; nothing moved
        is right where there is none.
        """
        values = self.values_of(head)
        values = values - values.mean(axis=0)
        total = float((values**2).sum())
        if moved is None or total < NOTHING:
            return -total if moved is None else 0.0
        counts = np.maximum(np.bincount(moved.labels, minlength=moved.size), 1)
        sums = np.zeros((moved.size, values.shape[1]))
        np.add.at(sums, moved.labels, values)
        return float((sums**2 / counts[:, None]).sum()) / total

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
