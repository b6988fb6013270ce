"""Means of zeros where a head moves ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.revise.streams import Streams
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.program import Aggregate, Encoding, Line, Map, Ref, operands
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.tables import mean_table, unary_table

LITTLE = 0.1
"""Size of what a head moves of a zero, in that of a one."""


def with_means_mirrored(streams: Streams) -> list[Line]:
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
    sizes = np.sqrt((streams.moves.values(*head) ** 2).sum(axis=1))
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
