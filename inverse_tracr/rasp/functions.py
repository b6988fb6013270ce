"""Functions of s-ops: named primitives with their constant, or explicit tables.

A function is total: where Python raises, where the result is no finite number of moderate size, or
where a table has no entry, the result is `None` (no value).
"""

from __future__ import annotations

import enum
import math
import operator
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from inverse_tracr.rasp.caching import types_of
from inverse_tracr.rasp.values import Maybe, Value, as_number, check_value, is_number

MAX_NUMBER = 2.0**53
_MAX_NUMBER = 2**53
MAX_TEXT = 1_000


class UnaryOp(enum.Enum):
    """Named functions of `x` and, for most, a constant `c`; the order decides canonical names."""

    IDENTITY = "x"
    EQ = "x == c"
    NE = "x != c"
    LT = "x < c"
    LE = "x <= c"
    GT = "x > c"
    GE = "x >= c"
    NOT = "not x"
    NEGATE = "-x"
    ABS = "abs(x)"
    ADD = "x + c"
    SUBTRACT = "x - c"
    SUBTRACT_FROM = "c - x"
    MULTIPLY = "x * c"
    DIVIDE = "x / c"
    DIVIDE_INTO = "c / x"
    FLOOR_DIVIDE = "x // c"
    MODULO = "x % c"
    MINIMUM = "min(x, c)"
    MAXIMUM = "max(x, c)"
    AND = "x and c"
    OR = "x or c"
    INT = "int(x)"
    BOOL = "bool(x)"
    ROUND = "round(x)"
    CONSTANT = "c"

    # Members are single: identity, which C hashes, serves here and below as well as Enum's hash of the name.
    __hash__ = object.__hash__

    @property
    def takes_constant(self) -> bool:
        """Whether the function has a constant `c`."""
        return self not in _WITHOUT_CONSTANT


_WITHOUT_CONSTANT = frozenset(
    {
        UnaryOp.IDENTITY,
        UnaryOp.NOT,
        UnaryOp.NEGATE,
        UnaryOp.ABS,
        UnaryOp.INT,
        UnaryOp.BOOL,
        UnaryOp.ROUND,
    }
)


class BinaryOp(enum.Enum):
    """Named functions of two variables `x` and `y`; the order decides canonical names."""

    FIRST = "x"
    SECOND = "y"
    EQ = "x == y"
    NE = "x != y"
    LT = "x < y"
    LE = "x <= y"
    GT = "x > y"
    GE = "x >= y"
    ADD = "x + y"
    SUBTRACT = "x - y"
    SUBTRACT_FROM = "y - x"
    MULTIPLY = "x * y"
    DIVIDE = "x / y"
    DIVIDE_INTO = "y / x"
    FLOOR_DIVIDE = "x // y"
    MODULO = "x % y"
    MINIMUM = "min(x, y)"
    MAXIMUM = "max(x, y)"
    AND = "x and y"
    OR = "x or y"
    DISTANCE = "abs(x - y)"
    PAIR = "(x, y)"

    __hash__ = object.__hash__


