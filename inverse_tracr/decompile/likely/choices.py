"""The functions that a line may have: those that agree with it on all arguments that occur."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

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

_T = TypeVar("_T")
Cell = tuple[Value, ...]
"""The values of all operands."""

_MOST_CELLS = 400
"""Arguments up to which named functions are tried."""
_UNLIKE_OUTPUT = 10.0
"""Nats of values of the output that are not those that the model's encoder has."""
_OF_TWO = 4.0
"""Nats of a map of two values that is no number, which is not drawn."""
_WRONG, _RIGHT = 6.0, 0.02
"""Nats of an entry that weights have, and no input leads to, that is another one or the same."""
_LOST = 1.0
"""Nats of a value whose difference from another one has been lost, where no line reads them apart."""
_EVERYTHING = NamedPredicate(Comparison.TRUE)


@dataclass(frozen=True)
class MapPlace:
    """A map or a sequence map: what it gives for the arguments that occur, None for nothing.

    `fixed`: its values are seen, so they keep their names; `outputs` are all that are put out, if known.
    `lost`: one of its values may stand for several; `others` is what weights say of arguments that do not
    occur. `number`: it gives numbers to a numerical encoding.
    """

    gives: Mapping[Cell, Maybe]
    fixed: bool = False
    outputs: frozenset[Value] | None = None
    lost: bool = False
    others: Mapping[Cell, Maybe] = field(default_factory=dict[Cell, Maybe])
    number: bool = False

    def table(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """The table of the line."""
        said = (*self.gives.values(), *self.others.values())
        classes = tuple(dict.fromkeys(value for value in said if value is not None))
        names = classes if self.fixed else tuple(range(len(classes)))
        values = tuple(dict.fromkeys([*names, *(self.outputs or ())]))
        sets = [naming.values for naming in reads]
        known = len(_expanded(self.gives, reads)) + len(_expanded(self.others, reads))
        sizes = known, len(values)
        if len(sets) == 1:
            nats = unary_table_nats(sets[0], *sizes, free=not self.fixed) + self._unusual(sets[0])
        else:
            nats = binary_table_nats(sets[0], sets[1], *sizes, free=not self.fixed)
        naming = Naming(tuple(zip(classes, names, strict=True)), values, free=not self.fixed)
        yield Choice(None, naming, nats)

    def named(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """Named functions that give the same, but for the names of what they give."""
        gives = {cell: value for cell, value in self.gives.items() if value is not None}
        if len(gives) < len(self.gives):
            return
        cells, others = _expanded(gives, reads), _expanded(self.others, reads)
        said = {*gives.values(), *self.others.values()}
        sets = [naming.values for naming in reads]
        found = _unary(sets[0], cells) if len(sets) == 1 else _binary(sets[0], sets[1])
        unusual = self._unusual(sets[0]) if len(sets) == 1 else 0.0
        for function, results, turned, nats in found:
            back = _origins(cells, results)
            if back is None or _hands_on(cells, results) or not self._allows(back):
                continue
            nats += unusual + _doubt(others, results, back) + _LOST * (len(back) - len(set(back.values())))
            values = tuple(dict.fromkeys(_plain(y) for y in results.values() if y is not None))
            if len(values) < 2 or (self.number and not said.issuperset(values)):
                continue
            if self.outputs is not None and self.outputs.symmetric_difference(values):
                nats += _UNLIKE_OUTPUT
            naming = Naming(tuple((old, _plain(new)) for new, old in back.items()), values)
            yield Choice(function, naming, nats, _classes(results.values()), turned)

    def _allows(self, back: Mapping[Value, Value]) -> bool:
        """Whether its values may have come from these."""
        if self.fixed:
            return all(old == new for new, old in back.items())
        return self.lost or len(set(back.values())) == len(back)

    def _unusual(self, values: Values) -> float:
        return _OF_TWO if len(values) < 3 and not self.number else 0.0


@dataclass(frozen=True)
class SelectPlace:
    """A select: whether it selects each key and query that meet, or `everything` without any exception.

    `moves`: what is selected is moved, `by_position` with indices as keys. `others`: what weights say of keys
    and queries that never meet.
    """

    selects: Mapping[Cell, bool]
    everything: bool = False
    moves: bool = False
    by_position: bool = False
    others: Mapping[Cell, bool] = field(default_factory=dict[Cell, bool])

    def table(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """The table of the line; a select of everything is drawn as such and never otherwise."""
        if self.everything:
            yield Choice(_EVERYTHING, None, 0.0)
            return
        cells = {**_expanded(self.others, reads), **_expanded(self.selects, reads)}
        count = sum(cells.values())
        nats = predicate_table_nats(reads[0].values, reads[1].values, count, len(cells) - count)
        yield Choice(None, None, nats)

    def named(self, reads: Sequence[Naming]) -> Iterator[Choice]:
        """Comparisons that select the same."""
        if self.everything:
            return
        keys, queries = (naming.values for naming in reads)
        cells, others = _expanded(self.selects, reads), _expanded(self.others, reads)
        likely = predicates(keys, queries, moves=self.moves, by_position=self.by_position)
        for predicate, nats in likely.items():
            if all(predicate(key, query) == chosen for (key, query), chosen in cells.items()):
                table = tabulate_predicate(predicate, keys, queries)
                wrong = sum(predicate(key, query) != chosen for (key, query), chosen in others.items())
                doubt = _WRONG * wrong + _RIGHT * (len(others) - wrong)
                yield Choice(predicate, None, nats + doubt, tuple(int(x) for row in table for x in row))


Place = MapPlace | SelectPlace


def _expanded(cells: Mapping[Cell, _T], reads: Sequence[Naming]) -> dict[Cell, _T]:
    """Cells under the names that operands have now: several where one value stands for several."""
    return {
        new: value
        for cell, value in cells.items()
        for new in product(*(naming.told.get(x, (x,)) for naming, x in zip(reads, cell, strict=True)))
    }


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


def _origins(cells: Mapping[Cell, Value], results: Mapping[Cell, Maybe]) -> dict[Value, Value] | None:
    """For each result the value that the cells have; None where they have several."""
    back: dict[Value, Value] = {}
    for cell, old in cells.items():
        new = results.get(cell)
        if new is None or back.setdefault(new, old) != old:
            return None
    return back


def _hands_on(cells: Mapping[Cell, Maybe], results: Mapping[Cell, Maybe]) -> bool:
    """Whether results are the values of one of the operands: no line does that."""
    return any(all(results[cell] == cell[i] for cell in cells) for i in range(len(next(iter(cells), ()))))


def _doubt(others: Mapping[Cell, Maybe], results: Mapping[Cell, Maybe], back: dict[Value, Value]) -> float:
    """Nats of what weights say of arguments that do not occur, where a function gives these results.

    Results that only those have get their values in `back`.
    """
    wrong = 0
    for cell, old in others.items():
        new = results.get(cell)
        wrong += new is None or old is None or back.setdefault(new, old) != old
    return _WRONG * wrong + _RIGHT * (len(others) - wrong)


def _classes(results: Iterable[Maybe]) -> Form:
    """Results numbered by first occurrence."""
    numbers: dict[Maybe, int] = {}
    return tuple(numbers.setdefault(value, len(numbers)) for value in results)


def _plain(value: Value) -> Value:
    """The whole number that equals a value, if there is one."""
    return int(value) if isinstance(value, bool | float) and value == int(value) else value
