"""A program with its functions written out as tables over value sets: what a small interpreter can run.

The page runs programs by looking results up, so that it need not know what any function means. Values
are positions in the value list of their line; -1 is no value.
"""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.errors import BadInputError, CapExceededError, InverseTracrError
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.program import (
    INDICES,
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
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, as_number, is_number, ordered
from inverse_tracr.report.text import operation, shown

MAX_ENTRIES = 100_000
"""Largest table that is written out; a program with a larger one is shown, but not run in the page."""

Row = dict[str, object]


@dataclass(frozen=True)
class Tables:
    """The lines of a program as data for JSON with the values of each, or why there are none."""

    lines: tuple[Row, ...]
    values: dict[Ref, tuple[Value, ...]]
    problem: str = ""


def tables(program: Program, signature: Signature) -> Tables:
    """Every line of a program with its function as a table."""
    writer = _Writer(program, signature)
    try:
        lines = tuple(writer.row(position) for position in range(len(program)))
    except InverseTracrError as error:
        return Tables((), {}, str(error))
    return Tables(lines, writer.values)


def value_rows(values: tuple[Value, ...]) -> Row:
    """Values as texts, and as numbers where they are numbers."""
    return {"values": [shown(v) for v in values], "numbers": [_number(v) for v in values]}


class _Writer:
    """Writes line after line; `values` are those that a categorical line can take."""

    def __init__(self, program: Program, signature: Signature) -> None:
        self._program = program
        self._signature = signature
        self.values: dict[Ref, tuple[Value, ...]] = {
            TOKENS: signature.vocab,
            INDICES: tuple(range(signature.max_seq_len)),
        }

    def row(self, position: int) -> Row:
        line = self._program.lines[position]
        row: Row = {"operation": operation(line), **self._function(position, line)}
        match self._program.encoding(position):
            case None:
                return {**row, "kind": "selector"}
            case Encoding.NUMERICAL:
                return {**row, "kind": "numerical"}
            case Encoding.CATEGORICAL:
                return {**row, "kind": "categorical", **value_rows(self.values[position])}

    def _function(self, position: int, line: Line) -> Row:
        match line:
            case Map():
                return {"operand": line.operand, **self._map(position, line)}
            case SequenceMap():
                xs, ys = self.values[line.first], self.values[line.second]
                _check_size(len(xs) * len(ys))
                table = self._indices(position, tabulate_binary(line.function, xs, ys))
                return {"first": line.first, "second": line.second, "columns": len(ys), "table": table}
            case LinearSequenceMap():
                factors = [line.first_factor, line.second_factor]
                return {"first": line.first, "second": line.second, "factors": factors}
            case Select():
                return {"keys": line.keys, "queries": line.queries, "rows": self._chosen(line)}
            case Aggregate():
                if line.values in self.values:
                    self.values[position] = self.values[line.values]
                return {"selector": line.selector, "of": line.values}
            case SelectorWidth():
                self.values[position] = tuple(range(self._signature.max_seq_len + 1))
                return {"selector": line.selector}

    def _map(self, position: int, line: Map) -> Row:
        """The table of a map; of a numerical operand with the numbers `at` which it is known.

        The nearest of these counts; where it must be one of them, `exact` is True.
        """
        rows: Row = {}
        if self._program.encoding(line.operand) is Encoding.NUMERICAL:
            numbers, results, exact = self._at_numbers(line)
            rows = {"at": numbers, "exact": exact}
        else:
            _check_size(len(self.values[line.operand]))
            results = tabulate_unary(line.function, self.values[line.operand])
        if line.encoding is Encoding.NUMERICAL:
            return {**rows, "table": [_number(r) for r in results]}
        return {**rows, "table": self._indices(position, results)}

    def _at_numbers(self, line: Map) -> tuple[list[float], tuple[Maybe, ...], bool]:
        function = line.function
        if isinstance(function, UnaryTable) and function.default is None:
            numbers = sorted(float(k) for k, _ in function.entries if is_number(k))
            if numbers:
                return numbers, tuple(function.nearest(x) for x in numbers), False
        found = _value_sets(self._program, self._signature)[line.operand]
        _check_size(len(found))
        numbers = sorted({as_number(x) for x in found})
        return numbers, tuple(function(x) for x in numbers), True

    def _chosen(self, line: Select) -> list[str]:
        keys, queries = self.values[line.keys], self.values[line.queries]
        _check_size(len(keys) * len(queries))
        rows = tabulate_predicate(line.predicate, keys, queries)
        return ["".join("1" if chosen else "0" for chosen in row) for row in rows]

    def _indices(self, position: int, results: tuple[Maybe, ...]) -> list[int]:
        """Results as positions among the values of the line, which they decide."""
        values = ordered(r for r in results if r is not None)
        self.values[position] = values
        place = {value: i for i, value in enumerate(values)}
        return [-1 if r is None else place[r] for r in results]


def _value_sets(program: Program, signature: Signature) -> ValueSets:
    """Value sets with every mean k/n that occurs; Tracr's own where those explode."""
    try:
        return ValueSets(program, signature, exact_means=True)
    except (BadInputError, CapExceededError):
        return ValueSets(program, signature)


def _number(value: Maybe) -> float | None:
    return float(value) if is_number(value) else None


def _check_size(entries: int) -> None:
    if entries > MAX_ENTRIES:
        raise CapExceededError(
            f"a table of {entries} entries is too large for the page", expected=f"at most {MAX_ENTRIES}"
        )
