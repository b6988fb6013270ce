"""Functions as tables over value sets, kept because the same ones come again and again."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inverse_tracr.compile.ladders import is_readable
from inverse_tracr.rasp.functions import (
    BinaryFunction,
    Predicate,
    UnaryFunction,
    tabulate_binary,
    tabulate_predicate,
    tabulate_unary,
)
from inverse_tracr.rasp.values import Maybe, ordered
from inverse_tracr.sample.facts import Kind, Values, kind_of
from inverse_tracr.sample.grid import Index


class Tabulated(NamedTuple):
    """The values that a function takes, in Tracr's order, and its table of indices into them.

    The table has an entry more than each operand has values, for an operand without a value; results without
    a value have the index `len(values)`. `kind` is that of the values. `partial`: it has no value somewhere.
    """

    values: Values
    kind: Kind
    table: Index
    partial: bool


def _plain(value: Maybe) -> Maybe:
    """The whole number that equals a value, if there is one; of a pair the pair of these.

    Caches take 1, 1.0 and True for one; without this, which of them a program names would depend on the
    programs sampled before it.
    """
    if isinstance(value, tuple):
        return tuple(part for member in value if (part := _plain(member)) is not None)
    return int(value) if isinstance(value, bool | float) and value == int(value) else value


@lru_cache(maxsize=20_000)
def unary_table(function: UnaryFunction, xs: Values) -> Tabulated:
    """`function` on `xs`; table of shape [len(xs) + 1]."""
    results = [_plain(r) for r in tabulate_unary(function, xs)]
    values = ordered(r for r in results if r is not None)
    index = {value: i for i, value in enumerate(values)}
    none = len(values)
    table = np.array([*(none if r is None else index[r] for r in results), none], dtype=np.intp)
    return Tabulated(values, kind_of(values), table, None in results)


@lru_cache(maxsize=20_000)
def binary_table(function: BinaryFunction, xs: Values, ys: Values) -> Tabulated:
    """`function` on all pairs; table of shape [len(xs) + 1, len(ys) + 1]."""
    results = [_plain(r) for r in tabulate_binary(function, xs, ys)]
    values = ordered(r for r in results if r is not None)
    index = {value: i for i, value in enumerate(values)}
    none = len(values)
    table = np.full((len(xs) + 1, len(ys) + 1), none, dtype=np.intp)
    indices = [none if r is None else index[r] for r in results]
    table[:-1, :-1] = np.array(indices, dtype=np.intp).reshape(len(xs), len(ys))
    return Tabulated(values, kind_of(values), table, None in results)


@lru_cache(maxsize=20_000)
def predicate_table(predicate: Predicate, keys: Values, queries: Values) -> Index:
    """1 where selected; shape [len(queries) + 1, len(keys) + 1], what has no value is never selected."""
    table = np.zeros((len(queries) + 1, len(keys) + 1), dtype=np.intp)
    table[:-1, :-1] = tabulate_predicate(predicate, keys, queries)
    return table


@lru_cache(maxsize=64)
def mean_table(max_seq_len: int) -> Tabulated:
    """Means k/n of zeros and ones; table of shape [max_seq_len + 1, max_seq_len + 1] by (k, n); 0/0 is 0."""
    lengths = range(1, max_seq_len + 1)
    values = ordered(k / n for n in lengths for k in range(n + 1))
    index = {value: i for i, value in enumerate(values)}
    table = np.zeros((max_seq_len + 1, max_seq_len + 1), dtype=np.intp)
    for n in lengths:
        for k in range(n + 1):
            table[k, n] = index[k / n]
    return Tabulated(values, Kind.NUMBER, table, False)


@lru_cache(maxsize=20_000)
def linear_table(first_factor: int | float, second_factor: int | float, xs: Values, ys: Values) -> Tabulated:
    """`first_factor * x + second_factor * y` on all pairs; table of shape [len(xs), len(ys)]."""
    sums = [_plain(first_factor * x + second_factor * y) for x in xs for y in ys]  # pyright: ignore[reportOperatorIssue]
    values = ordered(value for value in sums if value is not None)
    index = {value: i for i, value in enumerate(values)}
    table = np.array([index[value] for value in sums if value is not None], dtype=np.intp)
    return Tabulated(values, Kind.NUMBER, table.reshape(len(xs), len(ys)), False)


@lru_cache(maxsize=20_000)
def readable(values: Values) -> bool:
    """Whether the MLP of a map of a numerical s-op can tell its values (in rising order) apart."""
    return is_readable([float(value) for value in values])  # pyright: ignore[reportArgumentType]


@lru_cache(maxsize=512)
def identity_table(size: int) -> Index:
    """0, 1, … up to `size`, which stands for no value."""
    return np.arange(size + 1)
