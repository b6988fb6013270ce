"""A program of the network revised by the model's parameters, which the network does not see.

The network sees what happens on inputs. Parameters also say which classes a half-layer tells apart, of what a
mean is, and what would happen where inputs never lead. Compiled models and their compressed students answer
that clearly; a student that was trained on inputs alone often does not, and then the program stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column, Selection, execute, select
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
from inverse_tracr.metamodel.streams import Streams, read_streams
from inverse_tracr.metamodel.unreached_choices import completed_predicate
from inverse_tracr.metamodel.unreached_values import (
    binary_table_of,
    completed_map,
    completed_sequence_map,
    labels_of,
    unary_table_of,
)
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.functions import BinaryOp, BinaryTable, NamedBinary, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.tables import binary_table, mean_table, predicate_table, unary_table

Floats = NDArray[np.float64]

SAME = 0.2
"""Distance of what two classes write, in the largest distance, below which they are one class."""

LITTLE = 0.1
"""Size of what a head moves of a zero, in that of a one."""


def revised(program: Program, state: State, model: TransformerProgram) -> Program:
    """The program of a state, with classes, means and entries as the model's parameters have them."""
    streams = Streams(state, model.weights(), read_streams(model, state.view.sites))
    for revise in (_with_classes_merged, _with_means_mirrored, _with_entries):
        streams = replace(streams, state=rewritten(streams.state, revise(streams)))
    return replace(program, lines=streams.state.lines)


def rewritten(state: State, lines: Sequence[Line]) -> State:
    """The state with other functions in its lines, executed again."""
    columns: dict[Ref, Column] = {c.ref: c for c in state.columns}
    selections: dict[Ref, Selection] = {s.ref: s for s in state.selections}
    for ref, line in enumerate(lines):
        if ref in selections:
            own = operands(line)
            selections[ref] = select(ref, line, columns[own[0]], columns[own[1]], state.view.sites)  # pyright: ignore[reportArgumentType]
            continue
        counting = isinstance(line, Aggregate | SelectorWidth)
        selection = selections[line.selector] if counting else None
        read = tuple(columns[operand] for operand in operands(line)[counting:])
        old = columns[ref]
        made = execute(ref, line, read, selection, state.signature, state.view.sites, made=old.made)
        columns[ref] = replace(made, twin=old.twin)
    return replace(
        state, lines=tuple(lines), columns=tuple(columns.values()), selections=tuple(selections.values())
    )


def _with_classes_merged(streams: Streams) -> list[Line]:
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


def _with_means_mirrored(streams: Streams) -> list[Line]:
    """Means of ones where the program has means of zeros: a head moves nothing of a zero."""
    state = streams.state
    lines = list(state.lines)
    for ref, line in enumerate(state.lines):
        if isinstance(line, Map) and line.encoding is Encoding.NUMERICAL:
            means = _means_of(streams, ref)
            readers = [r for mean in means for r, own in enumerate(state.lines) if mean.ref in operands(own)]
            if not means or not all(isinstance(state.lines[r], Map) for r in readers):
                continue
            if state.column(ref).values == (0, 1) and all(_is_mirrored(streams, mean) for mean in means):
                lines[ref] = _mirrored_map(line, state.column(line.operand).values)
                for reader in readers:
                    lines[reader] = _mirrored_reader(lines[reader], state)
    return lines


def _means_of(streams: Streams, ref: Ref) -> list[Column]:
    lines = ((column, streams.line(column)) for column in streams.state.columns)
    return [column for column, line in lines if isinstance(line, Aggregate) and line.values == ref]


def _is_mirrored(streams: Streams, mean: Column) -> bool:
    line = streams.line(mean)
    assert isinstance(line, Aggregate)
    head = streams.head_of(line.selector, mean)
    if head is None:
        return False
    moved = streams.state.column(line.values)
    sizes = np.sqrt((streams.values_of(head) ** 2).sum(axis=1))
    zeros, ones = sizes[moved.labels == 0], sizes[moved.labels == 1]
    return len(zeros) > 0 and len(ones) > 0 and float(ones.mean()) < LITTLE * float(zeros.mean())


def _mirrored_map(line: Map, values: tuple[Value, ...]) -> Map:
    found = unary_table(line.function, values)
    names = [1 - y if is_number(y) else y for y in found.values]
    entries = zip(values, found.table[:-1].tolist(), strict=True)
    return replace(line, function=UnaryTable(tuple((x, names[y]) for x, y in entries if y < len(names))))


def _mirrored_reader(line: Line, state: State) -> Line:
    assert isinstance(line, Map)
    means = mean_table(state.signature.max_seq_len).values
    found = unary_table(line.function, means)
    # Means k/n are closed under mirroring, and stand in rising order.
    entries = zip(means, found.table[:-1][::-1].tolist(), strict=True)
    written = tuple((x, found.values[y]) for x, y in entries if y < len(found.values))
    return replace(line, function=UnaryTable(written))


def _with_entries(streams: Streams) -> list[Line]:
    """Entries of predicates and tables that no site reaches."""
    lines = list(streams.state.lines)
    for selection in streams.state.selections:
        lines[selection.ref] = replace(selection.line, predicate=completed_predicate(streams, selection))
    for column in streams.state.columns:
        line = None if column.twin else streams.line(column)
        if isinstance(line, SequenceMap):
            lines[column.ref] = completed_sequence_map(streams, line, column)
        elif isinstance(line, Map):
            lines[column.ref] = completed_map(streams, line, column)
    return lines
