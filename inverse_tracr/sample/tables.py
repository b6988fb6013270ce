"""Functions as tables over value sets, kept because the same ones come again and again."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inverse_tracr.compile.ladders import is_readable
from inverse_tracr.rasp.functions import BinaryFunction, Predicate, UnaryFunction
from inverse_tracr.rasp.tabulated import Tabulated as Found
from inverse_tracr.rasp.tabulated import tabulate_predicate, tabulated_binary, tabulated_unary
from inverse_tracr.rasp.values import Maybe, as_number, is_number, ordered
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
    values, table, partial = _plain_table(tabulated_unary(function, xs))
    return Tabulated(values, kind_of(values), table, partial)


@lru_cache(maxsize=20_000)
def binary_table(function: BinaryFunction, xs: Values, ys: Values) -> Tabulated:
    """`function` on all pairs; table of shape [len(xs) + 1, len(ys) + 1]."""
    values, flat, partial = _plain_table(tabulated_binary(function, xs, ys))
    table = np.full((len(xs) + 1, len(ys) + 1), len(values), dtype=np.intp)
    table[:-1, :-1] = flat[:-1].reshape(len(xs), len(ys))
    return Tabulated(values, kind_of(values), table, partial)


def _plain_table(found: Found) -> tuple[Values, Index, bool]:
    """Plain values in Tracr's order, indices of results into them, and whether some result is none."""
    kinds = set(map(type, found.values))
    if tuple in kinds or (str in kinds and len(kinds) > 1):
        found = Found(tuple(map(_plain, found.results)))  # plain values of these kinds may sort otherwise
    values = tuple(plain for value in found.values if (plain := _plain(value)) is not None)
    return values, np.where(found.places < 0, len(values), found.places), found.is_partial


@lru_cache(maxsize=20_000)
def predicate_table(predicate: Predicate, keys: Values, queries: Values) -> Index:
    """1 where selected; shape [len(queries) + 1, len(keys) + 1], what has no value is never selected."""
    table = np.zeros((len(queries) + 1, len(keys) + 1), dtype=np.intp)
    chosen = tabulate_predicate(predicate, keys, queries)
    table[:-1, :-1] = np.array(chosen, dtype=np.intp).reshape(len(queries), len(keys))
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
    # The operands' own type is kept, for a sum of whole numbers is whole.
    numbers = [(x, y) for x in xs for y in ys if is_number(x) and is_number(y)]
    sums = [_plain(first_factor * x + second_factor * y) for x, y in numbers]
    values = ordered(value for value in sums if value is not None)
    index = {value: i for i, value in enumerate(values)}
    table = np.array([index[value] for value in sums if value is not None], dtype=np.intp)
    return Tabulated(values, Kind.NUMBER, table.reshape(len(xs), len(ys)), False)


@lru_cache(maxsize=20_000)
def readable(values: Values) -> bool:
    """Whether the MLP of a map of a numerical s-op can tell its values (in rising order) apart."""
    return is_readable([as_number(value) for value in values])


@lru_cache(maxsize=512)
def identity_table(size: int) -> Index:
    """0, 1, … up to `size`, which stands for no value."""
    return np.arange(size + 1)
