"""Tables whose classes a half-layer writes as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.revise.streams import Streams
from inverse_tracr.metamodel.revise.tables import binary_table_of, labels_of, unary_table_of
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.rasp.functions import BinaryOp, BinaryTable, NamedBinary, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import Line, Map, Ref, Select, SequenceMap, operands
from inverse_tracr.sample.tables import binary_table, predicate_table

SAME = 0.2
"""Distance of what two classes write, in the largest distance, below which they are one class."""


def with_classes_merged(streams: Streams) -> list[Line]:
    """Tables whose classes a half-layer writes as one have one class for them."""
    lines = list(streams.state.lines)
    merged: dict[Ref, Index] = {}
    for column in streams.state.columns:
        line = streams.line(column)
        if column.twin or not isinstance(line, Map | SequenceMap):
            continue
        if isinstance(line.function, UnaryTable | BinaryTable) or line.function == NamedBinary(BinaryOp.PAIR):
            classes = _classes(streams, column)
            if 1 < len(set(classes.values())) < len(classes):
                lines[column.ref] = _with_labels(streams, line, column, classes)
                merged[column.ref] = np.array([classes.get(label, label) for label in range(column.size)])
    for ref, line in enumerate(lines):
        if not merged.keys().isdisjoint(operands(line)):
            lines[ref] = _reading_merged(streams, line, ref, merged)
    return lines


def _reading_merged(streams: Streams, line: Line, ref: Ref, merged: dict[Ref, Index]) -> Line:
    """A line whose operands have fewer values: what sites say of them, not what stood where none led."""
    state = streams.state
    if isinstance(line, Select):
        key, query = state.column(line.keys), state.column(line.queries)
        chosen = next(s.chosen for s in state.selections if s.ref == ref).astype(np.bool_)
        grid = state.view.sites.grid
        table = predicate_table(line.predicate, key.values, query.values) > 0
        k, q = _merged_labels(key, merged), _merged_labels(query, merged)
        table[q[grid.queries], k[grid.keys]] = False
        table[q[grid.queries][chosen], k[grid.keys][chosen]] = True
        pairs = np.argwhere(table[:-1, :-1]).tolist()
        return replace(
            line, predicate=PredicateTable(tuple((key.values[b], query.values[a]) for a, b in pairs))
        )
    if not isinstance(line, Map | SequenceMap):
        return line
    # The line as it was, for its own classes may have been merged too.
    old, column = state.lines[ref], state.column(ref)
    own = merged.get(ref, np.arange(column.size))
    if isinstance(old, Map):
        operand = state.column(old.operand)
        labels = np.append(own[labels_of(old, operand.values, column)], 0)
        labels[_merged_labels(operand, merged)] = own[column.labels]
        return replace(old, function=unary_table_of(operand.values, labels[:-1], column))
    assert isinstance(old, SequenceMap)
    first, second = state.column(old.first), state.column(old.second)
    table = own[binary_table(old.function, first.values, second.values).table]
    table[_merged_labels(first, merged), _merged_labels(second, merged)] = own[column.labels]
    return replace(old, function=binary_table_of(first, second, table[:-1, :-1], column))


def _merged_labels(column: Column, merged: dict[Ref, Index]) -> Index:
    return merged[column.ref][column.labels] if column.ref in merged else column.labels


def _classes(streams: Streams, column: Column) -> dict[int, int]:
    """For each label that occurs the first one that is written as it is."""
    labels = [label for label in np.unique(column.labels).tolist() if label < len(column.values)]
    added = [streams.added(column, label, labels[0]) for label in labels]
    known = [part for part in added if part is not None]
    if len(known) < len(labels) or len(labels) < 3:
        return {}
    written = np.array(known)
    apart = np.sqrt(((written[:, None] - written[None]) ** 2).sum(axis=-1))
    alike = apart < SAME * apart.max()
    return {label: labels[int(alike[at].argmax())] for at, label in enumerate(labels)}


def _with_labels(streams: Streams, line: Map | SequenceMap, column: Column, names: dict[int, int]) -> Line:
    """A line as a table with some labels instead of others."""
    own = np.array([names.get(label, label) for label in range(column.size)])
    if isinstance(line, Map):
        operand = streams.state.column(line.operand)
        return replace(
            line,
            function=unary_table_of(operand.values, own[labels_of(line, operand.values, column)], column),
        )
    first, second = streams.state.column(line.first), streams.state.column(line.second)
    table = binary_table(line.function, first.values, second.values).table[:-1, :-1]
    return replace(line, function=binary_table_of(first, second, own[table], column))
