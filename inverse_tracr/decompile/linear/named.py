"""The simplest function that puts cells into given classes: a named one where one fits, else a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from inverse_tracr.decompile.likely.prior import (
    binary_named,
    binary_table_nats,
    unary_named,
    unary_table_nats,
)
from inverse_tracr.decompile.linear.written import Labels
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryTable,
    NamedBinary,
    NamedUnary,
    UnaryFunction,
    UnaryTable,
)
from inverse_tracr.rasp.program import Encoding, Map, SequenceMap
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value

Values = tuple[Value, ...]
Results = tuple[Maybe, ...]

_BY_CHANCE = 2.0
"""Nats beyond that of a named function of values that stand for nothing: another order might fit as well."""
_MOST_TABLE = 18.0
_MOST_NAMED = 2_500
"""Pairs of values up to which functions of two operands are looked for by name."""


@dataclass(frozen=True)
class Named:
    """A line for classes of cells, and what it costs in nats.

    `values` are those of the classes, by number, and then those that the line has in no cell. `turned`: the
    line reads the operands in the other order. `free`: the values are names of classes only.
    """

    line: Map | SequenceMap
    values: Values
    cost: float
    turned: bool = False
    free: bool = False


@dataclass(frozen=True)
class Outputs:
    """What the model says in each class of a line that is put out, and all that it may say."""

    said: Values
    every: frozenset[Value]


def named(
    operands: Sequence[Column], cells: Labels, classes: Labels, outputs: Outputs | None = None
) -> Named:
    """The line of `operands` whose values are the classes, where `cells` [cells, operands] are their labels.

    Entries for cells that do not occur are those of the named function that fits the others, or the most
    frequent one. Of functions that fit, one is taken whose values are `outputs`, if that is known.
    """
    sizes = [len(column.values) for column in operands]
    flat = cells @ np.cumprod([1, *sizes[:0:-1]])[::-1]  # row by row, as tables have their entries
    fitting = _fitting(operands, flat, classes)
    if outputs is not None:
        fitting = iter(sorted(fitting, key=lambda found: _unlike(found, outputs)))
    found = next(fitting, None)
    if found is not None:
        (function, results, swapped, nats), values = found
        nats += _BY_CHANCE if any(column.free and len(column.values) > 2 for column in operands) else 0.0
        unseen = tuple(dict.fromkeys(r for r in results if r is not None and r not in values))
        return Named(_line(operands, function, swapped=swapped), values + unseen, nats, swapped)
    count = int(classes.max()) + 1
    usual = Counter(classes.tolist()).most_common(1)[0][0]
    table = np.full(math.prod(sizes), usual)
    table[flat] = classes
    if len(operands) == 1:
        nats = unary_table_nats(operands[0].values, len(classes), count, free=True)
    else:
        nats = binary_table_nats(operands[0].values, operands[1].values, len(classes), count, free=True)
    cost = min(nats, _MOST_TABLE + 0.1 * len(table))
    return Named(
        _line(operands, _table(operands, table), swapped=False), tuple(range(count)), cost, free=True
    )


class _Candidate(NamedTuple):
    """A named function, what it says everywhere, and its nats; `swapped`: of the operands in turn."""

    function: UnaryFunction | BinaryFunction
    results: Results
    swapped: bool
    nats: float


_Fitting = tuple[_Candidate, Values]


def _fitting(operands: Sequence[Column], flat: Labels, classes: Labels) -> Iterator[_Fitting]:
    """Named functions with the given classes, the likeliest first, and what they say in each class."""
    for candidate in _candidates(operands):
        values = _one_to_one(classes, [candidate.results[i] for i in flat.tolist()])
        if values is not None:
            yield candidate, values


def _unlike(found: _Fitting, outputs: Outputs) -> tuple[bool, bool]:
    """Whether a function says something else than the model, or could say more or less."""
    candidate, values = found
    return values != outputs.said, len(set(candidate.results) - {None}) != len(outputs.every)


def _one_to_one(classes: Labels, said: Sequence[Maybe]) -> Values | None:
    """The value of each class, where classes and values are the same partition."""
    found: dict[int, Value] = {}
    for number, value in zip(classes.tolist(), said, strict=True):
        if value is None or found.setdefault(number, value) != value:
            return None
    values = tuple(found[number] for number in range(len(found)))
    return values if len(set(values)) == len(values) else None


def _line(
    operands: Sequence[Column], function: UnaryFunction | BinaryFunction, *, swapped: bool
) -> Map | SequenceMap:
    refs = [column.ref for column in operands]
    if len(refs) == 1:
        assert isinstance(function, NamedUnary | UnaryTable)
        return Map(refs[0], function, Encoding.CATEGORICAL)
    assert isinstance(function, NamedBinary | BinaryTable)
    first, second = reversed(refs) if swapped else refs
    return SequenceMap(first, second, function)


def _table(operands: Sequence[Column], table: Labels) -> UnaryTable | BinaryTable:
    entries = table.tolist()
    if len(operands) == 1:
        return UnaryTable(tuple(zip(operands[0].values, entries, strict=True)))
    first, second = operands
    pairs = [(x, y) for x in first.values for y in second.values]
    return BinaryTable(tuple(zip(pairs, entries, strict=True)))


def _candidates(operands: Sequence[Column]) -> Sequence[_Candidate]:
    if len(operands) == 1:
        return _unary(operands[0].values)
    first, second = operands
    if len(first.values) * len(second.values) > _MOST_NAMED:
        return []
    inner = tuple(column.ref >= 0 and len(column.values) == 2 for column in operands)
    return _binary(first.values, second.values, inner)


def unary_results(xs: Values) -> list[Results]:
    """What each named function makes of the values, where it gives each of them something."""
    return [candidate.results for candidate in _unary(xs) if None not in candidate.results]


@lru_cache(maxsize=512)
def _unary(xs: Values) -> Sequence[_Candidate]:
    fractions = any(isinstance(x, float) for x in xs)
    found = [
        _Candidate(function, tabulate_unary(function, xs), False, nats)
        for function, nats in unary_named(xs, xs, fractions=fractions)
    ]
    return _together(found)


@lru_cache(maxsize=512)
def _binary(xs: Values, ys: Values, inner: tuple[bool, ...]) -> Sequence[_Candidate]:
    """Named functions in both orders, and written out where two values of a line stand for others."""
    found: list[_Candidate] = []
    pairs = [(x, y) for x in xs for y in ys]
    all_xs, all_ys = (_renamed(xs) if inner[0] else [xs]), (_renamed(ys) if inner[1] else [ys])
    share = math.log(len(all_xs) * len(all_ys))
    for own_xs, own_ys in product(all_xs, all_ys):
        same = (own_xs, own_ys) == (xs, ys)
        for op, swapped, results, nats in _tabulated(own_xs, own_ys):
            function = op if same else BinaryTable(tuple(zip(pairs, results, strict=True)))
            found.append(_Candidate(function, results, swapped and same, nats + share))
    return _together(found)


def _together(candidates: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """Those that are not constant, the likeliest first; of those with the same classes one is kept.

    It has the likeliest values, and is as likely as all of them together.
    """
    alike: dict[tuple[int, ...], list[_Candidate]] = {}
    for candidate in candidates:
        numbers: dict[Maybe, int] = {}
        classes = tuple(numbers.setdefault(value, len(numbers)) for value in candidate.results)
        if len(numbers) > 1:
            alike.setdefault(classes, []).append(candidate)
    found: list[_Candidate] = []
    for own in alike.values():
        shares: dict[frozenset[Maybe], float] = {}
        for candidate in own:
            values = frozenset(candidate.results)
            shares[values] = shares.get(values, 0.0) + math.exp(-candidate.nats)
        best = max(own, key=lambda c: (shares[frozenset(c.results)], -c.nats))
        found.append(best._replace(nats=-math.log(sum(shares.values()))))
    return sorted(found, key=lambda c: c.nats)


def _tabulated(xs: Values, ys: Values) -> Iterator[tuple[NamedBinary, bool, Results, float]]:
    for function, nats in binary_named(xs, ys):
        yield function, False, tabulate_binary(function, xs, ys), nats
        results = tabulate_binary(function, ys, xs)
        turned = tuple(results[j * len(xs) + i] for i in range(len(xs)) for j in range(len(ys)))
        yield function, True, turned, nats


def _renamed(values: Values) -> list[Values]:
    """Two values may stand for any others: as they are, and as zero and one."""
    return list(dict.fromkeys([values, values[::-1], (0, 1), (1, 0)]))
