"""Proofs that an aggregate never mixes values, and that it never comes out empty.

Probes can only refute; these hold on every input of the signature.
"""

from __future__ import annotations

import numpy as np

from inverse_tracr.sample.facts import Selector, Sop
from inverse_tracr.sample.grid import Choice, Grid
from inverse_tracr.sample.kernels import chooses_one_entry, chooses_one_value

_ONE_BLOCK = np.zeros(1, dtype=np.intp)


def never_mixes(grid: Grid, selector: Selector, values: Sop) -> bool:
    """Whether all keys that one query chooses carry the same value, on every input; `grid` is the local one.

    Three ways to know: at most one key is chosen; keys and values are local, and no query value chooses two
    local keys of one length with different values; both are functions of one s-op, and no query value chooses
    two of its values that differ in theirs.
    """
    keys, rows = selector.keys, selector.table[:-1]
    if (
        keys.token_free
        and keys.local is not None
        and chooses_one_entry(rows, keys.local, grid.first_tokens, grid.first_blocks)
    ):
        return True
    if keys.local is not None and values.local is not None:
        return chooses_one_value(rows, keys.local, values.local, grid.blocks)
    if keys.root == values.root:
        return chooses_one_value(rows, keys.root_table, values.root_table, _ONE_BLOCK)
    return False


def never_empty(grid: Grid, selector: Selector) -> bool:
    """Whether every query chooses some key, on every input; `grid` is the local one."""
    choice = local_choice(grid, selector)
    if choice is not None:
        return bool(choice.widths.min() >= 1)
    keys, queries = selector.keys, selector.queries
    if keys.key != queries.key or keys.values != queries.values or not keys.total:
        return False
    return bool(selector.table.diagonal()[:-1].all())


def local_choice(grid: Grid, selector: Selector) -> Choice | None:
    """What a selector chooses on the local grid, where that does not depend on tokens at other positions."""
    keys, queries = selector.keys, selector.queries
    if not keys.token_free or keys.local is None or queries.local is None:
        return None
    return grid.choose(selector.table, queries.local, keys.local)
