"""Proofs that an aggregate never mixes values, and that it never comes out empty.

Probes can only refute; these hold on every input of the signature.
"""

from __future__ import annotations

import numpy as np

from inverse_tracr.sample.draft import Draft, Selector, Sop
from inverse_tracr.sample.grid import Grid, Index


def never_mixes(draft: Draft, selector: Selector, values: Sop) -> bool:
    """Whether all keys that one query chooses carry the same value, on every input.

    Three ways to know: at most one key is chosen; keys and values are local, and no query value chooses two
    local keys of one length with different values; both are functions of one s-op, and no query value chooses
    two of its values that differ in theirs.
    """
    keys = draft.sop(selector.line.keys)
    if keys.local is not None and keys.token_free and _at_most_one(draft.locals, selector.table, keys.local):
        return True
    if keys.local is not None and values.local is not None:
        seen = selector.table[:-1, keys.local]
        return _one_value(seen, values.local, draft.locals.blocks)
    if keys.root == values.root:
        seen = selector.table[:-1, keys.root_table]
        return _one_value(seen, values.root_table, np.zeros(1, dtype=np.intp))
    return False


def _at_most_one(grid: Grid, table: Index, keys: Index) -> bool:
    """Whether each query value chooses at most one position of each length; keys must not read tokens."""
    once = grid.tokens == 0
    columns = table[:-1, keys] * once
    return bool(np.add.reduceat(columns, grid.blocks, axis=1).max() <= 1)


def _one_value(chosen: Index, values: Index, blocks: Index) -> bool:
    """Whether each row of `chosen` chooses entries of one value only within each block."""
    none = int(values.max()) + 1
    high = np.maximum.reduceat((values + 1) * chosen, blocks, axis=1) - 1
    low = np.minimum.reduceat(values + none * (1 - chosen), blocks, axis=1)
    return not ((low != high) & (high >= 0)).any()


def never_empty(draft: Draft, selector: Selector) -> bool:
    """Whether every query chooses some key, on every input."""
    local = draft.local_pairs(selector)
    if local is not None:
        return bool(draft.locals.widths(local).min() >= 1)
    line = selector.line
    if line.keys != line.queries or not draft.sop(line.keys).total:
        return False
    return bool(selector.table.diagonal()[:-1].all())
