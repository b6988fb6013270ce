"""What is known of selections without running anything: that they never mix values, and are never empty."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.plan import Plan
from inverse_tracr.rasp.program import INDICES, TOKENS, Encoding, Map, Ref, Select, SequenceMap

Index = NDArray[np.int64]
Chosen = NDArray[np.bool_]


class Proofs:
    """Lines as tables: over the values of the line that they are a function of, and over (token, position).

    A table holds indices into the line's value set, -1 where there is no value. What cannot be tabulated is
    a function of itself, and of no token and position. Tables are made when they are asked for.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        tokens, longest = len(plan.signature.vocab), plan.signature.max_seq_len
        self._roots: dict[Ref, tuple[Ref, Index]] = {
            TOKENS: (TOKENS, np.arange(tokens)),
            INDICES: (INDICES, np.arange(longest)),
        }
        by_token, by_position = _input_grids(tokens, longest)
        self._grids: dict[Ref, Index | None] = {TOKENS: by_token, INDICES: by_position}
        self._rows: dict[Ref, Index | None] = {INDICES: by_position[0]}

    def never_mixes(self, select: Select, values: Ref) -> bool:
        """Whether all keys that one query selects have the same value (or all none), on every input."""
        chosen = self._plan.selection(select)
        keys, moved = self._grid(select.keys), self._grid(values)
        if keys is not None:
            by_position = self._by_position(select.keys, keys)
            if by_position is not None and _one_at_most(chosen, by_position):
                return True
            if moved is not None and _one_value(chosen, keys, moved):
                return True
        (key_root, key_table), (value_root, value_table) = self._root(select.keys), self._root(values)
        return key_root == value_root and _one_value(chosen, key_table, value_table)

    def never_empty(self, select: Select, may_be_none: Callable[[Ref], bool]) -> bool:
        """Whether every query selects some key, on every input."""
        chosen = self._plan.selection(select)
        keys, queries = self._grid(select.keys), self._grid(select.queries)
        if keys is not None and queries is not None:
            if chosen[queries, keys].all():  # every position selects itself
                return True
            by_position = self._by_position(select.keys, keys)
            if by_position is None:
                return False
            earlier = _earlier(len(by_position))  # there in inputs of every length
            return bool((chosen[queries][:, :, by_position] & earlier).any(axis=2).all())
        (key_root, key_table), (query_root, query_table) = self._root(select.keys), self._root(select.queries)
        return (
            key_root == query_root
            and not may_be_none(key_root)
            and bool(chosen[query_table, key_table].all())
        )

    def _by_position(self, ref: Ref, table: Index) -> Index | None:
        """The values of `ref` by position, where its table is the same for every token."""
        if ref not in self._rows:
            row = table[0]
            self._rows[ref] = row if (table == row).all() else None
        return self._rows[ref]

    def _root(self, ref: Ref) -> tuple[Ref, Index]:
        """The line that `ref` is a function of, and that function."""
        if ref not in self._roots:
            self._roots[ref] = self._find_root(ref)
        return self._roots[ref]

    def _find_root(self, ref: Ref) -> tuple[Ref, Index]:
        plan, line = self._plan, self._plan.program.lines[ref]
        if isinstance(line, Map) and plan.program.encoding(line.operand) is Encoding.CATEGORICAL:
            root, below = self._root(line.operand)
            return root, plan.values.table(ref).places[below]
        if isinstance(line, SequenceMap):
            (first_root, first), (second_root, second) = self._root(line.first), self._root(line.second)
            if first_root == second_root:
                return first_root, self._pairs(ref, line, first, second)
        return ref, np.arange(len(plan.values[ref]))

    def _grid(self, ref: Ref) -> Index | None:
        """The table over (token, position), if there is one."""
        if ref not in self._grids:
            self._grids[ref] = self._find_grid(ref)
        return self._grids[ref]

    def _find_grid(self, ref: Ref) -> Index | None:
        plan, line = self._plan, self._plan.program.lines[ref]
        if isinstance(line, Map) and plan.program.encoding(line.operand) is Encoding.CATEGORICAL:
            below = self._grid(line.operand)
            return None if below is None else plan.values.table(ref).places[below]
        if isinstance(line, SequenceMap):
            first, second = self._grid(line.first), self._grid(line.second)
            return None if first is None or second is None else self._pairs(ref, line, first, second)
        return None

    def _pairs(self, ref: Ref, line: SequenceMap, first: Index, second: Index) -> Index:
        width = len(self._plan.values[line.second])
        places = self._plan.values.table(ref).places
        return places[np.where((first < 0) | (second < 0), -1, first * width + second)]


@lru_cache(maxsize=1_024)
def _input_grids(tokens: int, longest: int) -> tuple[Index, Index]:
    """The values of `tokens` and of `indices` by (token, position)."""
    by_token, by_position = np.indices((tokens, longest))
    return by_token, by_position


@lru_cache(maxsize=64)
def _earlier(longest: int) -> Chosen:
    """Which positions are not after a position."""
    return np.tri(longest, dtype=np.bool_)


def _one_at_most(chosen: Chosen, columns: Index) -> bool:
    """Whether each row of `chosen` chooses one of the `columns` at most."""
    return _most(chosen.take(columns, axis=1)) <= 1


def _one_value(chosen: Chosen, keys: Index, values: Index) -> bool:
    """Whether each row of `chosen` [queries, key values] chooses one value only, None being one.

    Entry by entry, `keys` and `values` are indices of a key and of the value that stands beside it.
    """
    met = np.zeros((chosen.shape[1], int(values.max(initial=-1)) + 2), dtype=np.bool_)
    met[keys, values] = True
    return _most(chosen @ met) <= 1


def _most(rows: Chosen) -> int:
    """The largest number of ones in a row."""
    # Methods of arrays go through Python, and take twice as long as what they call.
    return int(np.maximum.reduce(np.add.reduce(rows, axis=1)))
