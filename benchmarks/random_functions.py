"""Random functions and predicates that fit the value sets of their operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

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
from inverse_tracr.rasp.values import Maybe, Value, is_number

Random = np.random.Generator
T = TypeVar("T")

_NUMBERS: tuple[Value, ...] = (0, 1, 2, 3, -1, 0.5, True, False, 1.5, 5, -2, 0.25)
_WORDS: tuple[Value, ...] = ("a", "b", "yes", "no", "10", "Z", (0, "a"), (1, 2))
_SELECTIONS = (Comparison.EQ, Comparison.NE, Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE)
_ATTEMPTS = 20


def _one(random: Random, choices: Sequence[T]) -> T:
    return choices[int(random.integers(len(choices)))]


def random_unary(
    random: Random, xs: Sequence[Value], *, table: bool, numbers: bool, partial: bool
) -> UnaryFunction:
    """A function of the values `xs`; `numbers`: with numbers as results; `partial`: None here and there."""
    for _ in range(_ATTEMPTS if not table else 0):
        function = _named_unary(random, xs)
        results = [function(x) for x in xs]
        if (partial or None not in results) and not (
            numbers and any(r is not None and not is_number(r) for r in results)
        ):
            return function
    binary = numbers and random.random() < 0.6  # means are taken of zeros and ones only
    pool: Sequence[Value] = (0, 1) if binary else _pool(random, numbers)
    entries = [(x, _entry(random, pool, partial)) for x in xs]
    default = _entry(random, pool, False) if random.random() < 0.2 else None
    kept = [entry for entry in entries if default is None or random.random() < 0.7]
    return UnaryTable(tuple(kept), default)


def _named_unary(random: Random, xs: Sequence[Value]) -> NamedUnary:
    ops = list(UnaryOp)
    op = _one(random, ops)
    if not op.takes_constant:
        return NamedUnary(op)
    own = len(xs) > 0 and random.random() < 0.5
    pool = xs if own else _NUMBERS
    return NamedUnary(op, _one(random, pool))


def _pool(random: Random, numbers: bool) -> Sequence[Value]:
    """The few values that a table gives; some in a mixture of types."""
    source = _NUMBERS if numbers or random.random() < 0.5 else (*_NUMBERS, *_WORDS)
    size = int(random.integers(1, 6))
    return [source[i] for i in random.integers(len(source), size=size)]


def _entry(random: Random, pool: Sequence[Value], partial: bool) -> Maybe:
    return None if partial and random.random() < 0.2 else _one(random, pool)


def random_binary(
    random: Random, xs: Sequence[Value], ys: Sequence[Value], *, table: bool, partial: bool
) -> BinaryFunction:
    """A function of values `xs` and `ys`; `partial`: None here and there."""
    ops = list(BinaryOp)
    for _ in range(_ATTEMPTS if not table else 0):
        function = NamedBinary(_one(random, ops))
        if partial or None not in [function(x, y) for x in xs for y in ys]:
            return function
    pool = _pool(random, False)
    entries = tuple(((x, y), _entry(random, pool, partial)) for x in xs for y in ys)
    return BinaryTable(entries)


def random_predicate(
    random: Random, keys: Sequence[Value], queries: Sequence[Value], *, table: bool
) -> Predicate:
    """A predicate of the values `keys` and `queries`, now and then one that is always or never true."""
    if table:
        share = random.choice([0.0, 0.2, 0.5, 1.0], p=[0.05, 0.5, 0.4, 0.05])
        pairs = [(k, q) for k in keys for q in queries if random.random() < share]
        return PredicateTable(tuple(pairs))
    kind = random.random()
    if kind < 0.1:
        return NamedPredicate(Comparison.TRUE if random.random() < 0.7 else Comparison.FALSE)
    comparison = _one(random, _SELECTIONS)
    if kind < 0.8:
        shift = queries and all(is_number(q) for q in queries) and random.random() < 0.25
        return NamedPredicate(comparison, offset=int(random.integers(-2, 3)) if shift else 0)
    side = Side.KEY_ALONE if random.random() < 0.5 else Side.QUERY_ALONE
    pool = keys if side is Side.KEY_ALONE else queries
    if not pool:
        return NamedPredicate(comparison)
    return NamedPredicate(comparison, side, _one(random, pool))
