"""Selections on the probes: which keys each query looks at, and the predicate behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
    """Key and query columns with the predicate that fits a selection.

    `wrong` is the share of the variance of the pattern that it does not explain; `named`: it has a name,
    if need be with the two values of a line exchanged.
    """

    keys: Column
    queries: Column
    predicate: Predicate
    wrong: float
    cost: float
    named: bool = False


_COMPARISONS = (
    Comparison.EQ,
    Comparison.NE,
    Comparison.GE,
    Comparison.LE,
    Comparison.GT,
    Comparison.LT,
    Comparison.TRUE,
    Comparison.FALSE,
)


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
    for exchanged in (False, True):
        for own_keys, own_queries in _either_way(keys, queries) if exchanged else [(keys, queries)]:
            for rank, candidate in enumerate(_named(own_keys, own_queries)):
                rows = tabulate_predicate(candidate, own_keys.values, own_queries.values)
                truth = np.array(rows, dtype=np.int8)
                if np.array_equal(truth[known], table[known]):
                    written = _written(truth, keys, queries) if exchanged else candidate
                    return written, 0.2 + 0.01 * rank
    entries = min(int((table == 1).sum()), int((table == 0).sum()))
    return _written(table, keys, queries), 0.6 + 0.05 * entries


def _written(table: Table, keys: Column, queries: Column) -> PredicateTable:
    rows, columns = np.nonzero(table == 1)
    places = zip(rows.tolist(), columns.tolist(), strict=True)
    return PredicateTable(tuple((keys.values[k], queries.values[q]) for q, k in places))


def _either_way(keys: Column, queries: Column) -> Iterator[tuple[Column, Column]]:
    """Columns of two values with these exchanged, which weights do not tell."""
    for flip_keys in (False, True):
        for flip_queries in (False, True):
            own_keys, own_queries = _flipped(keys, flip_keys), _flipped(queries, flip_queries)
            if own_keys is not None and own_queries is not None and (flip_keys or flip_queries):
                yield own_keys, own_queries


def _flipped(column: Column, flip: bool) -> Column | None:
    if not flip:
        return column
    inner = column.ref >= 0 and len(column.values) == 2
    return replace(column, values=column.values[::-1]) if inner else None


def _named(keys: Column, queries: Column) -> Iterator[NamedPredicate]:
    """Those first that programs have most often: all that was seen may be selected by a comparison."""
    for comparison in _COMPARISONS:
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
