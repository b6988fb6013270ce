"""How likely functions are, in nats, as the samplers `sound` and `tracr` draw them (`sample/propose.py`)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from inverse_tracr.rasp.functions import (
    BinaryOp,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    UnaryOp,
)
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.propose import NUMBER_PAIRS, QUARTERS, TEXT_PAIRS

Values = tuple[Value, ...]

_COMPARED = (UnaryOp.GT, UnaryOp.LE, UnaryOp.LT, UnaryOp.GE, UnaryOp.EQ, UnaryOp.NE)
_TABLE, _COMPARISON, _ARITHMETIC = 0.2, 0.4, 0.4
_MOST_TABLE = 24
_NUMBER_PAIRS = NUMBER_PAIRS | dict.fromkeys((BinaryOp.MODULO, BinaryOp.FLOOR_DIVIDE, BinaryOp.PAIR), 0.1)
"""Weights of functions of two numbers: those of the samplers, and of three that are drawn in another way."""
_PAIR_TABLE, _MOST_PAIRS = 0.1, 48
_PREDICATE_TABLE, _MOST_PREDICATE = 0.12, 72
_OFFSET = 0.15
_OFFSETS = (-2, -1, 1, 2)
_POSITION = {0: 0.4, -1: 0.2, 1: 0.2, -2: 0.1, 2: 0.1}
"""Offsets of `==` where positions are chosen to move what stands there."""
_UNUSUAL = 3.0
"""Nats of a table with more entries or classes than are drawn: a function of values with other names."""


def numbers(values: Sequence[Value]) -> bool:
    """Whether values are of the kind of numbers, which the first one decides."""
    return not values or is_number(values[0])


def unary_named(values: Values, seen: Values, *, fractions: bool) -> Iterator[tuple[NamedUnary, float]]:
    """Named functions of an s-op with `values`, of which `seen` occur, and their nats.

    `fractions`: the s-op is a share, which is compared with quarters.
    """
    arithmetic = numbers(values) and not fractions
    table = 0.0 if fractions or len(values) > _MOST_TABLE else _TABLE
    compared = _COMPARISON + (_TABLE - table) if arithmetic else 1.0 - table
    constants = QUARTERS if fractions else seen
    for constant in constants:
        for op in _COMPARED:
            yield NamedUnary(op, constant), -math.log(compared / len(_COMPARED) / len(constants))
    if not arithmetic:
        return
    for op in (UnaryOp.MODULO, UnaryOp.FLOOR_DIVIDE):
        for constant in (2, 3):
            yield NamedUnary(op, constant), -math.log(_ARITHMETIC / 8)
    for op in (UnaryOp.MINIMUM, UnaryOp.MAXIMUM):
        for constant in seen:
            yield NamedUnary(op, constant), -math.log(_ARITHMETIC / 4 / len(seen))
    yield NamedUnary(UnaryOp.ABS), -math.log(_ARITHMETIC * 0.3)


def unary_table_nats(values: Values, entries: int, classes: int, *, free: bool) -> float:
    """Nats of a table that puts `entries` values into `classes`; `free`: whatever the classes are called."""
    rare = -math.log(_TABLE / 3) if len(values) <= _MOST_TABLE else _UNUSUAL
    return rare + _classes_nats(entries, classes, 4, free=free)


def binary_named(xs: Values, ys: Values) -> Iterator[tuple[NamedBinary, float]]:
    """Named functions of two s-ops in this order, and their nats."""
    if numbers(xs) != numbers(ys):
        return
    few = len(xs) * len(ys) <= _MOST_PAIRS
    rest = math.log(2) - math.log(1 - _PAIR_TABLE if few else 1.0)
    if not numbers(xs):
        for op in TEXT_PAIRS:
            yield NamedBinary(op), rest + math.log(len(TEXT_PAIRS))
        return
    total = sum(_NUMBER_PAIRS.values())
    for op, weight in _NUMBER_PAIRS.items():
        yield NamedBinary(op), rest + math.log(total / weight)


def binary_table_nats(xs: Values, ys: Values, entries: int, classes: int, *, free: bool) -> float:
    """Nats of a table that puts `entries` pairs of values into `classes`."""
    rare = -math.log((_PAIR_TABLE if numbers(xs) == numbers(ys) else 1.0) / 2)
    rare += 0.0 if len(xs) * len(ys) <= _MOST_PAIRS else _UNUSUAL
    return rare + _classes_nats(entries, classes, 3, free=free)


def _classes_nats(entries: int, classes: int, most: int, *, free: bool) -> float:
    names = math.lgamma(classes + 1) if free else 0.0
    return entries * math.log(max(classes, 2)) - names + (0.0 if classes <= most else _UNUSUAL)


def predicates(
    keys: Values, queries: Values, *, moves: bool, by_position: bool
) -> dict[NamedPredicate, float]:
    """Named predicates and their nats; `moves`: of a select that moves values, `by_position` with indices as
    keys.
    """
    same = numbers(keys) == numbers(queries)
    rest = 1 - _PREDICATE_TABLE if len(keys) * len(queries) <= _MOST_PREDICATE else 1.0
    shares: dict[NamedPredicate, float] = {}
    if same:
        for comparison in list(Comparison)[:6]:
            plain = rest * (2 if comparison is Comparison.EQ else 1) / 7
            shares[NamedPredicate(comparison)] = plain * (1 - _OFFSET if numbers(keys) else 1.0)
            for offset in _OFFSETS if numbers(keys) else ():
                shares[NamedPredicate(comparison, offset=offset)] = plain * _OFFSET / len(_OFFSETS)
    if moves and same:
        special = _POSITION if by_position else {0: 0.5}
        shares = {
            predicate: 0.3 * share
            + (0.7 * special.get(predicate.offset, 0.0) if predicate.comparison is Comparison.EQ else 0.0)
            for predicate, share in shares.items()
        }
    return {predicate: -math.log(share) for predicate, share in shares.items()}


def predicate_table_nats(keys: Values, queries: Values, chosen: int, others: int) -> float:
    """Nats of a table of pairs of which `chosen` are selected and `others` not, whatever their share is."""
    rare = -math.log(_PREDICATE_TABLE) if numbers(keys) == numbers(queries) else 0.0
    rare += 0.0 if len(keys) * len(queries) <= _MOST_PREDICATE else _UNUSUAL
    return rare + math.lgamma(chosen + others + 2) - math.lgamma(chosen + 1) - math.lgamma(others + 1)
