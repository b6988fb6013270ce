"""Random functions and predicates that fit the value sets they are applied to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, product

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
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.facts import Kind, Sop

COMPARISONS = (UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE)
_ABOVE_LEAST = {UnaryOp.LT: UnaryOp.LE, UnaryOp.GE: UnaryOp.GT}
_BELOW_GREATEST = {UnaryOp.LE: UnaryOp.LT, UnaryOp.GT: UnaryOp.GE}
_NUMERICAL = (
    UnaryOp.MULTIPLY,
    UnaryOp.ADD,
    UnaryOp.SUBTRACT_FROM,
    UnaryOp.NEGATE,
    UnaryOp.ABS,
    UnaryOp.MINIMUM,
    UnaryOp.MAXIMUM,
)
_ARITHMETIC = (UnaryOp.MINIMUM, UnaryOp.MAXIMUM, UnaryOp.MODULO, UnaryOp.FLOOR_DIVIDE)

NUMBER_PAIRS = {
    BinaryOp.ADD: 3.0,
    BinaryOp.SUBTRACT: 3.0,
    BinaryOp.MULTIPLY: 2.0,
    BinaryOp.AND: 2.0,
    BinaryOp.OR: 2.0,
    BinaryOp.MINIMUM: 1.0,
    BinaryOp.MAXIMUM: 1.0,
    BinaryOp.DISTANCE: 0.7,
    BinaryOp.EQ: 0.7,
    BinaryOp.NE: 0.7,
    BinaryOp.LT: 0.7,
    BinaryOp.LE: 0.7,
    BinaryOp.GT: 0.7,
    BinaryOp.GE: 0.7,
}
TEXT_PAIRS = (
    BinaryOp.EQ,
    BinaryOp.NE,
    BinaryOp.LT,
    BinaryOp.LE,
    BinaryOp.GT,
    BinaryOp.GE,
    BinaryOp.MINIMUM,
    BinaryOp.MAXIMUM,
)
_RARE_PAIRS = (BinaryOp.PAIR, BinaryOp.MODULO, BinaryOp.FLOOR_DIVIDE, BinaryOp.SUBTRACT_FROM)
_PAIR_OPS = tuple(NUMBER_PAIRS)
_PAIR_SUMS = tuple(accumulate(NUMBER_PAIRS.values()))

_PREDICATES = (Comparison.EQ, Comparison.NE, Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE)
_PREDICATE_SUMS = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0)

_BINARY = {op: NamedBinary(op) for op in BinaryOp}
"""Functions are drawn again and again: each is made and checked once."""

_WORDS = ("none", "some", "many", "all", "low", "high")
QUARTERS = (0, 0.25, 0.5, 0.75, 1)


@lru_cache(maxsize=4_096, typed=True)
def _named(op: UnaryOp, constant: Value) -> NamedUnary:
    return NamedUnary(op, constant)


def _unary_named(op: UnaryOp, constant: Value) -> NamedUnary:
    """The function; caches do not tell apart what stands in tuples, so these are made anew."""
    return NamedUnary(op, constant) if isinstance(constant, tuple) else _named(op, constant)


@lru_cache(maxsize=256)
def _predicate_named(compare: Comparison, offset: int) -> NamedPredicate:
    return NamedPredicate(compare, offset=offset)


def comparison(draws: Draws, operand: Sop) -> NamedUnary:
    """A comparison with a constant, the value at a random place of the probes, that not all values pass or
    fail.
    """
    op, constant = draws.choose(COMPARISONS), _seen_value(draws, operand)
    if constant == operand.values[0]:
        op = _ABOVE_LEAST.get(op, op)
    elif constant == operand.values[-1]:
        op = _BELOW_GREATEST.get(op, op)
    return _unary_named(op, constant)


def threshold(draws: Draws, operand: Sop) -> NamedUnary:
    """A comparison of a number with a constant: one of its values, or a quarter where these are no whole
    numbers.
    """
    if operand.values[-1] == 1 and operand.values[0] == 0:
        return _unary_named(draws.choose(COMPARISONS), draws.choose(QUARTERS))
    seen = _seen_value(draws, operand)
    assert not isinstance(seen, str | tuple)
    op = draws.choose(COMPARISONS)
    constant = seen if seen == int(seen) else round(4 * seen) / 4
    return _unary_named(op, constant)


def _seen_value(draws: Draws, operand: Sop) -> Value:
    values = operand.values
    index = int(operand.probe[draws.below(len(operand.probe))])
    return values[min(index, len(values) - 1)]


def unary(draws: Draws, operand: Sop, config: SamplerConfig, *, last: bool) -> UnaryFunction:
    """A function for a map of a categorical s-op of three values or more; only a last line may give words."""
    values = operand.values
    drawn = draws.uniform()
    if drawn < 0.2 and len(values) <= config.max_table:
        return _labels(draws, values, words=last)
    if drawn < 0.6 or operand.kind is not Kind.NUMBER:
        return comparison(draws, operand)
    least = values[0]
    negative = is_number(least) and least < 0
    op = UnaryOp.ABS if negative and draws.chance(0.3) else draws.choose(_ARITHMETIC)
    if op is UnaryOp.ABS:
        return NamedUnary(op)
    if op in (UnaryOp.MODULO, UnaryOp.FLOOR_DIVIDE):
        return _unary_named(op, draws.between(2, 3))
    return _unary_named(op, _seen_value(draws, operand))


def number(draws: Draws, operand: Sop, config: SamplerConfig) -> UnaryFunction:
    """A function to numbers for a numerical map."""
    values = operand.values
    if operand.kind is not Kind.NUMBER or (len(values) <= config.max_table // 2 and draws.chance(0.2)):
        return UnaryTable(tuple((value, draws.between(-2, 3)) for value in values))
    drawn = draws.uniform()
    if drawn < 0.3:
        return comparison(draws, operand)
    if drawn < 0.5 and not operand.numerical:
        return NamedUnary(UnaryOp.IDENTITY)
    op = draws.choose(_NUMERICAL)
    if op in (UnaryOp.ABS, UnaryOp.NEGATE):
        return NamedUnary(op)
    return _unary_named(op, draws.choose((2, 3, 0.5) if op is UnaryOp.MULTIPLY else (1, 2, 3)))


def _labels(draws: Draws, values: Sequence[Value], *, words: bool) -> UnaryTable:
    """A table that sorts the values into two to four classes."""
    classes = draws.between(2, max(2, min(4, len(values) - 1)))
    labels: Sequence[Value] = range(classes)
    if words and draws.chance(0.4):
        labels = draws.distinct(_WORDS, classes)
    return UnaryTable(tuple((value, draws.choose(labels)) for value in values))


def binary(draws: Draws, first: Sop, second: Sop, config: SamplerConfig) -> BinaryFunction | None:
    """A function of two categorical s-ops, None where they are of different kinds and no table is small
    enough.
    """
    pairs = len(first.values) * len(second.values)
    mixed = first.kind is not second.kind
    if pairs <= config.max_binary_table and (mixed or draws.chance(0.1)):
        classes = range(draws.between(2, 3))
        keys = product(first.values, second.values)
        return BinaryTable(tuple((key, draws.choose(classes)) for key in keys))
    if mixed:
        return None
    if first.kind is not Kind.NUMBER:
        return _BINARY[draws.choose(TEXT_PAIRS)]
    if config.whole_language and draws.chance(0.1):
        return _BINARY[draws.choose(_RARE_PAIRS)]
    return _BINARY[draws.weighted(_PAIR_OPS, _PAIR_SUMS)]


def predicate(draws: Draws, keys: Sop, queries: Sop, config: SamplerConfig) -> Predicate | None:
    """A predicate, None where the kinds differ and no table is small enough."""
    pairs = len(keys.values) * len(queries.values)
    mixed = keys.kind is not queries.kind
    if pairs <= 3 * config.max_table and (mixed or draws.chance(0.12)):
        density = 0.2 + 0.5 * draws.uniform()
        chosen = [pair for pair in product(keys.values, queries.values) if draws.chance(density)]
        return PredicateTable(tuple(chosen))
    if mixed:
        return None
    compare = draws.weighted(_PREDICATES, _PREDICATE_SUMS)
    if keys.kind is not Kind.NUMBER or not draws.chance(0.15):
        return _predicate_named(compare, 0)
    return _predicate_named(compare, draws.choose((-2, -1, 1, 2)))


def position(draws: Draws, queries: Sop, max_seq_len: int, config: SamplerConfig) -> Predicate:
    """A predicate over `indices` as keys under which a query value chooses one position at most."""
    values = queries.values
    if queries.kind is not Kind.NUMBER or (len(values) <= config.max_table and draws.chance(0.2)):
        return PredicateTable(tuple((draws.below(max_seq_len), value) for value in values))
    offset = draws.choose((-2, -1, -1, 0, 0, 0, 0, 1, 1, 2))
    return _predicate_named(Comparison.EQ, offset)


def same_value(
    draws: Draws, keys: Sop, classes: Sequence[int], queries: Sop, config: SamplerConfig
) -> Predicate | None:
    """A predicate under which a query value chooses key values of one class only (`classes`: one a key
    value).
    """
    if len(set(classes)) == len(classes) and keys.kind is queries.kind and draws.chance(0.5):
        return _predicate_named(Comparison.EQ, 0)
    if len(keys.values) * len(queries.values) > 6 * config.max_table:
        return None
    pairs: list[tuple[Value, Value]] = []
    for query in queries.values:
        wanted = draws.choose(classes)
        pairs += [
            (key, query)
            for key, own in zip(keys.values, classes, strict=True)
            if own == wanted and draws.chance(0.7)
        ]
    return PredicateTable(tuple(pairs))
