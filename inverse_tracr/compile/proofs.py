"""What is known of selections without running anything: that they never mix values, and are never empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.plan import Plan
from inverse_tracr.rasp.functions import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.program import INDICES, TOKENS, Encoding, Map, Ref, Select, SequenceMap
from inverse_tracr.rasp.values import Maybe, Value

Index = NDArray[np.int64]
Chosen = NDArray[np.bool_]


class Proofs:
    """Lines as tables: over the values of the line that they are a function of, and over (token, position).

    A table holds indices into the line's value set, -1 where there is no value. What cannot be tabulated is
    a function of itself, and of no token and position.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        tokens, longest = len(plan.signature.vocab), plan.signature.max_seq_len
        shape = (tokens, longest)
        self._root: dict[Ref, tuple[Ref, Index]] = {
            TOKENS: (TOKENS, np.arange(tokens)),
            INDICES: (INDICES, np.arange(longest)),
        }
        self._grid: dict[Ref, Index] = {
            TOKENS: np.broadcast_to(np.arange(tokens)[:, None], shape),
            INDICES: np.broadcast_to(np.arange(longest), shape),
        }
        for position, line in enumerate(plan.program.lines):
            if not isinstance(line, Select):
                self._tabulate(position)

    def never_mixes(self, select: Select, values: Ref) -> bool:
        """Whether all keys that one query selects have the same value (or all none), on every input."""
        chosen = self._chosen(select)
        keys, moved = self._grid.get(select.keys), self._grid.get(values)
        if keys is not None:
            by_position = keys[0]
            if (keys == by_position).all() and chosen[:, by_position].sum(axis=1).max(initial=0) <= 1:
                return True
            if moved is not None and _one_value(chosen[:, keys.ravel()], moved.ravel()):
                return True
        (key_root, key_table), (value_root, value_table) = self._root[select.keys], self._root[values]
        return key_root == value_root and _one_value(chosen[:, key_table], value_table)

    def never_empty(self, select: Select, may_be_none: Callable[[Ref], bool]) -> bool:
        """Whether every query selects some key, on every input."""
        chosen = self._chosen(select)
        keys, queries = self._grid.get(select.keys), self._grid.get(select.queries)
        if keys is not None and queries is not None:
            if chosen[queries, keys].all():  # every position selects itself
                return True
            by_position = keys[0]
            if (keys == by_position).all():
                earlier = np.tri(len(by_position), dtype=np.bool_)  # there in inputs of every length
                return bool((chosen[queries][:, :, by_position] & earlier).any(axis=2).all())
            return False
        (key_root, key_table), (query_root, query_table) = self._root[select.keys], self._root[select.queries]
        return (
            key_root == query_root
            and not may_be_none(key_root)
            and bool(chosen[query_table, key_table].all())
        )

    def _chosen(self, select: Select) -> Chosen:
        """The predicate's table, with a last row and column for None, which select nothing."""
        keys, queries = self._plan.values[select.keys], self._plan.values[select.queries]
        chosen = np.zeros((len(queries) + 1, len(keys) + 1), dtype=np.bool_)
        if keys and queries:
            chosen[:-1, :-1] = tabulate_predicate(select.predicate, keys, queries)
        return chosen

    def _tabulate(self, position: int) -> None:
        plan = self._plan
        line, values = plan.program.lines[position], plan.values
        if isinstance(line, Map) and plan.program.encoding(line.operand) is Encoding.CATEGORICAL:
            table = _indices(tabulate_unary(line.function, values[line.operand]), values[position])
            root, below = self._root[line.operand]
            self._root[position] = (root, table[below])
            if line.operand in self._grid:
                self._grid[position] = table[self._grid[line.operand]]
            return
        self._root[position] = (position, np.arange(len(values[position])))
        if isinstance(line, SequenceMap):
            self._tabulate_pairs(position, line)

    def _tabulate_pairs(self, position: int, line: SequenceMap) -> None:
        values = self._plan.values
        xs, ys = values[line.first], values[line.second]
        flat = _indices(tabulate_binary(line.function, xs, ys), values[position])

        def pairs(x: Index, y: Index) -> Index:
            return flat[np.where((x < 0) | (y < 0), -1, x * len(ys) + y)]

        (first_root, first), (second_root, second) = self._root[line.first], self._root[line.second]
        if first_root == second_root:
            self._root[position] = (first_root, pairs(first, second))
        if line.first in self._grid and line.second in self._grid:
            self._grid[position] = pairs(self._grid[line.first], self._grid[line.second])


def _indices(results: tuple[Maybe, ...], values: tuple[Value, ...]) -> Index:
    """Where each result stands in `values`, -1 for None; a last entry answers None itself."""
    place: dict[Any, int] = {value: i for i, value in enumerate(values)}
    return np.array([*(-1 if r is None else place[r] for r in results), -1])


def _one_value(chosen: Chosen, values: Index) -> bool:
    """Whether each row of `chosen` chooses entries of one value only."""
    if not chosen.size:
        return True
    high = np.where(chosen, values, -2).max(axis=1)
    low = np.where(chosen, values, np.iinfo(np.int64).max).min(axis=1)
    return bool(((low == high) | (high == -2)).all())
