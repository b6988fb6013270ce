"""The second step of writing a line: its function and, for a head, what is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from inverse_tracr.metamodel.context import Floats, Shares, context, correlations, nines, unexplained_heads
from inverse_tracr.metamodel.kernels import label_scores, linear_shares, pair_shares
from inverse_tracr.metamodel.operands import NONE
from inverse_tracr.metamodel.readings import binary_tables, possible_predicates, unary_tables
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State, output_match
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

    `labels` are the columns of the lines on the sites.
    """

    lines: tuple[tuple[Line, ...], ...]
    columns: tuple[Column, ...]
    features: Floats
    kinds: Index
    context: Floats


def fillings(state: State, pair: tuple[Ref, Ref]) -> Filling:
    """The lines that read a pair of operands."""
    if state.attention:
        return _reading_heads(state, *pair)
    first = state.column(pair[0])
    if pair[1] == NONE:
        return _maps(state, first)
    second = state.column(pair[1])
    return _sums(state, first, second) if first.numerical else _sequence_maps(state, first, second)


def _maps(state: State, operand: Column) -> Filling:
    named = unary_functions(operand.values, operand.numerical)
    lines = [(Map(operand.ref, f, e),) for f, e in zip(named.functions, named.encodings, strict=True)]
    columns = _tabulated(state, named, operand.labels)
    kinds, places = named.kinds.tolist(), named.places.tolist()
    if not operand.numerical:
        for kind, function, column in unary_tables(state, operand):
            lines.append((Map(operand.ref, function),))
            columns.append(column)
            kinds.append(kind_number(kind))
            places.append(0.0)
    return _filling(state, lines, columns, kinds, places)


def _sequence_maps(state: State, first: Column, second: Column) -> Filling:
    named = binary_functions(first.values, second.values)
    lines: list[tuple[Line, ...]] = []
    for function, swapped in zip(named.functions, named.swapped, strict=True):
        x, y = (second, first) if swapped else (first, second)
        lines.append((SequenceMap(x.ref, y.ref, function),))
    codes = first.labels * second.size + second.labels
    columns = _tabulated(state, named, codes)
    kinds, places = named.kinds.tolist(), named.places.tolist()
    for kind, function, column in binary_tables(state, first, second, codes):
        lines.append((SequenceMap(first.ref, second.ref, function),))
        columns.append(column)
        kinds.append(kind_number(kind))
        places.append(0.0)
    return _filling(state, lines, columns, kinds, places)


def _sums(state: State, first: Column, second: Column) -> Filling:
    lines: list[tuple[Line, ...]] = []
    columns: list[Column] = []
    for x in FACTORS:
        for y in FACTORS:
            lines.append((LinearSequenceMap(first.ref, second.ref, x, y),))
            columns.append(number_column(0, x * first.numbers + y * second.numbers, state.half))
    kinds = [kind_number(Special.LINEAR)] * len(lines)
    return _filling(state, lines, columns, kinds, [0.0] * len(lines))


def _tabulated(state: State, named: Functions[Any], codes: Index) -> list[Column]:
    labels = named.tables[:, codes]
    return [
        Column(0, values, own, state.half, encoding is Encoding.NUMERICAL)
        for values, own, encoding in zip(named.values, labels, named.encodings, strict=True)
    ]


def _reading_heads(state: State, keys: Ref, queries: Ref) -> Filling:
    key, query = state.column(keys), state.column(queries)
    chosen, found, kinds = possible_predicates(state, key, query)
    shares = correlations(chosen, state.written.scores) * unexplained_heads(state)
    best = shares.max(axis=1, initial=0.0)
    order = np.argsort(-best, kind="stable")[:MOST_PREDICATES].tolist()
    lines: list[tuple[Line, ...]] = []
    columns: list[Column] = []
    own_kinds: list[int] = []
    places: list[float] = []
    payloads: list[Column | None] = []
    grid = state.view.sites.grid
    widths = tuple(range(state.signature.max_seq_len + 1))
    for at in order:
        line = Select(keys, queries, found[at])
        lines.append((line, SelectorWidth(0)))
        columns.append(Column(0, widths, grid.widths(chosen[at]), state.half))
        payloads.append(None)
        for moved in state.readable():
            # Means are defined of zeros and ones only.
            if moved.numerical and not set(moved.values) <= {0, 1}:
                continue
            lines.append((line, Aggregate(0, moved.ref)))
            columns.append(aggregate(0, moved, chosen[at], state.view.sites, made=state.half))
            payloads.append(moved)
        count = len(lines) - len(own_kinds)
        own_kinds += [kinds[at]] * count
        places += [float(best[at])] * count
    return _filling(state, lines, columns, own_kinds, places, payloads)


