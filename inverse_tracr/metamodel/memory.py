"""What a half-layer shows of s-ops, remembered: states of a beam ask for the same again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.functions import Predicate

Shares = NDArray[np.float64]
Says = tuple[bytes, ...]
"""What columns say: their keys."""

Asked = tuple[object, ...]


@dataclass(frozen=True)
class Choosing:
    """The predicates that a pair of key and query can have.

    `tables` [predicates, cells] of 0 and 1, `codes` [pairs of sites] their cells; `shares` [predicates,
    heads]: squared correlations with the scores of heads; `everything`: whether all pairs are chosen.
    """

    predicates: tuple[Predicate, ...]
    kinds: tuple[int, ...]
    tables: Index
    codes: Index
    shares: Shares
    everything: tuple[bool, ...]

    def chosen(self, at: int) -> Index:
        """1 for the pairs of sites that a predicate chooses, else 0."""
        return self.tables[at].take(self.codes)


@dataclass(frozen=True)
class Memory:
    """What is known of one half-layer of one view, by what columns say (`Column.key`).

    `rows` are measures by what is asked (which are to be told apart by their first entry); `choosing` the
    predicates of pairs; `columns` what heads write by key, query, predicate and payload; `groups` the
    columns of named functions of operands.
    """

    rows: dict[Asked, Shares] = field(default_factory=dict[Asked, Shares])
    choosing: dict[tuple[bytes, bytes], Choosing] = field(default_factory=dict[tuple[bytes, bytes], Choosing])
    columns: dict[tuple[bytes, ...], Column] = field(default_factory=dict[tuple[bytes, ...], Column])
    chosen: dict[tuple[bytes, ...], Index] = field(default_factory=dict[tuple[bytes, ...], Index])
    groups: dict[tuple[bytes, ...], list[Column]] = field(
        default_factory=dict[tuple[bytes, ...], list[Column]]
    )

    def measured(self, asked: Sequence[Asked], measure: Callable[[list[int]], Shares]) -> Shares:
        """The rows of what is asked [asked, ...]; `measure` finds those that are new, by their places."""
        missing = {key: at for at, key in enumerate(asked) if key not in self.rows}
        if missing:
            self.rows.update(zip(missing, measure(list(missing.values())), strict=True))
        return np.array([self.rows[key] for key in asked])


def here(state: State) -> Says:
    """What the half-layer at hand has written already: where this is the same, so is what it leaves."""
    return tuple(column.key for column in state.written_here)
