"""Names for tables: the first named function, in a fixed order, that has the same values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from inverse_tracr.rasp.caching import cached_by_type
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

_ORDERS = (Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE)
_MAX_OFFSET = 64


@cached_by_type(maxsize=100_000)
def name_unary(xs: tuple[Value, ...], ys: tuple[Maybe, ...]) -> UnaryFunction:
    """The first named function with `ys[i]` at every `xs[i]`, in the order of `UnaryOp`; a table if none."""
    for candidate in _unary_candidates(xs, ys):
        if all(candidate(x) == y for x, y in zip(xs, ys, strict=True)):
            return candidate
    return UnaryTable(tuple(zip(xs, ys, strict=True)))


def _unary_candidates(xs: tuple[Value, ...], ys: tuple[Maybe, ...]) -> Iterator[NamedUnary]:
    if not xs:
        return
    if len(set(ys)) == 1 and ys[0] is not None:
        if ys == xs:
            yield NamedUnary(UnaryOp.IDENTITY)
        yield NamedUnary(UnaryOp.CONSTANT, ys[0])
        return
    yield NamedUnary(UnaryOp.IDENTITY)
    yield from _threshold_candidates(xs, ys)
    yield NamedUnary(UnaryOp.NOT)
    if all(is_number(x) for x in xs):
        yield NamedUnary(UnaryOp.NEGATE)
        yield NamedUnary(UnaryOp.ABS)
        yield from _arithmetic_candidates(xs, ys)
    yield from _clipping_candidates(ys)
    yield from _logic_candidates(xs, ys)
    for op in (UnaryOp.INT, UnaryOp.BOOL, UnaryOp.ROUND):
        yield NamedUnary(op)


def _threshold_candidates(xs: tuple[Value, ...], ys: tuple[Maybe, ...]) -> Iterator[NamedUnary]:
    """Comparisons with a constant: the constant is where the truth changes."""
    if any(y not in (0, 1) for y in ys):
        return
    true = [x for x, y in zip(xs, ys, strict=True) if y]
    false = [x for x, y in zip(xs, ys, strict=True) if not y]
    if len(true) == 1:
        yield NamedUnary(UnaryOp.EQ, true[0])
    if len(false) == 1:
        yield NamedUnary(UnaryOp.NE, false[0])
    try:
        # Values that Python cannot order raise TypeError, which the type of a value cannot say.
        yield NamedUnary(UnaryOp.LT, min(false))  # pyright: ignore[reportArgumentType]
        yield NamedUnary(UnaryOp.GT, max(false))  # pyright: ignore[reportArgumentType]
    except TypeError:
        return


def _arithmetic_candidates(xs: tuple[Value, ...], ys: tuple[Maybe, ...]) -> Iterator[NamedUnary]:
    pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if is_number(x) and is_number(y)]
    if not pairs:
        return
    x, y = pairs[0]
    if y > x:
        yield NamedUnary(UnaryOp.ADD, y - x)
    if y < x:
        yield NamedUnary(UnaryOp.SUBTRACT, x - y)
    yield NamedUnary(UnaryOp.SUBTRACT_FROM, x + y)
    yield from _scaling_candidates(pairs)
    whole = [x for x in xs if isinstance(x, int)]
    if len(whole) == len(xs):
        largest = max(map(abs, whole))
        divisors = max(min(largest, _MAX_OFFSET) - 1, 0)
        yield from _FLOOR_DIVISIONS[:divisors]
        yield from _MODULOS[:divisors]


_FLOOR_DIVISIONS = tuple(NamedUnary(UnaryOp.FLOOR_DIVIDE, c) for c in range(2, _MAX_OFFSET + 1))
_MODULOS = tuple(NamedUnary(UnaryOp.MODULO, c) for c in range(2, _MAX_OFFSET + 1))


def _scaling_candidates(
    pairs: Sequence[tuple[int | float, int | float]],
) -> Iterator[NamedUnary]:
    for x, y in pairs:
        if x == 0 or y == 0:
            continue
        for op, constant in (
            (UnaryOp.MULTIPLY, y / x),
            (UnaryOp.DIVIDE, x / y),
            (UnaryOp.DIVIDE_INTO, x * y),
        ):
            yield NamedUnary(op, _whole(constant))
        return


def _whole(number: int | float) -> int | float:
    """A whole number as an int, so that it prints without a point."""
    return int(number) if float(number).is_integer() else number


def _clipping_candidates(ys: tuple[Maybe, ...]) -> Iterator[NamedUnary]:
    try:
        defined = [y for y in ys if y is not None]
        # As above: what cannot be ordered raises.
        yield NamedUnary(UnaryOp.MINIMUM, max(defined))  # pyright: ignore[reportArgumentType]
        yield NamedUnary(UnaryOp.MAXIMUM, min(defined))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return


def _logic_candidates(xs: tuple[Value, ...], ys: tuple[Maybe, ...]) -> Iterator[NamedUnary]:
    truthy = next((y for x, y in zip(xs, ys, strict=True) if x), None)
    falsy = next((y for x, y in zip(xs, ys, strict=True) if not x), None)
    if truthy is not None:
        yield NamedUnary(UnaryOp.AND, truthy)
    if falsy is not None:
        yield NamedUnary(UnaryOp.OR, falsy)


_BINARY = tuple(map(NamedBinary, BinaryOp))


@cached_by_type(maxsize=50_000)
def name_binary(xs: tuple[Value, ...], ys: tuple[Value, ...], table: tuple[Maybe, ...]) -> BinaryFunction:
    """The first named function with these values, in the order of `BinaryOp`; a table if none.

    `table` is row by row: entry `i * len(ys) + j` belongs to `xs[i], ys[j]`.
    """
    pairs = [(x, y) for x in xs for y in ys]
    for candidate in _BINARY:
        if all(candidate(x, y) == value for (x, y), value in zip(pairs, table, strict=True)):
            return candidate
    return BinaryTable(tuple(zip(pairs, table, strict=True)))


Rows = tuple[bytes, ...]
"""For every query a byte a key: 1 where it is selected."""


def name_predicate(
    keys: tuple[Value, ...], queries: tuple[Value, ...], rows: tuple[tuple[bool, ...], ...]
) -> Predicate:
    """The first named predicate that selects the same pairs; a table if none. Rows are queries."""
    return _name_predicate(keys, queries, tuple([bytes(map(bool, row)) for row in rows]))


@cached_by_type(maxsize=50_000)
def _name_predicate(keys: tuple[Value, ...], queries: tuple[Value, ...], rows: Rows) -> Predicate:
    for candidate in _predicate_candidates(keys, queries, rows):
        if all(
            candidate(key, query) == selected
            for query, row in zip(queries, rows, strict=True)
            for key, selected in zip(keys, row, strict=True)
        ):
            return candidate
    return PredicateTable(
        tuple(
            (key, query)
            for query, row in zip(queries, rows, strict=True)
            for key, selected in zip(keys, row, strict=True)
            if selected
        )
    )


def _predicate_candidates(
    keys: tuple[Value, ...], queries: tuple[Value, ...], rows: Rows
) -> Iterator[NamedPredicate]:
    yield from _PREDICATES
    if len(set(rows)) == 1:
        yield from _one_sided(Side.KEY_ALONE, keys, tuple(rows[0]))
    columns = tuple(zip(*rows, strict=True))
    if len(set(columns)) == 1:
        yield from _one_sided(Side.QUERY_ALONE, queries, columns[0])
    if _is_of_differences(keys, queries, rows):
        yield from _offset_candidates(keys, queries)


_PREDICATES = tuple(map(NamedPredicate, (Comparison.TRUE, Comparison.FALSE, *list(Comparison)[:6])))


def _one_sided(side: Side, values: tuple[Value, ...], truth: tuple[int, ...]) -> Iterator[NamedPredicate]:
    for candidate in _threshold_candidates(values, truth):
        comparison = Comparison(candidate.op.value.split()[1])
        yield NamedPredicate(comparison, side, candidate.constant)


def _is_of_differences(keys: tuple[Value, ...], queries: tuple[Value, ...], rows: Rows) -> bool:
    """Whether all values are whole numbers, and the difference of key and query decides the selection."""
    if not all(isinstance(value, int) for value in (*keys, *queries)):
        return False
    # The check above has left whole numbers alone, which a type checker does not see in two tuples at once.
    decided: dict[int, int] = {}
    return all(
        decided.setdefault(key - query, selected) == selected  # pyright: ignore[reportOperatorIssue, reportArgumentType]
        for query, row in zip(queries, rows, strict=True)
        for key, selected in zip(keys, row, strict=True)
    )


def _offset_candidates(keys: tuple[Value, ...], queries: tuple[Value, ...]) -> Iterator[NamedPredicate]:
    numbers = [v for v in (*keys, *queries) if isinstance(v, int)]
    reach = min(max(numbers) - min(numbers) + 1, _MAX_OFFSET)
    for size in range(1, reach + 1):
        for offset in (size, -size):
            for comparison in (Comparison.EQ, Comparison.NE, Comparison.LT, Comparison.GT):
                yield NamedPredicate(comparison, offset=offset)


def description_length(program_function: UnaryFunction | BinaryFunction | Predicate, size: int) -> int:
    """Entries of a table that differ from its most common one (0 for a named function).

    `size` is the number of pairs (key, query) that a predicate table is about.
    """
    match program_function:
        case UnaryTable() | BinaryTable():
            counts = Counter(value for _, value in program_function.entries)
            return len(program_function.entries) - max(counts.values(), default=0)
        case PredicateTable():
            return min(len(program_function.pairs), size - len(program_function.pairs))
        case _:
            return 0
