"""Programs run on inputs of many lengths at once: the interpreter's meaning, several times as fast.

Functions of two s-ops are tabulated only where their operands meet when their values are many, as in programs
of the thesis that average what an aggregate mixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.functions import UnaryFunction, UnaryTable
from inverse_tracr.rasp.program import (
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import selection_table, tabulated_binary, tabulated_unary
from inverse_tracr.rasp.values import Maybe, Value, is_number
from inverse_tracr.sample.grid import Choice, Grid, Index
from inverse_tracr.sample.kernels import settle

Numbers = NDArray[np.float64]
Labels = tuple[tuple[Value, ...], Index]
"""Values, and an index into them for every entry; their number where there is no value."""


LARGEST_TABLE = 4_096
"""Pairs of values up to which a function of two s-ops is tabulated on all of them."""


class RaggedTrace:
    """The values of all lines on the entries of a grid."""

    def __init__(self, program: Program, signature: Signature, grid: Grid) -> None:
        self._grid = grid
        self._program = program
        longest = signature.max_seq_len
        self._widths = tuple(range(longest + 1))
        self._inputs: tuple[Labels, Labels] = (
            (signature.vocab, grid.tokens),
            (tuple(range(longest)), grid.positions),
        )
        self._labels: dict[Ref, Labels] = {}
        self._numbers: dict[Ref, Numbers] = {}
        self._chosen: dict[Ref, Choice] = {}
        for ref, line in enumerate(program.lines):
            self._run(ref, line)

    def output(self) -> Labels | Numbers:
        """Labels, or numbers with NaN where there is none."""
        ref = self._program.output
        return self._numbers[ref] if ref in self._numbers else self._labelled(ref)

    def _labelled(self, ref: Ref) -> Labels:
        return self._inputs[0 if ref == TOKENS else 1] if ref < 0 else self._labels[ref]

    def _run(self, ref: Ref, line: Line) -> None:
        match line:
            case Map():
                self._map(ref, line)
            case SequenceMap():
                self._labels[ref] = _pairwise(line, self._labelled(line.first), self._labelled(line.second))
            case LinearSequenceMap():
                x, y = self._numbers[line.first], self._numbers[line.second]
                self._numbers[ref] = line.first_factor * x + line.second_factor * y
            case Select():
                self._chosen[ref] = self._select(line)
            case Aggregate():
                self._aggregate(ref, self._chosen[line.selector], line.values)
            case SelectorWidth():
                widths = self._chosen[line.selector].widths
                if line.encoding is Encoding.NUMERICAL:
                    self._numbers[ref] = widths.astype(np.float64)
                else:
                    self._labels[ref] = self._widths, widths

    def _map(self, ref: Ref, line: Map) -> None:
        if line.operand in self._numbers:
            # Tracr fuses a map of a map: no rounding to the values of a numerical s-op in between.
            fused = isinstance(self._program.lines[line.operand], Map)
            function = line.function if fused else partial(_at_number, line.function)
            distinct, where = np.unique(self._numbers[line.operand], return_inverse=True)
            results = [None if x != x else function(x) for x in distinct.tolist()]
        else:
            xs, where = self._labelled(line.operand)
            known = tabulated_unary(line.function, xs)
            if line.encoding is Encoding.CATEGORICAL:
                self._labels[ref] = known.values, known.labels.take(where)
                return
            results = known.results
        if line.encoding is Encoding.NUMERICAL:
            numbers = [float(r) if is_number(r) else np.nan for r in results]
            self._numbers[ref] = np.array([*numbers, np.nan]).take(where)
        else:
            table, values = _table(results)
            self._labels[ref] = values, table.take(where)

    def _aggregate(self, ref: Ref, choice: Choice, values: Ref) -> None:
        grid, (chosen, widths, _) = self._grid, choice
        if values in self._numbers:
            numbers = np.nan_to_num(self._numbers[values]).take(grid.keys)
            sums = np.add.reduceat(numbers * chosen, grid.starts)
            self._numbers[ref] = sums / np.maximum(widths, 1)
            return
        known, index = self._labelled(values)
        found, mixes = settle(chosen, index, grid.keys, grid.starts, len(known))
        if mixes:
            known, found = self._mixed(choice, known, index, found)
        self._labels[ref] = known, found

    def _mixed(self, choice: Choice, known: tuple[Value, ...], index: Index, found: Index) -> Labels:
        """What was found, with means where several values were selected."""
        grid, none = self._grid, len(known)
        at_keys = index.take(grid.keys)
        valued = choice.chosen * (at_keys < none)
        high = np.maximum.reduceat((at_keys + 1) * valued, grid.starts) - 1
        low = np.minimum.reduceat(np.where(valued, at_keys, none), grid.starts)
        numbers = np.array([float(v) if is_number(v) else np.nan for v in known] + [0.0])
        sums = np.add.reduceat(np.where(valued, numbers.take(at_keys), 0.0), grid.starts)
        return _with_means(known, found, low < high, sums / np.maximum(choice.widths, 1))

    def _select(self, line: Select) -> Choice:
        (keys, key), (queries, query) = self._labelled(line.keys), self._labelled(line.queries)
        if len(keys) * len(queries) <= LARGEST_TABLE:
            return self._grid.choose(selection_table(line.predicate, keys, queries), query, key)
        width = len(keys) + 1
        codes = query.take(self._grid.queries) * width + key.take(self._grid.keys)
        met, where = np.unique(codes, return_inverse=True)
        pairs = [divmod(code, width) for code in met.tolist()]
        found = [q < len(queries) and k < len(keys) and line.predicate(keys[k], queries[q]) for q, k in pairs]
        chosen = np.array(found, dtype=np.uint8).take(where)
        return Choice(chosen, self._grid.widths(chosen), int(np.count_nonzero(chosen)))


def _pairwise(line: SequenceMap, first: Labels, second: Labels) -> Labels:
    (xs, x), (ys, y) = first, second
    width = len(ys) + 1
    codes = x * width + y
    if len(xs) * len(ys) <= LARGEST_TABLE:
        known = tabulated_binary(line.function, xs, ys)
        square = np.full((len(xs) + 1, width), len(known.values), dtype=np.intp)
        square[:-1, :-1] = known.labels[:-1].reshape(len(xs), len(ys))
        return known.values, square.take(codes)
    met, where = np.unique(codes, return_inverse=True)
    pairs = [divmod(code, width) for code in met.tolist()]
    results = [line.function(xs[i], ys[j]) if i < len(xs) and j < len(ys) else None for i, j in pairs]
    table, values = _table(results)
    return values, table.take(where)


def _with_means(known: tuple[Value, ...], index: Index, mixed: NDArray[np.bool_], means: Numbers) -> Labels:
    """RASP's mean where several values were selected: a new value, or none where one is no number."""
    positions = {value: i for i, value in enumerate(known)}
    found = [-1 if m != m else positions.setdefault(m, len(positions)) for m in means[mixed].tolist()]
    index = np.where(index == len(known), -1, index)
    index[mixed] = found
    index[index < 0] = len(positions)
    return tuple(positions), index


def _table(results: Sequence[Maybe]) -> tuple[Index, tuple[Value, ...]]:
    """Indices of results into their different values, which come second; a last entry for no value."""
    positions: dict[Value, int] = {}
    found = [-1 if r is None else positions.setdefault(r, len(positions)) for r in results]
    none = len(positions)
    table = np.array([*found, none], dtype=np.intp)
    table[table < 0] = none
    return table, tuple(positions)


def _at_number(function: UnaryFunction, x: float) -> Maybe:
    """`function` at the number of a numerical s-op; tables take their nearest key."""
    return function.nearest(x) if isinstance(function, UnaryTable) else function(x)
