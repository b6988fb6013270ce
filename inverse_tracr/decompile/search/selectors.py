"""Selections on the probes: which keys each query looks at, and the predicate behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.search.columns import Column, Truth
from inverse_tracr.decompile.search.probes import Labels, Probes
from inverse_tracr.rasp.functions import Comparison, NamedPredicate, Predicate, PredicateTable, Side
from inverse_tracr.rasp.tabulated import tabulate_predicate

Table = NDArray[np.int8]
"""A truth table [queries, keys]: 1 selected, 0 not, -1 unknown (never seen)."""


@dataclass(frozen=True)
class PredicateFit:
    """Key and query columns with the predicate that fits a selection, and how often it is wrong."""

    keys: Column
    queries: Column
    predicate: Predicate
    wrong: float
    cost: float


def visible(probes: Probes, causal: bool) -> Truth:
    """Which keys a query can look at, [inputs, queries, keys]."""
    mask = probes.mask
    seen = mask[:, :, None] & mask[:, None, :]
    if causal:
        seen = seen & np.tri(mask.shape[1], dtype=np.bool_)
    return seen


def pair_codes(keys: Column, queries: Column) -> Labels:
    """`query label * number of keys + key label` for every pair of positions; -1 where one has no value."""
    codes = queries.labels[:, :, None] * len(keys.values) + keys.labels[:, None, :]
    missing = (queries.labels < 0)[:, :, None] | (keys.labels < 0)[:, None, :]
    return np.where(missing, -1, codes)


def complete(table: Table, keys: Column, queries: Column) -> tuple[Predicate, float]:
    """A predicate that agrees with a truth table where that is known, and its cost: named ones are cheap."""
    known = table >= 0
    for rank, candidate in enumerate(_named(keys, queries)):
        truth = np.array(tabulate_predicate(candidate, keys.values, queries.values), dtype=np.int8)
        if np.array_equal(truth[known], table[known]):
            return candidate, 0.2 + 0.01 * rank
    rows, columns = np.nonzero(table == 1)
    pairs = tuple(
        (keys.values[k], queries.values[q]) for q, k in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    entries = min(int((table == 1).sum()), int((table == 0).sum()))
    return PredicateTable(pairs), 0.6 + 0.05 * entries


def _named(keys: Column, queries: Column) -> Iterator[NamedPredicate]:
    for comparison in Comparison:
        yield NamedPredicate(comparison)
    whole = all(isinstance(v, int) for v in (*keys.values, *queries.values))
    if whole:
        for offset in (1, -1, 2, -2, 3, -3):
            for comparison in list(Comparison)[:6]:
                yield NamedPredicate(comparison, offset=offset)
    for side, values in ((Side.KEY_ALONE, keys.values), (Side.QUERY_ALONE, queries.values)):
        for constant in values:
            for comparison in (Comparison.EQ, Comparison.NE, Comparison.LT, Comparison.GT):
                yield NamedPredicate(comparison, side, constant)


def selection(table: Table, keys: Column, queries: Column, seen: Truth) -> Truth:
    """What a truth table selects (unknown entries select nothing)."""
    codes = pair_codes(keys, queries)
    return seen & (codes >= 0) & (table.reshape(-1) == 1)[codes.clip(0)]


def predicate_table(predicate: Predicate, keys: Column, queries: Column) -> Table:
    """A predicate as a truth table."""
    return np.array(tabulate_predicate(predicate, keys.values, queries.values), dtype=np.int8).reshape(
        len(queries.values), len(keys.values)
    )
