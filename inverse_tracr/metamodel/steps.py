"""What a program can say next, and what the network sees of each possibility.

A line is written in two steps: its operands (or that the half-layer at hand is explained), then its function
and, for a head, what is moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import (
    Functions,
    Special,
    binary_functions,
    kind_number,
    predicates,
    unary_functions,
)
from inverse_tracr.metamodel.columns import Column, aggregate, number_column
from inverse_tracr.metamodel.kernels import between, label_scores, linear_shares, pair_shares, pattern_shares
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State, output_match
from inverse_tracr.metamodel.view import clusters
from inverse_tracr.rasp.functions import BinaryTable, Predicate, PredicateTable, UnaryTable
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
from inverse_tracr.rasp.values import Value

Floats = NDArray[np.float32]

CONTEXT_SIZE = 20
PAIR_SIZE = 26
FILL_SIZE = 38

MOST_PREDICATES = 10
"""Predicates of a pair of operands that are tried with every value that could be moved."""

FACTORS = (-3, -2, -1, 1, 2, 3, 0.5)
NONE: Ref = -3
"""Stands for the second operand of a map."""


@dataclass(frozen=True)
class Operands:
    """The first step: `pairs` of operands (keys and queries; or one, with NONE), and `features` of each.

    The possibility after the last pair is to leave the half-layer; it is seen by `context` alone.
    """

    pairs: tuple[tuple[Ref, Ref], ...]
    features: Floats
    context: Floats


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


def context(state: State) -> Floats:
    """What is known of the half-layer at hand and of the program so far."""
    half, view, signature = state.written, state.view, state.signature
    explained, linear = _explained(state), _linearly_explained(state)
    heads = _unexplained_heads(state)
    unused = [c for c in state.columns if c.ref >= 0 and c.ref not in state.used]
    return np.array(
        [
            state.half / max(len(view.halves) - 1, 1),
            len(view.halves) / 20,
            float(state.attention),
            len(state.lines) / 15,
            len(signature.vocab) / 15,
            signature.max_seq_len / 15,
            float(signature.causal),
            explained,
            _nines(explained),
            linear,
            _nines(linear),
            (half.coarse.max() + 1) / 16,
            (half.fine.max() + 1) / 64,
            float(half.constant),
            len(state.written_here) / 4,
            len(unused) / 5,
            len(half.scores) / 5,
            float(heads.max(initial=0.0)),
            float(heads.mean()) if len(heads) else 0.0,
            float(view.numbers is not None),
        ],
        np.float32,
    )


def _nines(share: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """0 for 0, 1 for a share within 1e-4 of 1: how many nines it has."""
    return -np.log10(1.0001 - np.minimum(share, 1.0)) / 4


def _explained(state: State) -> float:
    rows = state.written.rows
    if state.known_size < 2:
        return 0.0
    n = len(rows)
    seen, ids = np.zeros(state.known_size + 1, np.uint8), np.zeros(state.known_size + 1, np.int32)
    return float(between(state.known, rows, seen, ids, np.zeros(rows.shape), np.zeros(n)))


def _linearly_explained(state: State) -> float:
    """Share of what the half-layer writes that is a sum over the lines written here."""
    total = float((state.written.rows**2).sum())
    return 1 - float((state.unexplained**2).sum()) / total if total else 1.0


def _unexplained_heads(state: State) -> NDArray[np.float64]:
    """For each head the share of its scores that no select of this half-layer explains."""
    scores = state.written.scores
    if not state.truths:
        return np.ones(len(scores))
    return 1 - _correlations(np.array(state.truths), scores).max(axis=0)


def _correlations(truths: Index, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared correlation of selections [selects, pairs] with scores [heads, pairs]: [selects, heads]."""
    centred = truths - truths.mean(axis=1, keepdims=True)
    products = centred @ scores.T
    norms = (centred**2).sum(axis=1)[:, None] * (scores**2).sum(axis=1)[None, :]
    return products**2 / np.maximum(norms, 1e-9)


# -- operands --------------------------------------------------------------------------------------------


def next_operands(state: State) -> Operands:
    """The pairs of operands that the half-layer at hand may read."""
    own = context(state)
    if state.written.constant and not state.written.scores.any():
        return Operands((), np.zeros((0, PAIR_SIZE), np.float32), own)
    columns = state.readable()
    pairs = _head_pairs(columns) if state.attention else _neuron_pairs(columns)
    labels = np.array([c.labels for c in columns])
    sizes = np.array([c.size for c in columns])
    firsts, seconds = np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])
    first, second = _operand_features(state, columns, firsts), _operand_features(state, columns, seconds)
    shares = _head_shares if state.attention else _neuron_shares
    measured = shares(state, labels, sizes, firsts, seconds)
    same = (firsts == seconds).astype(np.float64)[:, None]
    features = np.concatenate([measured, first, second, same], axis=1).astype(np.float32)
    refs = [c.ref for c in columns] + [NONE]
    return Operands(tuple((refs[i], refs[j]) for i, j in pairs), features, own)


