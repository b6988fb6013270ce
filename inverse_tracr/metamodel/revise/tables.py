"""Tables of lines, to and from the labels of their columns."""

from __future__ import annotations

import numpy as np

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.program import Map
from inverse_tracr.rasp.values import Value
from inverse_tracr.sample.tables import unary_table


def labels_of(line: Map, values: tuple[Value, ...], column: Column) -> Index:
    """What a map says of values, as labels of its column."""
    found = unary_table(line.function, values)
    places = {value: label for label, value in enumerate(column.values)}
    labels = [places.get(value, len(places)) for value in found.values]
    return np.array([*labels, len(places)])[found.table[:-1]]


def unary_table_of(values: tuple[Value, ...], labels: Index, column: Column) -> UnaryTable:
    """A table of values, from the labels that a column has for them."""
    entries = zip(values, labels.tolist(), strict=True)
    return UnaryTable(tuple((x, column.values[y]) for x, y in entries if y < len(column.values)))


def binary_table_of(first: Column, second: Column, labels: Index, column: Column) -> BinaryTable:
    """A table of pairs of values, from the labels [firsts, seconds] that a column has for them."""
    return BinaryTable(
        tuple(
            ((x, y), column.values[labels[i, j]])
            for i, x in enumerate(first.values)
            for j, y in enumerate(second.values)
            if labels[i, j] < len(column.values)
        )
    )
