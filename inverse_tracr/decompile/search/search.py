"""Search: half-layer by half-layer, the simplest lines that explain the variance of what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from inverse_tracr.decompile.search.columns import (
    Column,
    Sketch,
    Truth,
    input_columns,
)
from inverse_tracr.decompile.search.consumers import (
    HeadReading,
    select_line,
)
from inverse_tracr.decompile.search.heads import read_head
from inverse_tracr.decompile.search.mlps import Reading, read_mlp
from inverse_tracr.decompile.search.observe import Observation
from inverse_tracr.decompile.search.scrub import CHANGED, ENOUGH
from inverse_tracr.decompile.search.selectors import visible
from inverse_tracr.rasp.functions import BinaryTable, UnaryFunction, UnaryTable
from inverse_tracr.rasp.naming import name_unary
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    Map,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value


@dataclass(frozen=True)
class SearchConfig:
    """Budgets, all counts: sketches kept after a half-layer, readings of a head or an MLP."""

    beam: int = 4
    readings: int = 2


def search_sketches(
    observation: Observation, signature: Signature, config: SearchConfig
) -> tuple[list[Sketch], int]:
    """Sketches that explain every half-layer, the cheapest first, and how many candidates were tried."""
    seen = visible(observation.probes, signature.causal)
    columns = tuple(input_columns(signature, observation.probes))
    start = Sketch((), columns, (), (), len(observation.probes.lengths), 0.0)
    beam, tried = [start], 0
    for layer in range(len(observation.heads)):
        following: list[Sketch] = []
        for sketch in beam:
            for attended, widths in _attention(observation, layer, sketch, seen, config):
                found = list(_mlp(observation, layer, attended, widths, config))
                tried += len(found)
                following += found
        following.sort(key=lambda s: s.cost)
        beam = following[: config.beam]
    return beam, tried


def _attention(
    observation: Observation, layer: int, sketch: Sketch, seen: Truth, config: SearchConfig
) -> Iterator[tuple[Sketch, list[Column]]]:
    """The sketch with a line for every head that does something, and the widths among them."""
    states: list[tuple[Sketch, list[Column]]] = [(sketch, [])]
    columns = list(sketch.columns)
    for head in range(len(observation.heads[layer])):
        following: list[tuple[Sketch, list[Column]]] = []
        for state, widths in states:
            ref = len(state.lines)
            readings = read_head(observation, layer, head, columns, seen, ref)
            following += [
                _with_head(state, widths, reading, layer, head) for reading in readings[: config.readings]
            ]
            if not readings:
                following.append((_unread(observation, layer, head, state), widths))
        states = sorted(following, key=lambda pair: pair[0].cost)[: config.beam]
    yield from states


def _unread(observation: Observation, layer: int, head: int, state: Sketch) -> Sketch:
    """A head without a line: free when it does nothing that matters, dear when it does."""
    nothing = np.zeros(int(observation.probes.mask.sum()), dtype=np.int64)
    kept = observation.scrubber.kept(2 * layer, head, nothing)
    return state.extended((), (), 2 * layer, 0.0 if kept >= ENOUGH else CHANGED * (1 - kept))


def _with_head(
    state: Sketch, widths: list[Column], reading: HeadReading, layer: int, head: int
) -> tuple[Sketch, list[Column]]:
    """Append the select and the consumer of a head, and the map that it moves where that is a new line."""
    lines: list[Line] = []
    ref = len(state.lines)
    consumer, column = reading.consumer, reading.column
    if reading.moved is not None and reading.weights is not None:
        lines.append(_numbered(reading.moved, reading.weights))
        ref += 1
    elif reading.moved is not None and reading.grouping is not None:
        lines.append(_grouped(reading.moved, reading.grouping))
        ref += 1
    lines.append(select_line(reading.fit))
    if isinstance(consumer, Aggregate):
        moved = consumer.values if len(lines) == 1 else ref - 1
        consumer = Aggregate(ref, moved)
    elif isinstance(consumer, SelectorWidth):
        consumer = SelectorWidth(ref, consumer.encoding)
    lines.append(consumer)
    column = Column(ref + 1, column.labels, column.values, column.numbers)
    if isinstance(consumer, SelectorWidth):
        widths = [*widths, column]
    heads = (f"{layer}.{head}",)
    return state.extended(tuple(lines), (column,), 2 * layer, reading.cost, heads), widths


def _numbered(column: Column, weights: tuple[float, ...]) -> Line:
    """The numbers that the values of a column stand for, as a map."""
    entries = tuple((value, int(weight)) for value, weight in zip(column.values, weights, strict=True))
    return Map(column.ref, UnaryTable(entries), Encoding.NUMERICAL)


def _grouped(column: Column, grouping: tuple[int, ...]) -> Line:
    """The class of each value of a column, as a map; values without a class have no value."""
    entries = tuple(
        (value, label if label >= 0 else None) for value, label in zip(column.values, grouping, strict=True)
    )
    return Map(column.ref, UnaryTable(entries), Encoding.CATEGORICAL)


def _mlp(
    observation: Observation, layer: int, sketch: Sketch, widths: list[Column], config: SearchConfig
) -> Iterator[Sketch]:
    """The sketch with lines for what the MLP writes beside the widths of this layer; or without any."""
    mask = observation.probes.mask
    rows = observation.half[2 * layer + 1][mask].astype(np.float64)
    kept = partial(observation.scrubber.kept, 2 * layer + 1, 0)
    forced = [column.labels[mask] for column in widths]
    for lines, cost in read_mlp(rows, sketch.columns, mask, observation.scale, forced, kept, config.readings):
        yield _with_readings(sketch, lines, mask, 2 * layer + 1, cost)


def _with_readings(sketch: Sketch, chosen: Sequence[Reading], mask: Truth, half: int, cost: float) -> Sketch:
    lines: list[Line] = []
    columns: list[Column] = []
    for mapping in chosen:
        ref = len(sketch.lines) + len(lines)
        labels = np.full(mask.shape, -1)
        labels[mask] = mapping.labels
        lines.append(_mapping_line(mapping, mask))
        columns.append(Column(ref, labels, tuple(range(int(mapping.labels.max()) + 1))))
    return sketch.extended(tuple(lines), tuple(columns), half, cost)


def _mapping_line(mapping: Reading, mask: Truth) -> Line:
    """The line of a mapping: entries seen on the probes, the most common class for the rest."""
    if len(mapping.operands) == 1:
        operand = mapping.operands[0]
        seen = dict(zip(operand.labels[mask].tolist(), mapping.labels.tolist(), strict=True))
        xs = tuple(operand.values[x] for x in sorted(seen) if x >= 0)
        ys = tuple(seen[x] for x in sorted(seen) if x >= 0)
        return Map(operand.ref, _unary(xs, ys, operand), Encoding.CATEGORICAL)
    first, second = mapping.operands
    pairs = zip(first.labels[mask].tolist(), second.labels[mask].tolist(), strict=True)
    seen_pairs = dict(zip(pairs, mapping.labels.tolist(), strict=True))
    entries = tuple(
        ((first.values[x], second.values[y]), label)
        for (x, y), label in sorted(seen_pairs.items())
        if x >= 0 and y >= 0
    )
    default = _most_common([label for _, label in entries])
    full = len(entries) == len(first.values) * len(second.values)
    return SequenceMap(first.ref, second.ref, BinaryTable(entries, None if full else default))


def _unary(xs: tuple[Value, ...], ys: tuple[int, ...], operand: Column) -> UnaryFunction:
    if operand.numerical or len(xs) == len(operand.values):
        return UnaryTable(tuple(zip(xs, ys, strict=True)))
    named = name_unary(xs, ys)
    if isinstance(named, UnaryTable):
        return UnaryTable(named.entries, _most_common(list(ys)))
    return named


def _most_common(labels: list[int]) -> int:
    return Counter(labels).most_common(1)[0][0] if labels else 0