class Comparison(enum.Enum):
    """Comparisons of a key with a query, as Tracr has them."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    TRUE = "True"
    FALSE = "False"

    __hash__ = object.__hash__


class Side(enum.Enum):
    """What a predicate compares the key (or the query) with."""

    QUERY = "k ? q"
    KEY_ALONE = "k ? c"
    QUERY_ALONE = "q ? c"

    __hash__ = object.__hash__


def _number(function: Callable[..., Any]) -> Callable[..., Any]:
    """Restrict an arithmetic function to numbers, so that `"a" * 3` has no value."""

    def restricted(x: Value, y: Value) -> Any:
        return function(x, y) if is_number(x) and is_number(y) else None

    return restricted


def _add(x: Any, y: Any) -> Any:
    return x + y if is_number(x) == is_number(y) else None


def _unary(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, _c: function(x) if is_number(x) else None


def _swap(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: function(y, x)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": _add,
    "-": _number(operator.sub),
    "*": _number(operator.mul),
    "/": _number(operator.truediv),
    "//": _number(operator.floordiv),
    "%": _number(operator.mod),
    "min": min,
    "max": max,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
}

_UNARY: dict[UnaryOp, Callable[[Any, Any], Any]] = {
    UnaryOp.IDENTITY: lambda x, _c: x,
    UnaryOp.EQ: _ARITHMETIC["=="],
    UnaryOp.NE: _ARITHMETIC["!="],
    UnaryOp.LT: _ARITHMETIC["<"],
    UnaryOp.LE: _ARITHMETIC["<="],
    UnaryOp.GT: _ARITHMETIC[">"],
    UnaryOp.GE: _ARITHMETIC[">="],
    UnaryOp.NOT: lambda x, _c: not x,
    UnaryOp.NEGATE: _unary(operator.neg),
    UnaryOp.ABS: _unary(abs),
    UnaryOp.ADD: _add,
    UnaryOp.SUBTRACT: _ARITHMETIC["-"],
    UnaryOp.SUBTRACT_FROM: _swap(_ARITHMETIC["-"]),
    UnaryOp.MULTIPLY: _ARITHMETIC["*"],
    UnaryOp.DIVIDE: _ARITHMETIC["/"],
    UnaryOp.DIVIDE_INTO: _swap(_ARITHMETIC["/"]),
    UnaryOp.FLOOR_DIVIDE: _ARITHMETIC["//"],
    UnaryOp.MODULO: _ARITHMETIC["%"],
    UnaryOp.MINIMUM: min,
    UnaryOp.MAXIMUM: max,
    UnaryOp.AND: _ARITHMETIC["and"],
    UnaryOp.OR: _ARITHMETIC["or"],
    UnaryOp.INT: _unary(int),
    UnaryOp.BOOL: lambda x, _c: bool(x),
    UnaryOp.ROUND: _unary(round),
    UnaryOp.CONSTANT: lambda _x, c: c,
}

_BINARY: dict[BinaryOp, Callable[[Any, Any], Any]] = {
    BinaryOp.FIRST: lambda x, _y: x,
    BinaryOp.SECOND: lambda _x, y: y,
    BinaryOp.EQ: _ARITHMETIC["=="],
    BinaryOp.NE: _ARITHMETIC["!="],
    BinaryOp.LT: _ARITHMETIC["<"],
    BinaryOp.LE: _ARITHMETIC["<="],
    BinaryOp.GT: _ARITHMETIC[">"],
    BinaryOp.GE: _ARITHMETIC[">="],
    BinaryOp.ADD: _add,
    BinaryOp.SUBTRACT: _ARITHMETIC["-"],
    BinaryOp.SUBTRACT_FROM: _swap(_ARITHMETIC["-"]),
    BinaryOp.MULTIPLY: _ARITHMETIC["*"],
    BinaryOp.DIVIDE: _ARITHMETIC["/"],
    BinaryOp.DIVIDE_INTO: _swap(_ARITHMETIC["/"]),
    BinaryOp.FLOOR_DIVIDE: _ARITHMETIC["//"],
    BinaryOp.MODULO: _ARITHMETIC["%"],
    BinaryOp.MINIMUM: min,
    BinaryOp.MAXIMUM: max,
    BinaryOp.AND: _ARITHMETIC["and"],
    BinaryOp.OR: _ARITHMETIC["or"],
    BinaryOp.DISTANCE: _number(lambda x, y: abs(x - y)),
    BinaryOp.PAIR: lambda x, y: (x, y),
}

_COMPARE: dict[Comparison, Callable[[Any, Any], Any]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
    Comparison.TRUE: lambda _k, _q: True,
    Comparison.FALSE: lambda _k, _q: False,
}


def _settled(result: Any) -> Maybe:
    """A result as a value, or None where it is not finite or out of bounds."""
    kind = type(result)
    if kind is bool or (kind is int and -_MAX_NUMBER <= result <= _MAX_NUMBER):
        return result
    if isinstance(result, int | float):
        # Adding 0 makes 0.0 of -0.0, which no cache tells apart from it.
        return result + 0 if math.isfinite(result) and abs(result) <= MAX_NUMBER else None
    if isinstance(result, str):
        return result if len(result) <= MAX_TEXT else None
    if isinstance(result, tuple):
        # What a tuple of Python's holds is not known to the type checker; its members are not looked at.
        return result if len(str(result)) <= MAX_TEXT else None  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return None


def _check_maybe(value: Maybe) -> None:
    if value is not None:
        check_value(value)


_PLAIN = frozenset({bool, int, str})


def _check_all(values: list[Value]) -> None:
    """Check all of them, equal ones once where they are of types that share bounds."""
    for value in set(values) if set(map(type, values)) <= _PLAIN else values:
        check_value(value)


Key = TypeVar("Key")


def _looked_up(entries: tuple[tuple[Key, Maybe], ...]) -> dict[Key, Maybe]:
    """The entries of a table as a dictionary; raises ValueError where a key stands twice."""
    lookup = dict(entries)
    if len(lookup) < len(entries):
        seen: set[Key] = set()
        twice = next(key for key, _ in entries if key in seen or seen.add(key))
        raise ValueError(f"the table names the key {twice!r} twice")
    return lookup


@dataclass(frozen=True)
class NamedUnary:
    """A named function of `x`; `constant` is None exactly when the function takes none."""

    op: UnaryOp
    constant: Maybe = None

    def __post_init__(self) -> None:
        if self.op.takes_constant == (self.constant is None):
            need = "a constant" if self.op.takes_constant else "no constant"
            raise ValueError(f"the function `{self.op.value}` takes {need}, got {self.constant!r}")
        _check_maybe(self.constant)

    @property
    def value_types(self) -> Hashable:
        """Types of the values that it names (see `caching`)."""
        return types_of(self.constant)

    def __call__(self, x: Value) -> Maybe:
        """The value at `x`, or None where there is none."""
        try:
            return _settled(_UNARY[self.op](x, self.constant))
        except (ArithmeticError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class UnaryTable:
    """Explicit entries `x -> value`, with `default` for every other `x`.

    Applied to a number of a numerical s-op, the entry of the nearest key counts (see `nearest`).
    """

    entries: tuple[tuple[Value, Maybe], ...]
    default: Maybe = None
    _lookup: dict[Value, Maybe] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_all([key for key, _ in self.entries])
        _check_all([value for _, value in self.entries if value is not None])
        _check_maybe(self.default)
        object.__setattr__(self, "_lookup", _looked_up(self.entries))

    @cached_property
    def value_types(self) -> Hashable:
        """Types of the values that it names (see `caching`)."""
        return types_of((self.entries, self.default))

    def __call__(self, x: Value) -> Maybe:
        """The entry at `x`, or the default."""
        return self._lookup.get(x, self.default)

    def nearest(self, x: float) -> Maybe:
        """The entry of the key nearest to the number `x`; between two keys, of the upper one.

        Keys without a value do not count: Tracr drops them when it splits the numbers among the keys.
        """
        keys = [k for k, value in self.entries if is_number(k) and value is not None]
        if not keys or self.default is not None:
            return self(x)
        return self._lookup[min(keys, key=lambda k: (abs(as_number(k) - x), -as_number(k)))]


UnaryFunction = NamedUnary | UnaryTable


@dataclass(frozen=True)
class NamedBinary:
    """A named function of `x` and `y`."""

    value_types: ClassVar[Hashable] = None
    """It names no values (see `caching`)."""

    op: BinaryOp

    def __call__(self, x: Value, y: Value) -> Maybe:
        """The value at (`x`, `y`), or None where there is none."""
        try:
            return _settled(_BINARY[self.op](x, y))
        except (ArithmeticError, TypeError, ValueError):
            return None

    def table(self, xs: Sequence[Value], ys: Sequence[Value]) -> tuple[Maybe, ...]:
        """The values at all pairs, row by row."""
        function = _BINARY[self.op]
        try:
            return tuple([_settled(function(x, y)) for x in xs for y in ys])
        except (ArithmeticError, TypeError, ValueError):
            return tuple([self(x, y) for x in xs for y in ys])  # some pairs have no value


@dataclass(frozen=True)
class BinaryTable:
    """Explicit entries `(x, y) -> value`, with `default` for every other pair."""

    entries: tuple[tuple[tuple[Value, Value], Maybe], ...]
    default: Maybe = None
    _lookup: dict[tuple[Value, Value], Maybe] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_all([x for (x, _), _ in self.entries])
        _check_all([y for (_, y), _ in self.entries])
        _check_all([value for _, value in self.entries if value is not None])
        _check_maybe(self.default)
        object.__setattr__(self, "_lookup", _looked_up(self.entries))

    @cached_property
    def value_types(self) -> Hashable:
        """Types of the values that it names (see `caching`)."""
        return types_of((self.entries, self.default))

    def __call__(self, x: Value, y: Value) -> Maybe:
        """The entry at (`x`, `y`), or the default."""
        return self._lookup.get((x, y), self.default)

    def table(self, xs: Sequence[Value], ys: Sequence[Value]) -> tuple[Maybe, ...]:
        """The values at all pairs, row by row."""
        lookup, default = self._lookup, self.default
        return tuple([lookup.get((x, y), default) for x in xs for y in ys])


BinaryFunction = NamedBinary | BinaryTable


@dataclass(frozen=True)
class NamedPredicate:
    """A comparison of the key `k` with the query `q` shifted by `offset`, or of one with `constant`."""

    comparison: Comparison
    side: Side = Side.QUERY
    constant: Maybe = None
    offset: int = 0

    def __post_init__(self) -> None:
        if (self.side is Side.QUERY) != (self.constant is None):
            raise ValueError("a predicate of one side takes a constant, a predicate of both takes none")
        if self.offset and self.side is not Side.QUERY:
            raise ValueError("only a comparison of key and query takes an offset")
        if self.comparison in (Comparison.TRUE, Comparison.FALSE) and (
            self.side is not Side.QUERY or self.offset
        ):
            raise ValueError("the predicates True and False take neither constant nor offset")
        _check_maybe(self.constant)
        check_value(self.offset)

    @property
    def value_types(self) -> Hashable:
        """Types of the values that it names (see `caching`)."""
        return types_of((self.constant, self.offset))

    def __call__(self, key: Value, query: Value) -> bool:
        """Whether the query selects the key; where Python cannot compare the two, it does not."""
        try:
            if self.side is Side.KEY_ALONE:
                return bool(_COMPARE[self.comparison](key, self.constant))
            if self.side is Side.QUERY_ALONE:
                return bool(_COMPARE[self.comparison](query, self.constant))
            if self.offset:
                # A text and a number cannot be added: TypeError, as for those that cannot be compared.
                return bool(_COMPARE[self.comparison](key, query + self.offset))  # pyright: ignore[reportOperatorIssue]
            return bool(_COMPARE[self.comparison](key, query))
        except TypeError:
            return False

    def row(self, keys: tuple[Value, ...], query: Value) -> tuple[bool, ...]:
        """Whether the query selects each of `keys`."""
        compare = _COMPARE[self.comparison]
        try:
            match self.side:
                case Side.KEY_ALONE:
                    return tuple([bool(compare(key, self.constant)) for key in keys])
                case Side.QUERY_ALONE:
                    return (bool(compare(query, self.constant)),) * len(keys)
                case Side.QUERY:
                    # As above: what cannot be added raises TypeError.
                    other: Any = query + self.offset if self.offset else query  # pyright: ignore[reportOperatorIssue]
                    return tuple([bool(compare(key, other)) for key in keys])
        except TypeError:  # Python can compare some of them at most
            return tuple([self(key, query) for key in keys])


@dataclass(frozen=True)
class PredicateTable:
    """The set of pairs (key, query) that are selected."""

    pairs: tuple[tuple[Value, Value], ...]
    _lookup: frozenset[tuple[Value, Value]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_all([key for key, _ in self.pairs])
        _check_all([query for _, query in self.pairs])
        lookup = frozenset(self.pairs)
        if len(lookup) != len(self.pairs):
            raise ValueError("the predicate table names a pair twice")
        object.__setattr__(self, "_lookup", lookup)

    @cached_property
    def value_types(self) -> Hashable:
        """Types of the values that it names (see `caching`)."""
        return types_of(self.pairs)

    def __call__(self, key: Value, query: Value) -> bool:
        """Whether the query selects the key."""
        return (key, query) in self._lookup

    def row(self, keys: tuple[Value, ...], query: Value) -> tuple[bool, ...]:
        """Whether the query selects each of `keys`."""
        lookup = self._lookup
        return tuple([(key, query) in lookup for key in keys])


Predicate = NamedPredicate | PredicateTable


def compose(outer: UnaryFunction, inner: UnaryFunction, xs: Sequence[Value]) -> UnaryTable:
    """The table of `outer(inner(x))` on `xs`, as Tracr fuses a map of a map."""
    entries: list[tuple[Value, Maybe]] = []
    for x in xs:
        between = inner(x)
        entries.append((x, None if between is None else outer(between)))
    return UnaryTable(tuple(entries))
