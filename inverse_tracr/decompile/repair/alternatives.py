"""Other functions and predicates that a line might have: named ones, and tables with one entry changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryOp,
    BinaryTable,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Predicate,
    PredicateTable,
    Side,
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value, is_number

Values = tuple[Value, ...]

MOST_CONSTANTS = 24
"""Constants of one function that are tried."""
MOST_ENTRIES = 400
"""Changes of one entry of a table that are tried."""

_COMPARED = (UnaryOp.GT, UnaryOp.LE, UnaryOp.LT, UnaryOp.GE, UnaryOp.NE, UnaryOp.EQ)
_CLIPPED = (UnaryOp.MINIMUM, UnaryOp.MAXIMUM, UnaryOp.AND, UnaryOp.OR)
_ADDED = (UnaryOp.ADD, UnaryOp.SUBTRACT, UnaryOp.SUBTRACT_FROM)
_SCALED = (UnaryOp.FLOOR_DIVIDE, UnaryOp.MODULO, UnaryOp.MULTIPLY, UnaryOp.DIVIDE)
_PLAIN = (UnaryOp.IDENTITY, UnaryOp.NOT, UnaryOp.BOOL, UnaryOp.NEGATE, UnaryOp.ABS)
_FURTHEST = 3


def unary_alternatives(function: UnaryFunction, xs: Values, *, numbers: bool) -> Iterator[UnaryFunction]:
    """Named functions that differ from `function` and from each other on `xs`, and are not constant.

    `numbers`: every result must be a number.
    """
    seen = {tabulate_unary(function, xs)}
    for candidate in _unary(xs):
        results = tabulate_unary(candidate, xs)
        if results in seen or len(set(results)) < 2 or (numbers and not all(map(is_number, results))):
            continue
        seen.add(results)
        yield candidate


def _unary(xs: Values) -> Iterator[NamedUnary]:
    """Those first that programs have most often: of functions with the same results one is kept."""
    constants = spread(xs, MOST_CONSTANTS)
    for op in _COMPARED:
        for constant in constants:
            yield NamedUnary(op, constant)
    for op in _SCALED:
        for constant in (2, 3, 4):
            yield NamedUnary(op, constant)
    for op in _CLIPPED:
        for constant in constants:
            yield NamedUnary(op, constant)
    for op in _PLAIN:
        yield NamedUnary(op)
    for op in _ADDED:
        for constant in (1, 2, 3):
            yield NamedUnary(op, constant)


def unary_entries(function: UnaryFunction, xs: Values, results: Iterable[Value]) -> Iterator[UnaryFunction]:
    """Tables that give another one of `results` for one of `xs`."""
    entries = tuple(zip(xs, tabulate_unary(function, xs), strict=True))
    for place, result, _ in zip(
        *_changes([y for _, y in entries], results), range(MOST_ENTRIES), strict=False
    ):
        yield UnaryTable((*entries[:place], (entries[place][0], result), *entries[place + 1 :]))


def binary_alternatives(function: BinaryFunction, xs: Values, ys: Values) -> Iterator[BinaryFunction]:
    """Named functions of two values that differ from `function` and from each other, and are not constant."""
    seen = {tabulate_binary(function, xs, ys)}
    for op in BinaryOp:
        results = tabulate_binary(NamedBinary(op), xs, ys)
        if results not in seen and len(set(results)) > 1:
            seen.add(results)
            yield NamedBinary(op)


def binary_entries(
    function: BinaryFunction, xs: Values, ys: Values, results: Iterable[Value]
) -> Iterator[BinaryFunction]:
    """Tables that give another one of `results` for one pair."""
    pairs = [(x, y) for x in xs for y in ys]
    entries = tuple(zip(pairs, tabulate_binary(function, xs, ys), strict=True))
    for place, result, _ in zip(
        *_changes([z for _, z in entries], results), range(MOST_ENTRIES), strict=False
    ):
        yield BinaryTable((*entries[:place], (entries[place][0], result), *entries[place + 1 :]))


def _changes(now: list[Maybe], results: Iterable[Value]) -> tuple[list[int], list[Value]]:
    """Places of entries, and what else stands there."""
    values = tuple(dict.fromkeys(results))
    found = [(place, value) for place, old in enumerate(now) for value in values if value != old]
    return [place for place, _ in found], [value for _, value in found]


def predicate_alternatives(
    predicate: Predicate, keys: Values, queries: Values, *, furthest: int = _FURTHEST
) -> Iterator[Predicate]:
    """Named predicates that select other pairs than `predicate` and than each other; never none.

    `furthest`: the largest offset of a comparison of key and query.
    """
    seen = {tabulate_predicate(predicate, keys, queries)}
    for candidate in _predicates(keys, queries, furthest):
        rows = tabulate_predicate(candidate, keys, queries)
        if rows not in seen and any(map(any, rows)):
            seen.add(rows)
            yield candidate


def _predicates(keys: Values, queries: Values, furthest: int) -> Iterator[NamedPredicate]:
    for comparison in list(Comparison)[:7]:
        yield NamedPredicate(comparison)
    if all(isinstance(v, int) for v in (*keys, *queries)):
        for offset in chain.from_iterable((size, -size) for size in range(1, furthest + 1)):
            for comparison in list(Comparison)[:6]:
                yield NamedPredicate(comparison, offset=offset)
    for side, values in ((Side.KEY_ALONE, keys), (Side.QUERY_ALONE, queries)):
        for comparison in list(Comparison)[:6]:
            for constant in spread(values, MOST_CONSTANTS):
                yield NamedPredicate(comparison, side, constant)


def predicate_entries(predicate: Predicate, keys: Values, queries: Values) -> Iterator[Predicate]:
    """Tables in which one pair more or less is selected."""
    pairs = {(k, q): predicate(k, q) for q in queries for k in keys}
    for flipped in list(pairs)[:MOST_ENTRIES]:
        yield PredicateTable(tuple(pair for pair, chosen in pairs.items() if chosen != (pair == flipped)))


def spread(values: Values, most: int) -> Values:
    """At most `most` of the values, evenly chosen."""
    step = -(-len(values) // most)
    return values[::step] if step > 1 else values
