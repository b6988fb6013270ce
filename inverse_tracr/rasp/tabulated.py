"""Functions on value sets, with all that the weights need to know of them; kept, for they come again."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.caching import cached, cached_by_type
from inverse_tracr.rasp.functions import BinaryFunction, Predicate, UnaryFunction
from inverse_tracr.rasp.values import Maybe, Value, ordered


class Tabulated:
    """The results of a function in the order of its arguments, and the values that it takes, in Tracr's."""

    def __init__(self, results: tuple[Maybe, ...]) -> None:
        self.results = results
        self.is_partial = None in results
        self.values: tuple[Value, ...] = ordered(r for r in results if r is not None)

    @cached_property
    def kind(self) -> type | None:
        """The type of all results that are values, `NoneType` where none is; None where they are of several
        types, or tuples.
        """
        kinds = set(map(type, self.results))
        if len(kinds) > 1:
            kinds.discard(type(None))
        kind = kinds.pop() if len(kinds) == 1 else None
        return None if kind is tuple else kind

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Where each result stands among the values, -1 for None; a last entry answers None itself."""
        place: dict[Any, int] = {value: i for i, value in enumerate(self.values)}
        place[None] = -1
        return np.array([*(place[r] for r in self.results), -1], dtype=np.intp)

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """`places` with the number of the values for None."""
        return np.where(self.places < 0, len(self.values), self.places)


@cached_by_type(maxsize=50_000)
def tabulated_unary(function: UnaryFunction, xs: tuple[Value, ...]) -> Tabulated:
    """`function` at every x of `xs`."""
    return Tabulated(tuple([function(x) for x in xs]))


@cached_by_type(maxsize=50_000)
def tabulated_binary(function: BinaryFunction, xs: tuple[Value, ...], ys: tuple[Value, ...]) -> Tabulated:
    """`function` at every pair, row by row as `tabulate_binary` has them."""
    return Tabulated(function.table(xs, ys))


@cached(maxsize=50_000)
def selection_table(
    predicate: Predicate, keys: tuple[Value, ...], queries: tuple[Value, ...]
) -> NDArray[np.bool_]:
    """Which keys each query selects; shape [queries + 1, keys + 1], what has no value is never selected."""
    table = np.zeros((len(queries) + 1, len(keys) + 1), dtype=np.bool_)
    rows = b"".join([bytes(predicate.row(keys, query)) for query in queries])
    table[:-1, :-1] = np.frombuffer(rows, dtype=np.bool_).reshape(len(queries), len(keys))
    table.setflags(write=False)
    return table


@cached_by_type(maxsize=100_000)
def tabulate_unary(function: UnaryFunction, xs: tuple[Value, ...]) -> tuple[Maybe, ...]:
    """`function` at every x of `xs`."""
    return tuple([function(x) for x in xs])


@cached_by_type(maxsize=50_000)
def tabulate_binary(
    function: BinaryFunction, xs: tuple[Value, ...], ys: tuple[Value, ...]
) -> tuple[Maybe, ...]:
    """`function` at every pair, row by row: entry `i * len(ys) + j` is `function(xs[i], ys[j])`."""
    return function.table(xs, ys)


@cached_by_type(maxsize=50_000)
def tabulate_predicate(
    predicate: Predicate, keys: tuple[Value, ...], queries: tuple[Value, ...]
) -> tuple[tuple[bool, ...], ...]:
    """Rows are queries, columns are keys, as in an attention pattern."""
    return tuple([predicate.row(keys, query) for query in queries])
