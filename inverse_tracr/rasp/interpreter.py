"""The meaning of programs, vectorised over inputs: what everything else is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value, is_number

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Categorical:
    """Values of a categorical s-op on a batch: `values[index]`, no value where the index is -1.

    `index` has shape [inputs, positions].
    """

    values: tuple[Value, ...]
    index: Indices

    def decode(self) -> list[list[Maybe]]:
        """Values input by input."""
        table = [*self.values, None]
        return [[table[i] for i in row] for row in self.index.tolist()]


@dataclass(frozen=True)
class Numerical:
    """Values of a numerical s-op on a batch, shape [inputs, positions]; NaN where there is none."""

    numbers: NDArray[np.float64]

    def decode(self) -> list[list[Maybe]]:
        """Values input by input."""
        return [[None if x != x else x for x in row] for row in self.numbers.tolist()]


@dataclass(frozen=True)
class Selection:
    """Which keys each query selects, shape [inputs, queries, keys]."""

    chosen: NDArray[np.bool_]


Column = Categorical | Numerical


class Trace:
    """The value of every line of a program on a batch of inputs of one length.

    `inputs` are indices into `signature.vocab`, shape [inputs, positions].
    """

    def __init__(self, program: Program, signature: Signature, inputs: Indices) -> None:
        count, length = inputs.shape
        positions = np.broadcast_to(np.arange(length), (count, length))
        self._inputs = (
            Categorical(signature.vocab, inputs),
            Categorical(tuple(range(length)), positions),
        )
        self._causal = signature.causal
        self._program = program
        self._lines: list[Column | Selection] = []
        for line in program.lines:
            self._lines.append(self._run(line))
        self.output = self.column(program.output)

    def column(self, ref: Ref) -> Column:
        """Values of an s-op; raises TypeError for a selector."""
        found = self._inputs[0 if ref == TOKENS else 1] if ref < 0 else self._lines[ref]
        if isinstance(found, Selection):
            raise TypeError(f"line {ref + 1} is a selector")
        return found

    def selection(self, ref: Ref) -> Selection:
        """What a select chose; raises TypeError for an s-op."""
        found = self._lines[ref] if ref >= 0 else None
        if not isinstance(found, Selection):
            raise TypeError(f"line {ref + 1} is an s-op")
        return found

    def _categorical(self, ref: Ref) -> Categorical:
        column = self.column(ref)
        assert isinstance(column, Categorical)
        return column

    def _run(self, line: Line) -> Column | Selection:
        match line:
            case Map():
                # Tracr fuses a map of a map: no rounding to the values of a numerical s-op in between.
                fused = line.operand >= 0 and isinstance(self._program.lines[line.operand], Map)
                return _map(self.column(line.operand), line.function, line.encoding, exact=fused)
            case SequenceMap():
                return _sequence_map(self._categorical(line.first), self._categorical(line.second), line)
            case LinearSequenceMap():
                x, y = self.column(line.first), self.column(line.second)
                assert isinstance(x, Numerical)
                assert isinstance(y, Numerical)
                return Numerical(line.first_factor * x.numbers + line.second_factor * y.numbers)
            case Select():
                return self._select(line)
            case Aggregate():
                chosen = self.selection(line.selector).chosen
                values = self.column(line.values)
                if isinstance(values, Numerical):
                    return _mean(chosen, values)
                return _gather(chosen, values)
            case SelectorWidth():
                return self._width(line)

    def _select(self, line: Select) -> Selection:
        keys, queries = self._categorical(line.keys), self._categorical(line.queries)
        table = np.zeros((len(queries.values) + 1, len(keys.values) + 1), dtype=np.bool_)
        if keys.values and queries.values:
            table[:-1, :-1] = tabulate_predicate(line.predicate, keys.values, queries.values)
        chosen = table[queries.index[:, :, None], keys.index[:, None, :]]
        if self._causal:
            chosen &= np.tri(chosen.shape[1], dtype=np.bool_)
        return Selection(chosen)

    def _width(self, line: SelectorWidth) -> Column:
        widths = self.selection(line.selector).chosen.sum(axis=2)
        if line.encoding is Encoding.NUMERICAL:
            return Numerical(widths.astype(np.float64))
        return Categorical(tuple(range(widths.shape[1] + 1)), widths)


def _column(results: Sequence[Maybe], where: Indices, encoding: Encoding) -> Column:
    """Results looked up at `where` (-1: no value); entry -1 of the table stands for no value."""
    if encoding is Encoding.NUMERICAL:
        numbers = [float(r) if is_number(r) else np.nan for r in results]
        return Numerical(np.array([*numbers, np.nan])[where])
    positions: dict[Value, int] = {}
    table = [-1 if r is None else positions.setdefault(r, len(positions)) for r in results]
    return Categorical(tuple(positions), np.array([*table, -1], dtype=np.int64)[where])


def _map(operand: Column, function: UnaryFunction, encoding: Encoding, *, exact: bool) -> Column:
    if isinstance(operand, Categorical):
        return _column(tabulate_unary(function, operand.values), operand.index, encoding)
    distinct, inverse = np.unique(operand.numbers, return_inverse=True)
    at_number = function if exact else partial(_at_number, function)
    results = [None if x != x else at_number(x) for x in distinct.tolist()]
    return _column(results, inverse.reshape(operand.numbers.shape), encoding)


def _at_number(function: UnaryFunction, x: float) -> Maybe:
    """`function` at the number of a numerical s-op; tables take their nearest key."""
    return function.nearest(x) if isinstance(function, UnaryTable) else function(x)


def _sequence_map(x: Categorical, y: Categorical, line: SequenceMap) -> Column:
    results = tabulate_binary(line.function, x.values, y.values)
    where = np.where((x.index < 0) | (y.index < 0), -1, x.index * len(y.values) + y.index)
    return _column(results, where, Encoding.CATEGORICAL)


def _mean(chosen: NDArray[np.bool_], values: Numerical) -> Numerical:
    """Mean over the chosen positions; positions without a value count as 0, no positions give 0."""
    sums = np.einsum("nqk,nk->nq", chosen.astype(np.float64), np.nan_to_num(values.numbers))
    return Numerical(sums / np.maximum(chosen.sum(axis=2), 1))


def _gather(chosen: NDArray[np.bool_], values: Categorical) -> Categorical:
    """The one value among the chosen positions; several: their mean where all are numbers."""
    valued = chosen & (values.index >= 0)[:, None, :]
    counts = chosen.sum(axis=2)
    many = len(values.values)
    low = np.where(valued, values.index[:, None, :], many).min(axis=2)
    high = np.where(valued, values.index[:, None, :], -1).max(axis=2)
    shared = (low == high) & (2 * valued.sum(axis=2) >= counts)
    index = np.where(shared, low, -1)
    mixed = low < high
    if not mixed.any():
        return Categorical(values.values, index)
    return _average(values, index, valued[mixed], counts[mixed], mixed)


def _average(
    values: Categorical,
    index: Indices,
    valued: NDArray[np.bool_],
    counts: NDArray[np.int64],
    mixed: NDArray[np.bool_],
) -> Categorical:
    """RASP's mean where several values were selected: a new value, or none where one is no number."""
    numbers = np.array([float(v) if is_number(v) else np.nan for v in values.values] + [0.0])
    rows = np.nonzero(mixed)[0]
    chosen = np.where(valued, numbers[values.index[rows]], 0.0)
    means = chosen.sum(axis=1) / counts
    positions = {v: i for i, v in enumerate(values.values)}
    found = [-1 if m != m else positions.setdefault(m, len(positions)) for m in means.tolist()]
    index = index.copy()
    index[mixed] = found
    return Categorical(tuple(positions), index)


def encode_inputs(signature: Signature, sequences: Sequence[Sequence[Value]]) -> Indices:
    """Sequences of one length as indices into the vocabulary, shape [inputs, positions]."""
    positions = {token: i for i, token in enumerate(signature.vocab)}
    return np.array([[positions[t] for t in row] for row in sequences], dtype=np.int64)


def evaluate(program: Program, signature: Signature, tokens: Sequence[Value]) -> list[Maybe]:
    """Outputs of a program on one input, position by position."""
    from inverse_tracr.rasp.inputs import check_input

    check_input(signature, tokens)
    return Trace(program, signature, encode_inputs(signature, [tokens])).output.decode()[0]
