"""The functions that a line may have: those that agree with it on all arguments that occur."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from inverse_tracr.decompile.likely.assignment import Choice, Form, Naming, Values
from inverse_tracr.decompile.likely.prior import (
    binary_named,
    binary_table_nats,
    predicate_table_nats,
    predicates,
    unary_named,
    unary_table_nats,
)
from inverse_tracr.rasp.functions import Comparison, NamedBinary, NamedPredicate, NamedUnary
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value

Cell = tuple[Value, ...]
"""The values of all operands."""

_MOST_CELLS = 400
"""Arguments up to which named functions are tried."""
_UNLIKE_OUTPUT = 10.0
"""Nats of values of the output that are not those that the model's encoder has."""
_EVERYTHING = NamedPredicate(Comparison.TRUE)


@dataclass(frozen=True)
class MapPlace:
    """A map or a sequence map: what it gives for the arguments that occur, None for nothing.

    `fixed`: its values are seen, so they keep their names; `outputs` are all that are put out, if known.
    """

    gives: Mapping[Cell, Maybe]
    fixed: bool = False
    outputs: frozenset[Value] | None = None

    def table(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """The table of the line."""
        classes = tuple(dict.fromkeys(value for value in self.gives.values() if value is not None))
        names = classes if self.fixed else tuple(range(len(classes)))
        values = tuple(dict.fromkeys([*names, *(self.outputs or ())]))
        sets = [naming.values for naming in reads]
        sizes = len(self.gives), len(values)
        if len(sets) == 1:
            nats = unary_table_nats(sets[0], *sizes, free=not self.fixed)
        else:
            nats = binary_table_nats(sets[0], sets[1], *sizes, free=not self.fixed)
        naming = Naming(tuple(zip(classes, names, strict=True)), values, free=not self.fixed)
        yield Choice(None, naming, nats)

    def named(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """Named functions that give the same, but for the names of what they give."""
        renamed = [dict(naming.names) for naming in reads]
        cells: dict[Cell, Value] = {}
        for cell, value in self.gives.items():
            if value is None:
                return
            cells[tuple(names.get(x, x) for names, x in zip(renamed, cell, strict=True))] = value
        sets = [naming.values for naming in reads]
        found = _unary(sets[0], cells) if len(sets) == 1 else _binary(sets[0], sets[1])
        for function, results, turned, nats in found:
            naming = self._naming(cells, results)
            if naming is not None:
                unlike = self.outputs is not None and self.outputs.symmetric_difference(naming.values)
                nats += _UNLIKE_OUTPUT if unlike else 0.0
                yield Choice(function, naming, nats, _classes(results.values()), turned)

    def _naming(self, cells: Mapping[Cell, Value], results: Mapping[Cell, Maybe]) -> Naming | None:
        names = _one_to_one(cells, results)
        if names is None or (self.fixed and any(old != new for old, new in names.items())):
            return None
        values = tuple(dict.fromkeys(_plain(y) for y in results.values() if y is not None))
        if len(values) < 2:
            return None
        return Naming(tuple((old, _plain(new)) for old, new in names.items()), values)


@dataclass(frozen=True)
class SelectPlace:
    """A select: whether it selects each key and query that meet, or `everything` without any exception.

    `moves`: what is selected is moved, `by_position` with indices as keys.
    """

    selects: Mapping[Cell, bool]
    everything: bool = False
    moves: bool = False
    by_position: bool = False

    def table(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """The table of the line; a select of everything is drawn as such and never otherwise."""
        if self.everything:
            yield Choice(_EVERYTHING, None, 0.0)
            return
        count = sum(self.selects.values())
        nats = predicate_table_nats(reads[0].values, reads[1].values, count, len(self.selects) - count)
        yield Choice(None, None, nats)

    def named(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """Comparisons that select the same."""
        if self.everything:
            return
        keys, queries = (naming.values for naming in reads)
        rows, columns = (_places(naming) for naming in reversed(reads))
        cells = [(rows[query], columns[key], chosen) for (key, query), chosen in self.selects.items()]
        likely = predicates(keys, queries, moves=self.moves, by_position=self.by_position)
        for predicate, nats in likely.items():
            table = tabulate_predicate(predicate, keys, queries)
            if all(table[row][column] == chosen for row, column, chosen in cells):
                yield Choice(predicate, None, nats, tuple(int(x) for row in table for x in row))


Place = MapPlace | SelectPlace


def _places(naming: Naming) -> dict[Value, int]:
    """Where each value that occurs stands among all."""
    at = {value: number for number, value in enumerate(naming.values)}
    return {old: at[new] for old, new in naming.names}


_Candidate = tuple[NamedUnary | NamedBinary, Mapping[Cell, Maybe], bool, float]


def _unary(values: Values, cells: Mapping[Cell, Value]) -> Iterator[_Candidate]:
    seen = tuple(dict.fromkeys(cell[0] for cell in cells))
    fractions = any(isinstance(value, float) for value in values)
    xs = tuple(dict.fromkeys([*values, *seen]))  # means that occur may differ in the last digit
    for function, nats in unary_named(values, seen, fractions=fractions):
        results = tabulate_unary(function, xs)
        yield function, {(x,): y for x, y in zip(xs, results, strict=True)}, False, nats


def _binary(xs: Values, ys: Values) -> Iterator[_Candidate]:
    if len(xs) * len(ys) > _MOST_CELLS:
        return
    pairs, turned_pairs = list(product(xs, ys)), [(x, y) for y in ys for x in xs]
    for function, nats in binary_named(xs, ys):
        results = dict(zip(pairs, tabulate_binary(function, xs, ys), strict=True))
        yield function, results, False, nats
        turned = dict(zip(turned_pairs, tabulate_binary(function, ys, xs), strict=True))
        yield function, {pair: turned[pair] for pair in pairs}, True, nats


def _one_to_one(cells: Mapping[Cell, Value], results: Mapping[Cell, Maybe]) -> dict[Value, Value] | None:
    """The new name of each class, where classes and results are the same partition of the cells."""
    names: dict[Value, Value] = {}
    for cell, old in cells.items():
        new = results.get(cell)
        if new is None or names.setdefault(old, new) != new:
            return None
    return names if len(set(names.values())) == len(names) else None


def _classes(results: Iterable[Maybe]) -> Form:
    """Results numbered by first occurrence."""
    numbers: dict[Maybe, int] = {}
    return tuple(numbers.setdefault(value, len(numbers)) for value in results)


def _plain(value: Value) -> Value:
    """The whole number that equals a value, if there is one."""
    return int(value) if isinstance(value, bool | float) and value == int(value) else value
