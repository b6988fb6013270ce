"""The simplest function that puts cells into given classes: a named one where one fits, else a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inverse_tracr.decompile.linear.written import Labels
from inverse_tracr.decompile.repair.alternatives import unary_alternatives
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryOp,
    BinaryTable,
    NamedBinary,
    NamedUnary,
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.program import Encoding, Map, SequenceMap
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value, is_number

Values = tuple[Value, ...]
Results = tuple[Maybe, ...]

NAMED_COST = 3.5
"""Nats of a line with a named function; a table costs an entry's choice for each entry."""
_RARE, _BY_CHANCE = 3.0, 4.0
"""Nats beyond that of a function that programs seldom have, and of one of values that stand for nothing."""
TABLE_COST = 3.0
_MOST_TABLE = 18.0
_BINARY = (
    BinaryOp.ADD,
    BinaryOp.SUBTRACT,
    BinaryOp.SUBTRACT_FROM,
    BinaryOp.MULTIPLY,
    BinaryOp.AND,
    BinaryOp.OR,
    BinaryOp.MAXIMUM,
    BinaryOp.MINIMUM,
    BinaryOp.LE,
    BinaryOp.GT,
    BinaryOp.LT,
    BinaryOp.GE,
    BinaryOp.DISTANCE,
    BinaryOp.EQ,
    BinaryOp.NE,
    BinaryOp.FLOOR_DIVIDE,
    BinaryOp.MODULO,
    BinaryOp.DIVIDE,
    BinaryOp.DIVIDE_INTO,
    BinaryOp.PAIR,
)
"""Of functions that agree where they were seen the first is taken: programs have it most often.

Of two zeros or ones as many sums and differences are sampled as products, minima and maxima together, and a
fourth as many comparisons for equality.
"""
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
    function, results, swapped, values = next(fitting, _NONE)
    if function is not None:
        chance = any(column.free and len(column.values) > 2 for column in operands)
        rare = _BY_CHANCE if chance else _rare(function, operands[0].values)
        unseen = tuple(dict.fromkeys(r for r in results if r is not None and r not in values))
        return Named(_line(operands, function, swapped=swapped), values + unseen, NAMED_COST + rare, swapped)
    count = int(classes.max()) + 1
    usual = Counter(classes.tolist()).most_common(1)[0][0]
    table = np.full(math.prod(sizes), usual)
    table[flat] = classes
    cost = min(TABLE_COST + len(table) * math.log(count), _MOST_TABLE + 0.1 * len(table))
    return Named(
        _line(operands, _table(operands, table), swapped=False), tuple(range(count)), cost, free=True
    )


_Fitting = tuple[UnaryFunction | BinaryFunction | None, Results, bool, Values]
_NONE: _Fitting = (None, (), False, ())


def _fitting(operands: Sequence[Column], flat: Labels, classes: Labels) -> Iterator[_Fitting]:
    """Named functions with the given classes, what they say everywhere and in each class."""
    for function, results, swapped in _candidates(operands):
        values = _one_to_one(classes, [results[i] for i in flat.tolist()])
        if values is not None:
            yield function, results, swapped, values


def _unlike(found: _Fitting, outputs: Outputs) -> tuple[bool, bool]:
    """Whether a function says something else than the model, or could say more or less."""
    _, results, _, values = found
    return values != outputs.said, len(set(results) - {None}) != len(outputs.every)


def _rare(function: UnaryFunction | BinaryFunction, xs: Values) -> float:
    if not isinstance(function, NamedUnary | NamedBinary):
        return 0.0
    ops = (UnaryOp.AND, UnaryOp.OR, UnaryOp.BOOL, BinaryOp.PAIR, BinaryOp.DIVIDE, BinaryOp.DIVIDE_INTO)
    ordered = function.op in (UnaryOp.MINIMUM, UnaryOp.MAXIMUM) and not all(is_number(x) for x in xs)
    return _RARE if function.op in ops or ordered else 0.0


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


def _candidates(
    operands: Sequence[Column],
) -> Sequence[tuple[UnaryFunction | BinaryFunction, Results, bool]]:
    if len(operands) == 1:
        return _unary(operands[0].values)
    first, second = operands
    if len(first.values) * len(second.values) > _MOST_NAMED:
        return []
    inner = tuple(column.ref >= 0 and len(column.values) == 2 for column in operands)
    return _binary(first.values, second.values, inner)


def unary_results(xs: Values) -> list[Results]:
    """What each named function makes of the values, where it gives each of them something."""
    return [results for _, results, _ in _unary(xs) if None not in results]


@lru_cache(maxsize=512)
def _unary(xs: Values) -> list[tuple[UnaryFunction | BinaryFunction, Results, bool]]:
    identity = NamedUnary(UnaryOp.IDENTITY)
    found = unary_alternatives(identity, xs, numbers=False)  # a line that says what it reads is no line
    return [(function, tabulate_unary(function, xs), False) for function in found]


@lru_cache(maxsize=512)
def _binary(
    xs: Values, ys: Values, inner: tuple[bool, ...]
) -> list[tuple[UnaryFunction | BinaryFunction, Results, bool]]:
    """Named functions in both orders, and written out where two values of a line stand for others."""
    found: dict[Results, tuple[UnaryFunction | BinaryFunction, Results, bool]] = {}
    pairs = [(x, y) for x in xs for y in ys]
    for own_xs in _renamed(xs) if inner[0] else [xs]:
        for own_ys in _renamed(ys) if inner[1] else [ys]:
            for op, swapped, results in _tabulated(own_xs, own_ys):
                if len(set(results)) < 2 or results in found:
                    continue
                function: BinaryFunction = NamedBinary(op)
                if (own_xs, own_ys) != (xs, ys):
                    function = BinaryTable(tuple(zip(pairs, results, strict=True)))
                    swapped = False
                found[results] = function, results, swapped
    return list(found.values())


def _tabulated(xs: Values, ys: Values) -> Iterator[tuple[BinaryOp, bool, Results]]:
    for op in _BINARY:
        yield op, False, tabulate_binary(NamedBinary(op), xs, ys)
    for op in (BinaryOp.FLOOR_DIVIDE, BinaryOp.MODULO, BinaryOp.AND, BinaryOp.OR):
        results = tabulate_binary(NamedBinary(op), ys, xs)
        turned = tuple(results[j * len(xs) + i] for i in range(len(xs)) for j in range(len(ys)))
        yield op, True, turned


def _renamed(values: Values) -> list[Values]:
    """Two values may stand for any others: as they are, and as zero and one."""
    return list(dict.fromkeys([values, values[::-1], (0, 1), (1, 0)]))