def _head_pairs(columns: tuple[Column, ...]) -> list[tuple[int, int]]:
    at = [i for i, c in enumerate(columns) if not c.numerical]
    return [(k, q) for k in at for q in at]


def _neuron_pairs(columns: tuple[Column, ...]) -> list[tuple[int, int]]:
    count = len(columns)
    singles = [(i, -1) for i in range(count) if not columns[i].twin]
    return singles + [
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if columns[i].numerical == columns[j].numerical
    ]


def _operand_features(state: State, columns: tuple[Column, ...], places: Index) -> NDArray[np.float64]:
    """Of each operand: which input it is, its values, how long ago it was written, whether it is read."""
    nothing = [0.0] * 7
    rows = [
        [
            float(c.ref == TOKENS),
            float(c.ref == INDICES),
            float(c.ref >= 0 and c.ref not in state.used),
            c.size / 16,
            (state.half - c.made) / 10,
            float(c.numerical),
            1.0,
        ]
        for c in columns
    ]
    return np.array([*rows, nothing])[places]


def _head_shares(
    state: State, labels: Index, sizes: Index, firsts: Index, seconds: Index
) -> NDArray[np.float64]:
    grid, scores = state.view.sites.grid, state.written.scores
    shares = pattern_shares(labels, sizes, firsts, seconds, grid.queries, grid.keys, scores)
    absent = np.full(len(labels), -1)
    alone = np.arange(len(labels))
    keys = pattern_shares(labels, sizes, alone, absent, grid.queries, grid.keys, scores)
    queries = pattern_shares(labels, sizes, absent, alone, grid.queries, grid.keys, scores)
    weighted = shares * _unexplained_heads(state)
    best = weighted.argmax(axis=1)
    at = np.arange(len(firsts))
    found, k, q = shares[at, best], keys[firsts, best], queries[seconds, best]
    gain = found - np.maximum(k, q)
    columns = (weighted[at, best], found, _nines(found), k, q, gain, shares.mean(axis=1), shares.max(axis=1))
    nothing = np.zeros(len(firsts))
    return np.stack([*columns, _nines(shares.max(axis=1)), nothing, nothing], axis=1)


def _neuron_shares(
    state: State, labels: Index, sizes: Index, firsts: Index, seconds: Index
) -> NDArray[np.float64]:
    rows = state.written.rows
    shares = pair_shares(labels, sizes, firsts, seconds, state.known, state.known_size, rows)
    alone, known = shares[:, 0], shares[:, 1]
    single = {int(i): alone[at] for at, (i, j) in enumerate(zip(firsts, seconds, strict=True)) if j < 0}
    first = np.array([single.get(int(i), 0.0) for i in firsts])
    second = np.array([single.get(int(j), 0.0) for j in seconds])
    gain = alone - np.maximum(first, second) * (seconds >= 0)
    more = known - _explained(state)
    nothing = np.zeros(len(rows), np.intp)
    left = pair_shares(labels, sizes, firsts, seconds, nothing, 1, state.unexplained)[:, 0]
    columns = (alone, _nines(alone), known, _nines(known), gain, more, first, second)
    return np.stack([*columns, (seconds < 0).astype(float), left, _nines(left)], axis=1)


# -- functions -------------------------------------------------------------------------------------------


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
    lines = [
        (Map(operand.ref, f, e),) for f, e in zip(named.functions, named.encodings, strict=True)
    ]
    columns = _tabulated(state, named, operand.labels)
    kinds, places = named.kinds.tolist(), named.places.tolist()
    if not operand.numerical:
        for kind, function, column in _unary_tables(state, operand):
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
    for kind, function, column in _binary_tables(state, first, second, codes):
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


def _tabulated(state: State, named: Functions, codes: Index) -> list[Column]:
    labels = named.tables[:, codes]
    return [
        Column(0, values, own, state.half, encoding is Encoding.NUMERICAL)
        for values, own, encoding in zip(named.values, labels, named.encodings, strict=True)
    ]


def _tables(state: State, codes: Index, room: int) -> list[tuple[Special, Index, tuple[Value, ...]]]:
    """Tables read off the model: the class of each of the `room` codes, and the values of the classes.

    Codes are put into one class where the means of what is unexplained lie near each other; those that do
    not occur get the commonest class.
    """
    counts = np.bincount(codes, minlength=room)
    seen = np.flatnonzero(counts)
    found: list[tuple[Special, Index, tuple[Value, ...]]] = []
    if len(seen) > 2:
        rows = state.unexplained
        sums = np.stack([np.bincount(codes, weights=row, minlength=room) for row in rows.T], axis=1)
        fine, coarse = clusters(sums[seen] / counts[seen, None])
        for kind, classes in ((Special.TABLE_FINE, fine), (Special.TABLE_COARSE, coarse)):
            commonest = int(np.bincount(classes, weights=counts[seen]).argmax())
            table = np.full(room, commonest)
            table[seen] = classes
            found.append((kind, table, tuple(range(int(classes.max()) + 1))))
    if state.view.values and state.half >= len(state.view.halves) - 2:
        found.append((Special.TABLE_OUTPUT, _majorities(state, codes, room), tuple(state.view.values)))
    return found


