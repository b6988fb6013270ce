"""The second step of writing a line: its function and, for a head, what is moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from inverse_tracr.metamodel.candidates import (
    Functions,
    Special,
    binary_functions,
    kind_number,
    unary_functions,
)
from inverse_tracr.metamodel.columns import Column, aggregate, number_column
from inverse_tracr.metamodel.context import Floats, context, nines, unexplained_heads
from inverse_tracr.metamodel.heads import heads_of
from inverse_tracr.metamodel.lookups import lookups
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

if TYPE_CHECKING:
    from inverse_tracr.metamodel.loose import Loose

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
    if state.view.loose is not None:
        return _lookups(state, state.view.loose, (operand,), named, memory)
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


def _lookups(
    state: State, loose: Loose, operands: tuple[Column, ...], named: Functions[Any], memory: Memory
) -> Filling:
    """Lines whose tables neurons hold; the kind of one with the classes of a named function is that of it."""
    codes = operands[0].labels
    if len(operands) == 2:
        codes = codes * operands[1].size + operands[1].labels
    columns = _tabulated(state, named, codes, memory, tuple(operand.key for operand in operands))
    known = {c.classes: at for at, c in reversed(list(enumerate(columns))) if not c.numerical}
    found = lookups(state, loose, operands)
    at = [known.get(lookup.column.classes) for lookup in found]
    other = kind_number(Special.TABLE_FINE)
    kinds = [other if i is None else int(named.kinds[i]) for i in at]
    places = [0.0 if i is None else float(named.places[i]) for i in at]
    lines = [(lookup.line,) for lookup in found]
    return _filling(state, lines, [lookup.column for lookup in found], kinds, places, memory)


def _sequence_maps(state: State, first: Column, second: Column, memory: Memory) -> Filling:
    named = binary_functions(first.values, second.values)
    if state.view.loose is not None:
        return _lookups(state, state.view.loose, (first, second), named, memory)
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
    moved: list[Column | None] = []
    payloads: list[Column | None] = [None]
    # Means are defined of zeros and ones only.
    payloads += [c for c in state.readable() if not c.numerical or set(c.values) <= {0, 1}]
    for at in np.argsort(-best, kind="stable")[:MOST_PREDICATES].tolist():
        line = Select(keys, queries, choosing.predicates[at])
        shares, exact = choosing.shares[at], state.view.loose is not None
        own = heads_of(shares, state.written.scores, everything=choosing.everything[at], exact=exact)
        for payload, free in _heads_that_move(state, payloads, own):
            lines.append((line, SelectorWidth(0) if payload is None else Aggregate(0, payload.ref)))
            columns.append(_moved(state, (key, query), at, payload, free, memory))
            kinds.append(choosing.kinds[at])
            places.append(float(best[at]))
            heads.append(free)
            moved.append(payload)
    return replace(_filling(state, lines, columns, kinds, places, memory, moved), heads=tuple(heads))


def _heads_that_move(
    state: State, payloads: Sequence[Column | None], own: list[int]
) -> Iterator[tuple[Column | None, list[int]]]:
    """What heads may move that choose alike; where streams are loose, with the one that moves it best."""
    loose = state.view.loose
    for payload in payloads:
        if loose is None:
            yield payload, own
            continue
        head = loose.head(state.half // 2, own, state.taken, payload)
        if head is not None:
            yield payload, [head]


def _choosing(state: State, key: Column, query: Column, memory: Memory) -> Choosing:
    pair = (key.key, query.key)
    if pair not in memory.choosing:
        memory.choosing[pair] = possible_predicates(state, key, query)
    return memory.choosing[pair]


def _moved(
    state: State,
    pair: tuple[Column, Column],
    at: int,
    payload: Column | None,
    heads: list[int],
    memory: Memory,
) -> Column:
    """What a head writes that chooses by predicate number `at` of a pair of key and query."""
    loose, widths = state.view.loose, tuple(range(state.signature.max_seq_len + 1))
    if loose is not None:
        return loose.attended(state.half // 2, heads[0], payload, widths)
    own, sites = (pair[0].key, pair[1].key, b"%d" % at), state.view.sites
    key = (*own, b"" if payload is None else payload.key)
    if key not in memory.columns:
        if own not in memory.chosen:
            memory.chosen[own] = memory.choosing[own[:2]].chosen(at)
        chosen = memory.chosen[own]
        if payload is None:
            memory.columns[key] = Column(0, widths, sites.grid.widths(chosen), state.half)
        else:
            memory.columns[key] = aggregate(0, payload, chosen, sites, made=state.half)
    return memory.columns[key]


def _filling(
    state: State,
    lines: Sequence[tuple[Line, ...]],
    columns: Sequence[Column],
    kinds: Sequence[int],
    places: Sequence[float],
    memory: Memory,
    payloads: Sequence[Column | None] | None = None,
) -> Filling:
    """Lines with their features; of heads `payloads` is what each moves."""
    own = context(state)
    if not lines:
        return Filling((), (), np.zeros((0, FILL_SIZE), np.float32), np.zeros(0, np.intp), own)
    counted = [isinstance(each[-1], SelectorWidth) for each in lines]
    found = measured(state, columns, counted, memory)
    scores, match, linear = found[:, :7], found[:, 7], found[:, 8:14]
    gain = scores[:, 1] - own[7]
    known = {p.ref: _payload_features(state, p) for p in payloads or () if p is not None}
    nothing = _payload_features(state, None)
    moved = np.array([nothing if p is None else known[p.ref] for p in payloads or [None] * len(columns)])
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
