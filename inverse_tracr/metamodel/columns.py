"""Lines executed on the sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.kernels import moved_labels, renumbered
from inverse_tracr.metamodel.sites import Index, Sites
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.tables import binary_table, predicate_table, unary_table

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """An s-op on the sites: `labels` [sites] index `values`, their number stands for no value.

    `made` is the half-layer that writes it, -1 for tokens and indices: later ones can read it. A `twin` is
    the numerical form of a categorical line, written beside it in case a mean or a sum reads it.
    `vectors` [values, d_model] are what is written for its values, where streams are loose and that is known;
    `directions` their numbers in the half-layer.
    """

    ref: Ref
    values: tuple[Value, ...]
    labels: Index
    made: int
    numerical: bool = False
    twin: bool = False
    vectors: Numbers | None = None
    directions: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of different labels there can be."""
        return len(self.values) + 1

    @property
    def numbers(self) -> Numbers:
        """The numbers of a numerical s-op on the sites; NaN for no value."""
        table = [float(v) if is_number(v) else np.nan for v in self.values]
        return np.array([*table, np.nan])[self.labels]

    @cached_property
    def key(self) -> bytes:
        """The same for columns that say the same, whatever line they are of."""
        return repr((self.values, self.numerical)).encode() + self.labels.tobytes()

    @cached_property
    def classes(self) -> bytes:
        """The same for columns that are one up to the names of values."""
        return first_seen(self.labels).tobytes()


@dataclass(frozen=True)
class Selection:
    """A select on the pairs of sites: 1 where chosen. `table` [query values + 1, key values + 1]."""

    ref: Ref
    line: Select
    chosen: Index


def input_columns(signature: Signature, sites: Sites) -> tuple[Column, Column]:
    """Tokens and indices."""
    grid = sites.grid
    return (
        Column(TOKENS, signature.vocab, grid.tokens, -1),
        Column(INDICES, tuple(range(signature.max_seq_len)), grid.positions, -1),
    )


def select(ref: Ref, line: Select, keys: Column, queries: Column, sites: Sites) -> Selection:
    """Which keys each query chooses."""
    table = predicate_table(line.predicate, keys.values, queries.values)
    return Selection(ref, line, sites.grid.chosen(table, queries.labels, keys.labels))


def execute(
    ref: Ref,
    line: Line,
    operands: tuple[Column, ...],
    selection: Selection | None,
    signature: Signature,
    sites: Sites,
    *,
    made: int,
) -> Column:
    """The column of a line that is no select, from those of its operands (for an aggregate its values)."""
    match line:
        case Map():
            found = unary_table(line.function, operands[0].values)
            numerical = line.encoding is Encoding.NUMERICAL
            return Column(ref, found.values, found.table.take(operands[0].labels), made, numerical)
        case SequenceMap():
            first, second = operands
            found = binary_table(line.function, first.values, second.values)
            codes = first.labels * second.size + second.labels
            return Column(ref, found.values, found.table.take(codes), made)
        case LinearSequenceMap():
            first, second = operands
            sums = line.first_factor * first.numbers + line.second_factor * second.numbers
            return number_column(ref, sums, made)
        case SelectorWidth():
            assert selection is not None
            widths = tuple(range(signature.max_seq_len + 1))
            numerical = line.encoding is Encoding.NUMERICAL
            return Column(ref, widths, sites.grid.widths(selection.chosen), made, numerical)
        case Aggregate():
            assert selection is not None
            return aggregate(ref, operands[0], selection.chosen, sites, made=made)
        case Select():
            raise TypeError("a select has no column")


def aggregate(ref: Ref, values: Column, chosen: Index, sites: Sites, *, made: int) -> Column:
    """The one value at the chosen keys, or the mean of numbers there."""
    grid = sites.grid
    if not values.numerical:
        none = len(values.values)
        labels = moved_labels(chosen, values.labels.take(grid.keys), none, grid.starts)
        return Column(ref, values.values, labels, made)
    numbers = np.nan_to_num(values.numbers).take(grid.keys)
    means = np.add.reduceat(numbers * chosen, grid.starts) / np.maximum(grid.widths(chosen), 1)
    return number_column(ref, means, made)


def number_column(ref: Ref, numbers: Numbers, made: int) -> Column:
    """A column of numbers, equal ones to nine digits taken for one; whole ones as integers."""
    numbers = np.nan_to_num(numbers)
    _, first, labels = np.unique(np.round(numbers, 9), return_index=True, return_inverse=True)
    values = tuple(int(x) if x == int(x) else x for x in numbers[first].tolist())
    return Column(ref, values, labels.astype(np.intp), made, numerical=True)


def occurring(column: Column) -> NDArray[np.bool_]:
    """Which values of a column occur on the sites [values]."""
    return np.isin(np.arange(len(column.values)), column.labels)


def first_seen(labels: Index) -> Index:
    """Labels renumbered by first occurrence: equal for columns that are one up to the names of values."""
    return renumbered(np.ascontiguousarray(labels))
