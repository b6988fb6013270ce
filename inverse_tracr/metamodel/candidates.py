"""The functions and predicates that a line may have, on given value sets."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.sites import Index
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
    UnaryFunction,
    UnaryOp,
)
from inverse_tracr.rasp.program import Encoding
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.propose import QUARTERS
from inverse_tracr.sample.tables import Tabulated, binary_table, predicate_table, unary_table

Values = tuple[Value, ...]
Tables = NDArray[np.int64]

MOST_VALUES = 40
"""Values of an operand up to which every one of them is tried as a constant."""

_COMPARISONS = (UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE)
_BINARY = (
    BinaryOp.EQ,
    BinaryOp.NE,
    BinaryOp.LT,
    BinaryOp.LE,
    BinaryOp.GT,
    BinaryOp.GE,
    BinaryOp.ADD,
    BinaryOp.SUBTRACT,
    BinaryOp.SUBTRACT_FROM,
    BinaryOp.MULTIPLY,
    BinaryOp.FLOOR_DIVIDE,
    BinaryOp.MODULO,
    BinaryOp.MINIMUM,
    BinaryOp.MAXIMUM,
    BinaryOp.AND,
    BinaryOp.OR,
    BinaryOp.DISTANCE,
    BinaryOp.PAIR,
)
_SWAPPED = (BinaryOp.FLOOR_DIVIDE, BinaryOp.MODULO, BinaryOp.AND, BinaryOp.OR, BinaryOp.PAIR)
_PREDICATES = (
    Comparison.EQ,
    Comparison.NE,
    Comparison.LT,
    Comparison.LE,
    Comparison.GT,
    Comparison.GE,
)
_OFFSETS = (-2, -1, 1, 2)


class Special(enum.Enum):
    """Kinds of candidate that are read off the model or take no function."""

    TABLE_FINE = "table of the finer classes"
    TABLE_COARSE = "table of the coarser classes"
    TABLE_OUTPUT = "table of outputs"
    PREDICATE_TABLE = "table of a predicate"
    LINEAR = "weighted sum"


_KINDS: dict[object, int] = {}
for _member in (
    *((op, encoding) for op in UnaryOp for encoding in Encoding),
    *((op, swapped) for op in BinaryOp for swapped in (False, True)),
    *((sign, offset) for sign in Comparison for offset in (0, *_OFFSETS)),
    *Special,
):
    _KINDS[_member] = len(_KINDS)

KIND_COUNT = len(_KINDS)


def kind_number(kind: object) -> int:
    """The number of a kind of candidate, for an embedding."""
    return _KINDS[kind]


F = TypeVar("F", bound=UnaryFunction | BinaryFunction)


@dataclass(frozen=True)
class Functions(Generic[F]):
    """Functions on a value set (or on two, pairs row by row, each with an entry for no value).

    `tables` [functions, entries] are indices into `values` of each; `kinds` and `places` (of the constant
    among the values, from 0 to 1) describe them for the network.
    """

    functions: tuple[F, ...]
    encodings: tuple[Encoding, ...]
    swapped: tuple[bool, ...]
    values: tuple[Values, ...]
    tables: Tables
    kinds: Index
    places: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.functions)


@cached_by_type(maxsize=4096)
def unary_functions(values: Values, numerical: bool) -> Functions[UnaryFunction]:
    """Named functions of an s-op with these values; different ones with one table are one function."""
    found: dict[bytes, tuple[UnaryFunction, Encoding, Values, Index, int, float]] = {}
    for function, encoding, place in _unary(values, numerical):
        tabulated = unary_table(function, values)
        if not 2 - tabulated.partial <= len(tabulated.values) <= MOST_VALUES:
            continue
        if encoding is Encoding.NUMERICAL and _unsuited(tabulated):
            continue
        key = repr((encoding.value, tabulated.values)).encode() + tabulated.table.tobytes()
        kind = kind_number((function.op, encoding))
        found.setdefault(key, (function, encoding, tabulated.values, tabulated.table, kind, place))
    return _collected(list(found.values()), len(values) + 1)


def _unsuited(tabulated: Tabulated) -> bool:
    """Whether a function is not written as one to numbers: zeros and ones are written in both encodings."""
    numbers = all(is_number(v) for v in tabulated.values)
    return tabulated.partial or not numbers or set(tabulated.values) <= {0, 1}


def _collected(
    rows: list[tuple[UnaryFunction, Encoding, Values, Index, int, float]], entries: int
) -> Functions[UnaryFunction]:
    return Functions(
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        (False,) * len(rows),
        tuple(row[2] for row in rows),
        np.array([row[3] for row in rows], np.int64).reshape(len(rows), entries),
        np.array([row[4] for row in rows], np.intp),
        np.array([row[5] for row in rows]),
    )


def _unary(values: Values, numerical: bool) -> Iterator[tuple[NamedUnary, Encoding, float]]:
    constants = values if len(values) <= MOST_VALUES else values[:: len(values) // MOST_VALUES + 1]
    if numerical:
        constants = tuple(dict.fromkeys((*constants, *QUARTERS)))
    numbers = all(is_number(v) for v in values)
    top = max(len(constants) - 1, 1)
    for place, constant in enumerate(constants):
        for op in _COMPARISONS:
            yield NamedUnary(op, constant), Encoding.CATEGORICAL, place / top
        if numbers and not numerical:
            for op in (UnaryOp.MINIMUM, UnaryOp.MAXIMUM):
                yield NamedUnary(op, constant), Encoding.CATEGORICAL, place / top
    if not numbers:
        return
    if not numerical:
        yield NamedUnary(UnaryOp.ABS), Encoding.CATEGORICAL, 0.0
        for constant in (2, 3, 4):
            yield NamedUnary(UnaryOp.MODULO, constant), Encoding.CATEGORICAL, constant / 4
            yield NamedUnary(UnaryOp.FLOOR_DIVIDE, constant), Encoding.CATEGORICAL, constant / 4
    yield from _numerical()


def _numerical() -> Iterator[tuple[NamedUnary, Encoding, float]]:
    for op in (UnaryOp.IDENTITY, UnaryOp.ABS, UnaryOp.NEGATE):
        yield NamedUnary(op), Encoding.NUMERICAL, 0.0
    for constant in (2, 3, 0.5):
        yield NamedUnary(UnaryOp.MULTIPLY, constant), Encoding.NUMERICAL, constant / 4
    for op in (UnaryOp.ADD, UnaryOp.SUBTRACT_FROM, UnaryOp.MINIMUM, UnaryOp.MAXIMUM):
        for constant in (1, 2, 3):
            yield NamedUnary(op, constant), Encoding.NUMERICAL, constant / 4


@cached_by_type(maxsize=4096)
def binary_functions(firsts: Values, seconds: Values) -> Functions[BinaryFunction]:
    """Named functions of two s-ops with these values, in either order; one for each table.

    Whether a line says True or False is a matter of its name, so functions of zeros and ones are also there
    with these exchanged, written as tables.
    """
    found: dict[bytes, tuple[BinaryFunction, bool, Values, Index, int]] = {}
    for xs, ys in _named_either_way(firsts, seconds):
        for op in _BINARY:
            for swapped in (False, True) if op in _SWAPPED else (False,):
                tabulated = binary_table(NamedBinary(op), *((ys, xs) if swapped else (xs, ys)))
                if len(tabulated.values) < 2:
                    continue
                table = (tabulated.table.T if swapped else tabulated.table).ravel()
                key = repr(tabulated.values).encode() + table.tobytes()
                kind = kind_number((op, swapped))
                if (xs, ys) == (firsts, seconds):
                    found.setdefault(key, (NamedBinary(op), swapped, tabulated.values, table, kind))
                elif key not in found and not tabulated.partial:
                    written = _binary_table(firsts, seconds, tabulated.values, table)
                    found[key] = (written, False, tabulated.values, table, kind)
    rows = list(found.values())
    return Functions(
        tuple(row[0] for row in rows),
        (Encoding.CATEGORICAL,) * len(rows),
        tuple(row[1] for row in rows),
        tuple(row[2] for row in rows),
        np.array([row[3] for row in rows], np.int64).reshape(
            len(rows), (len(firsts) + 1) * (len(seconds) + 1)
        ),
        np.array([row[4] for row in rows], np.intp),
        np.zeros(len(rows)),
    )


def _named_either_way(firsts: Values, seconds: Values) -> Iterator[tuple[Values, Values]]:
    """Two value sets, and with zeros and ones exchanged in those that are nothing else."""
    for flip_first in (False, True) if firsts == (0, 1) else (False,):
        for flip_second in (False, True) if seconds == (0, 1) else (False,):
            yield firsts[::-1] if flip_first else firsts, seconds[::-1] if flip_second else seconds


def _binary_table(firsts: Values, seconds: Values, values: Values, table: Index) -> BinaryTable:
    grid = table.reshape(len(firsts) + 1, len(seconds) + 1).tolist()
    return BinaryTable(
        tuple(((x, y), values[grid[i][j]]) for i, x in enumerate(firsts) for j, y in enumerate(seconds))
    )


@dataclass(frozen=True)
class Predicates:
    """Predicates of a key and a query value; `tables` [predicates, query values + 1, key values + 1]."""

    predicates: tuple[Predicate, ...]
    tables: Tables
    kinds: Index

    def __len__(self) -> int:
        return len(self.predicates)


@cached_by_type(maxsize=4096)
def predicates(keys: Values, queries: Values) -> Predicates:
    """Comparisons of key and query, the query shifted by up to two; one for each table.

    Of zeros and ones also with these exchanged, as `binary_functions`.
    """
    found: dict[bytes, tuple[Predicate, Index, int]] = {}
    numbers = all(is_number(v) for v in (*keys, *queries))
    offsets = (0, *_OFFSETS) if numbers else (0,)
    named = [NamedPredicate(Comparison.TRUE)]
    named += [NamedPredicate(sign, offset=offset) for sign in _PREDICATES for offset in offsets]
    for own_keys, own_queries in _named_either_way(keys, queries):
        for predicate in named:
            table = predicate_table(predicate, own_keys, own_queries)
            if not table.any() or table.tobytes() in found:
                continue
            kind = kind_number((predicate.comparison, predicate.offset))
            written: Predicate = predicate
            if (own_keys, own_queries) != (keys, queries):
                chosen = np.argwhere(table[:-1, :-1]).tolist()
                written = PredicateTable(tuple((keys[k], queries[q]) for q, k in chosen))
            found[table.tobytes()] = (written, table, kind)
    rows = list(found.values())
    return Predicates(
        tuple(row[0] for row in rows),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.intp),
    )
