"""The second step of writing a line: its function and, for a head, what is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inverse_tracr.metamodel.candidates import (
    Functions,
    Special,
    binary_functions,
    kind_number,
    unary_functions,
)
from inverse_tracr.metamodel.columns import Column, aggregate, number_column
from inverse_tracr.metamodel.context import Floats, context, heads_of, nines, unexplained_heads
from inverse_tracr.metamodel.measures import measured
from inverse_tracr.metamodel.memory import Choosing, Memory
from inverse_tracr.metamodel.operands import NONE
from inverse_tracr.metamodel.readings import binary_tables, possible_predicates, unary_tables
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
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

FILL_SIZE = 38

MOST_PREDICATES = 10
"""Predicates of a pair of operands that are tried with every value that could be moved."""

FACTORS = (-3, -2, -1, 1, 2, 3, 0.5)


@dataclass(frozen=True)
class Filling:
    """The second step: lines with given operands, a select before its reader; features and kinds of each.

    `columns` are the lines on the sites, `heads` those that may be the line's, of an MLP none.
    """

    lines: tuple[tuple[Line, ...], ...]
    columns: tuple[Column, ...]
    features: Floats
    kinds: Index
    context: Floats
    heads: tuple[list[int], ...] = ()


def fillings(state: State, pair: tuple[Ref, Ref], memory: Memory) -> Filling:
    """The lines that read a pair of operands; `memory` is of this half-layer."""
    if state.attention:
        return _reading_heads(state, *pair, memory)
    first = state.column(pair[0])
    if pair[1] == NONE:
        return _maps(state, first, memory)
    second = state.column(pair[1])
    if first.numerical:
        return _sums(state, first, second, memory)
    return _sequence_maps(state, first, second, memory)


def _maps(state: State, operand: Column, memory: Memory) -> Filling:
    named = unary_functions(operand.values, operand.numerical)
    lines = [(Map(operand.ref, f, e),) for f, e in zip(named.functions, named.encodings, strict=True)]
    columns = list(_tabulated(state, named, operand.labels, memory, (operand.key,)))
    kinds, places = named.kinds.tolist(), named.places.tolist()
    if not operand.numerical:
        for kind, function, column in unary_tables(state, operand):
            lines.append((Map(operand.ref, function),))
            columns.append(column)
            kinds.append(kind_number(kind))
            places.append(0.0)
    return _filling(state, lines, columns, kinds, places, memory)


def _sequence_maps(state: State, first: Column, second: Column, memory: Memory) -> Filling:
    named = binary_functions(first.values, second.values)
    lines: list[tuple[Line, ...]] = []
    for function, swapped in zip(named.functions, named.swapped, strict=True):
        x, y = (second, first) if swapped else (first, second)
        lines.append((SequenceMap(x.ref, y.ref, function),))
    codes = first.labels * second.size + second.labels
    columns = list(_tabulated(state, named, codes, memory, (first.key, second.key)))
    kinds, places = named.kinds.tolist(), named.places.tolist()
    for kind, function, column in binary_tables(state, first, second, codes):
        lines.append((SequenceMap(first.ref, second.ref, function),))
        columns.append(column)
        kinds.append(kind_number(kind))
        places.append(0.0)
    return _filling(state, lines, columns, kinds, places, memory)


def _sums(state: State, first: Column, second: Column, memory: Memory) -> Filling:
    lines: list[tuple[Line, ...]] = []
    columns: list[Column] = []
    for x in FACTORS:
        for y in FACTORS:
            lines.append((LinearSequenceMap(first.ref, second.ref, x, y),))
            columns.append(number_column(0, x * first.numbers + y * second.numbers, state.half))
    kinds = [kind_number(Special.LINEAR)] * len(lines)
    return _filling(state, lines, columns, kinds, [0.0] * len(lines), memory)


def _tabulated(
    state: State, named: Functions[Any], codes: Index, memory: Memory, operands: tuple[bytes, ...]
) -> list[Column]:
    if operands not in memory.groups:
        labels = named.tables[:, codes]
        memory.groups[operands] = [
            Column(0, values, own, state.half, encoding is Encoding.NUMERICAL)
            for values, own, encoding in zip(named.values, labels, named.encodings, strict=True)
        ]
    return memory.groups[operands]


def _reading_heads(state: State, keys: Ref, queries: Ref, memory: Memory) -> Filling:
    key, query = state.column(keys), state.column(queries)
    choosing = _choosing(state, key, query, memory)
    best = (choosing.shares * unexplained_heads(state)).max(axis=1, initial=0.0)
    lines: list[tuple[Line, ...]] = []
    columns: list[Column] = []
    kinds: list[int] = []
    places: list[float] = []
    heads: list[list[int]] = []
    payloads: list[Column | None] = [None]
    # Means are defined of zeros and ones only.
    payloads += [c for c in state.readable() if not c.numerical or set(c.values) <= {0, 1}]
    for at in np.argsort(-best, kind="stable")[:MOST_PREDICATES].tolist():
        line = Select(keys, queries, choosing.predicates[at])
        lines += [(line, SelectorWidth(0) if p is None else Aggregate(0, p.ref)) for p in payloads]
        columns += _moved(state, (key, query), at, payloads, memory)
        kinds += [choosing.kinds[at]] * len(payloads)
        places += [float(best[at])] * len(payloads)
        own = heads_of(choosing.shares[at], state.written.scores, everything=choosing.everything[at])
        heads += [own] * len(payloads)
    return replace(_filling(state, lines, columns, kinds, places, memory, payloads), heads=tuple(heads))


def _choosing(state: State, key: Column, query: Column, memory: Memory) -> Choosing:
    pair = (key.key, query.key)
    if pair not in memory.choosing:
        memory.choosing[pair] = possible_predicates(state, key, query)
    return memory.choosing[pair]


def _moved(
    state: State, pair: tuple[Column, Column], at: int, payloads: Sequence[Column | None], memory: Memory
) -> list[Column]:
    """What a head writes that chooses by predicate number `at` of a pair of key and query, by payload."""
    found: list[Column] = []
    own, sites = (pair[0].key, pair[1].key, b"%d" % at), state.view.sites
    chosen: Index | None = None
    for moved in payloads:
        key = (*own, b"" if moved is None else moved.key)
        if key not in memory.columns:
            if chosen is None:
                chosen = memory.choosing[own[:2]].chosen(at)
            if moved is None:
                widths = tuple(range(state.signature.max_seq_len + 1))
                made = Column(0, widths, sites.grid.widths(chosen), state.half)
            else:
                made = aggregate(0, moved, chosen, sites, made=state.half)
            memory.columns[key] = made
        found.append(memory.columns[key])
    return found


def _filling(
    state: State,
    lines: Sequence[tuple[Line, ...]],
    columns: Sequence[Column],
    kinds: Sequence[int],
    places: Sequence[float],
    memory: Memory,
    payloads: Sequence[Column | None] | None = None,
) -> Filling:
    """Lines with their features; of heads `payloads` are what is moved, over and over."""
    own = context(state)
    if not lines:
        return Filling((), (), np.zeros((0, FILL_SIZE), np.float32), np.zeros(0, np.intp), own)
    counted = [isinstance(each[-1], SelectorWidth) for each in lines]
    found = measured(state, columns, counted, memory)
    scores, match, linear = found[:, :7], found[:, 7], found[:, 8:14]
    gain = scores[:, 1] - own[7]
    moved = np.array([_payload_features(state, payload) for payload in payloads or [None]])
    moved = np.tile(moved, (len(columns) // len(moved), 1))
    heads = np.full(len(columns), float(payloads is not None))
    features = np.column_stack(
        [
            scores, nines(scores[:, [0, 1, 2, 3, 4, 6]]), match, nines(match), linear,
            nines(linear[:, :4]), gain, np.array(places), found[:, 14], [float(c.numerical) for c in columns],
            heads, moved,
        ]
    )  # fmt: skip
    return Filling(tuple(lines), tuple(columns), features.astype(np.float32), np.array(kinds, np.intp), own)


def _payload_features(state: State, moved: Column | None) -> list[float]:
    """What a head moves: nothing (it counts), or how its values compare with the operands of pairs."""
    if moved is None:
        return [0.0] * 8
    unused = float(moved.ref >= 0 and moved.ref not in state.used)
    ages = (state.half - moved.made) / 10
    inputs = [float(moved.ref == TOKENS), float(moved.ref == INDICES)]
    return [1.0, *inputs, unused, ages, moved.size / 16, float(moved.numerical), float(moved.ref >= 0)]