def _majorities(state: State, codes: Index, room: int) -> Index:
    """The commonest output of each code, and for codes that do not occur the commonest of all."""
    outputs, count = np.maximum(state.view.outputs, 0), len(state.view.values)
    table = np.bincount(codes * count + outputs, minlength=room * count).reshape(room, count)
    best = table.argmax(axis=1)
    best[table.sum(axis=1) == 0] = int(np.bincount(outputs).argmax())
    return best


def _unary_tables(state: State, operand: Column) -> list[tuple[Special, UnaryTable, Column]]:
    found: list[tuple[Special, UnaryTable, Column]] = []
    for kind, best, values in _tables(state, operand.labels, operand.size):
        entries = tuple(zip(operand.values, (values[i] for i in best.tolist()), strict=False))
        found.append((kind, UnaryTable(entries), Column(0, values, best[operand.labels], state.half)))
    return found


def _binary_tables(
    state: State, first: Column, second: Column, codes: Index
) -> list[tuple[Special, BinaryTable, Column]]:
    found: list[tuple[Special, BinaryTable, Column]] = []
    for kind, best, values in _tables(state, codes, first.size * second.size):
        grid = best.reshape(first.size, second.size)[:-1, :-1].tolist()
        entries = tuple(
            ((x, y), values[grid[i][j]])
            for i, x in enumerate(first.values)
            for j, y in enumerate(second.values)
        )
        found.append((kind, BinaryTable(entries), Column(0, values, best[codes], state.half)))
    return found


def _reading_heads(state: State, keys: Ref, queries: Ref) -> Filling:
    key, query = state.column(keys), state.column(queries)
    chosen, found, kinds = _predicates(state, key, query)
    correlations = _correlations(chosen, state.written.scores) * _unexplained_heads(state)
    best = correlations.max(axis=1, initial=0.0)
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


def _predicates(state: State, key: Column, query: Column) -> tuple[Index, list[Predicate], list[int]]:
    """Selections [predicates, pairs of sites], the predicates and their kinds; two are read off the scores."""
    named = predicates(key.values, query.values)
    grid = state.view.sites.grid
    codes = query.labels.take(grid.queries) * key.size + key.labels.take(grid.keys)
    tables = [*named.tables.reshape(len(named), -1)]
    found, kinds = list(named.predicates), named.kinds.tolist()
    for scores in state.written.scores:
        # Scores are centred; the threshold lies between the largest and the smallest mean of a cell.
        sums = np.bincount(codes, weights=scores, minlength=query.size * key.size)
        counts = np.bincount(codes, minlength=query.size * key.size)
        means = sums / np.maximum(counts, 1)
        seen = counts > 0
        if np.ptp(means[seen]) < 1e-3:
            continue
        table = seen & (means > (means[seen].max() + means[seen].min()) / 2)
        rows = table.reshape(query.size, key.size)[:-1, :-1]
        if not rows.any() or any((table == other.astype(np.bool_))[seen].all() for other in tables):
            continue
        pairs = tuple((key.values[k], query.values[q]) for q, k in np.argwhere(rows).tolist())
        tables.append(table.astype(np.int64))
        found.append(PredicateTable(pairs))
        kinds.append(kind_number(Special.PREDICATE_TABLE))
    return np.array([table.take(codes) for table in tables]), found, kinds


def _filling(
    state: State,
    lines: list[tuple[Line, ...]],
    columns: list[Column],
    kinds: list[int],
    places: list[float],
    payloads: list[Column | None] | None = None,
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
            scores, _nines(scores[:, [0, 1, 2, 3, 4, 6]]), match, _nines(match), linear,
            _nines(linear[:, :4]), gain, np.array(places), sizes / 16, [float(c.numerical) for c in columns], heads, moved,
        ]
    )  # fmt: skip
    return Filling(tuple(lines), tuple(columns), features.astype(np.float32), np.array(kinds, np.intp), own)


def _output_classes(state: State) -> Index:
    view = state.view
    if view.numbers is None:
        return view.outputs + 1
    return np.unique(np.round(view.numbers, 3), return_inverse=True)[1].astype(np.intp)


def _linear_shares(
    state: State, labels: Index, sizes: Index, columns: list[Column], counted: list[bool]
) -> NDArray[np.float64]:
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