def _filling(
    state: State,
    lines: Sequence[tuple[Line, ...]],
    columns: Sequence[Column],
    kinds: Sequence[int],
    places: Sequence[float],
    payloads: Sequence[Column | None] | None = None,
) -> Filling:
    half, view, own = state.written, state.view, context(state)
    if not lines:
        return Filling((), (), np.zeros((0, FILL_SIZE), np.float32), np.zeros(0, np.intp), own)
    labels = np.array([c.labels for c in columns]).reshape(len(columns), -1)
    sizes = np.array([max(c.size, int(c.labels.max()) + 1) for c in columns], np.int64)
    targets = _output_classes(state)
    fine, coarse = int(half.fine.max()) + 1, int(half.coarse.max()) + 1
    scores = label_scores(
        labels, sizes, state.known, state.known_size, half.rows, half.fine, fine, half.coarse, coarse, targets
    )
    match = np.array([output_match(c, view) for c in columns])
    counted = [isinstance(each[-1], SelectorWidth) for each in lines]
    linear = _linear_shares(state, labels, sizes, columns, counted)
    gain = scores[:, 1] - own[7]
    moved = np.array([_payload_features(state, p) for p in payloads or [None] * len(columns)])
    heads = np.full(len(columns), float(payloads is not None))
    features = np.column_stack(
        [
            scores, nines(scores[:, [0, 1, 2, 3, 4, 6]]), match, nines(match), linear,
            nines(linear[:, :4]), gain, np.array(places), sizes / 16, [float(c.numerical) for c in columns],
            heads, moved,
        ]
    )  # fmt: skip
    return Filling(tuple(lines), tuple(columns), features.astype(np.float32), np.array(kinds, np.intp), own)


def _output_classes(state: State) -> Index:
    view = state.view
    if view.numbers is None:
        return view.outputs + 1
    return np.unique(np.round(view.numbers, 3), return_inverse=True)[1].astype(np.intp)


def _linear_shares(
    state: State, labels: Index, sizes: Index, columns: Sequence[Column], counted: Sequence[bool]
) -> Shares:
    """How linear columns are in what the half-layer writes; [columns, 6].

    Shares of the indicators of their values (all, and the least) in the exact and in the noisy basis; what is
    new in them beside the lines written here; what they explain, linearly, of what these do not. Of numbers,
    and of the 1 / (1 + width) that a counting head writes, the share of the number.
    """
    half = state.written
    found = np.zeros((len(columns), 6))
    found[:, 0:2] = linear_shares(labels, sizes, half.exact)
    found[:, 2:4] = linear_shares(labels, sizes, half.noisy)
    found[:, 4] = 1 - linear_shares(labels, sizes, state.explained)[:, 0]
    left = state.unexplained
    nothing = np.zeros(len(left), np.intp)
    alone, absent = np.arange(len(labels)), np.full(len(labels), -1)
    share = float((left**2).sum()) / max(float((half.rows**2).sum()), 1e-12)
    found[:, 5] = share * pair_shares(labels, sizes, alone, absent, nothing, 1, left)[:, 0]
    at = [i for i, c in enumerate(columns) if c.numerical or counted[i]]
    if at:
        numbers = np.array([1 / (1 + columns[i].labels) if counted[i] else columns[i].numbers for i in at])
        numbers = np.nan_to_num(numbers)
        numbers = numbers - numbers.mean(axis=1, keepdims=True)
        squares = np.maximum((numbers**2).sum(axis=1), 1e-12)
        for first, basis in ((0, half.exact), (2, half.noisy)):
            inside = np.minimum(((numbers @ basis) ** 2).sum(axis=1) / squares, 1.0)
            found[at, first] = found[at, first + 1] = inside
    return found


def _payload_features(state: State, moved: Column | None) -> list[float]:
    """What a head moves: nothing (it counts), or how its values compare with the operands of pairs."""
    if moved is None:
        return [0.0] * 8
    unused = float(moved.ref >= 0 and moved.ref not in state.used)
    ages = (state.half - moved.made) / 10
    inputs = [float(moved.ref == TOKENS), float(moved.ref == INDICES)]
    return [1.0, *inputs, unused, ages, moved.size / 16, float(moved.numerical), float(moved.ref >= 0)]
