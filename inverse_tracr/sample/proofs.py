"""Proofs that an aggregate never mixes values, and that it never comes out empty.

Probes can only refute; these hold on every input of the signature.
"""

from __future__ import annotations

import numpy as np

from inverse_tracr.sample.facts import Selector, Sop
from inverse_tracr.sample.grid import Grid, Index

_ONE_BLOCK = np.zeros(1, dtype=np.intp)


def never_mixes(grid: Grid, selector: Selector, values: Sop) -> bool:
    """Whether all keys that one query chooses carry the same value, on every input; `grid` is the local one.

    Three ways to know: at most one key is chosen; keys and values are local, and no query value chooses two
    local keys of one length with different values; both are functions of one s-op, and no query value chooses
    two of its values that differ in theirs.
    """
    keys, rows = selector.keys, selector.table[:-1]
    if keys.token_free and keys.local is not None and _at_most_one(grid, rows, keys.local):
        return True
    if keys.local is not None and values.local is not None:
        return _one_value(rows.take(keys.local, axis=1), values.local, grid.blocks)
    if keys.root == values.root:
        return _one_value(rows.take(keys.root_table, axis=1), values.root_table, _ONE_BLOCK)
    return False


def _at_most_one(grid: Grid, rows: Index, keys: Index) -> bool:
    """Whether each query value chooses at most one position of each length; keys must not read tokens."""
    chosen = rows.take(keys.take(grid.first_tokens), axis=1)
    return bool(np.add.reduceat(chosen, grid.first_blocks, axis=1).max() <= 1)


def _one_value(chosen: Index, values: Index, blocks: Index) -> bool:
    """Whether each row of `chosen` chooses entries of one value only within each block."""
    above = int(values.max()) + 1
    high = np.maximum.reduceat((values + 1) * chosen, blocks, axis=1) - 1
    low = np.minimum.reduceat(values + above * (1 - chosen), blocks, axis=1)
    return not ((low != high) & (high >= 0)).any()


def never_empty(grid: Grid, selector: Selector) -> bool:
    """Whether every query chooses some key, on every input; `grid` is the local one."""
    pairs = local_pairs(grid, selector)
    if pairs is not None:
        return bool(grid.widths(pairs).min() >= 1)
    keys, queries = selector.keys, selector.queries
    if keys.key != queries.key or keys.values != queries.values or not keys.total:
        return False
    return bool(selector.table.diagonal()[:-1].all())


def local_pairs(grid: Grid, selector: Selector) -> Index | None:
    """What a selector chooses on the local grid, where that does not depend on tokens at other positions."""
    keys, queries = selector.keys, selector.queries
    if not keys.token_free or keys.local is None or queries.local is None:
        return None
    return grid.chosen(selector.table, queries.local, keys.local)
