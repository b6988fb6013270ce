"""Tables read off the model, where no named function says what it does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import Special, kind_number, predicates
from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.heads import squared
from inverse_tracr.metamodel.memory import Choosing
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
from inverse_tracr.metamodel.view import clusters
from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.values import Value

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

LEAST_SPREAD = 1e-3
"""Difference of scores below which a head does not choose."""


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


def unary_tables(state: State, operand: Column) -> list[tuple[Special, UnaryTable, Column]]:
    """Tables of a map of `operand` that are read off what the half-layer writes, with their columns."""
    found: list[tuple[Special, UnaryTable, Column]] = []
    for kind, best, values in _tables(state, operand.labels, operand.size):
        entries = tuple(zip(operand.values, (values[i] for i in best.tolist()), strict=False))
        found.append((kind, UnaryTable(entries), Column(0, values, best[operand.labels], state.half)))
    return found


def binary_tables(
    state: State, first: Column, second: Column, codes: Index
) -> list[tuple[Special, BinaryTable, Column]]:
    """Tables of a sequence map, `codes` [sites] being those of the pairs of values, with their columns."""
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


def possible_predicates(state: State, key: Column, query: Column) -> Choosing:
    """The predicates of key and query: named ones and those read off scores."""
    named = predicates(key.values, query.values)
    grid, scores = state.view.sites.grid, state.written.scores
    codes = query.labels.take(grid.queries) * key.size + key.labels.take(grid.keys)
    tables = [*named.tables.reshape(len(named), -1)]
    found, kinds = list(named.predicates), named.kinds.tolist()
    counts = np.bincount(codes, minlength=query.size * key.size)
    sums = np.zeros((len(scores), len(counts)))
    for number, head in enumerate(scores):
        sums[number] = np.bincount(codes, weights=head, minlength=len(counts))
    seen = counts > 0
    for table in _read_off(sums, counts):
        rows = table.reshape(query.size, key.size)[:-1, :-1]
        if not rows.any() or any((table == (other > 0))[seen].all() for other in tables):
            continue
        pairs = tuple((key.values[k], query.values[q]) for q, k in np.argwhere(rows).tolist())
        tables.append(table.astype(np.int64))
        found.append(PredicateTable(pairs))
        kinds.append(kind_number(Special.PREDICATE_TABLE))
    truths = np.array(tables)
    loose = state.view.loose is not None
    shares = _correlations(truths, counts, sums, (scores**2).sum(axis=1), signed=loose)
    everything = tuple(bool(np.all(row[seen] > 0)) for row in truths)
    return Choosing(tuple(found), tuple(kinds), truths, codes, shares, everything)


def _correlations(tables: Index, counts: Index, sums: Floats, squares: Floats, *, signed: bool) -> Floats:
    """`correlations` of selections given by cells, of how often these occur and the sums of scores there."""
    chosen = tables @ counts
    products = tables @ sums.T - np.outer(chosen, sums.sum(axis=1)) / counts.sum()
    norms = (chosen - chosen**2 / counts.sum())[:, None] * squares[None]
    return squared(products, signed=signed) / np.maximum(norms, 1e-9)


def _read_off(sums: Floats, counts: Index) -> list[Truth]:
    """Which cells of key and query value heads select: each head, and any two of them together.

    `sums` [heads, cells]: of the scores of the cells that occur `counts` times.
    """
    own: list[Truth] = []
    for head in sums:
        means = head / np.maximum(counts, 1)
        seen = means[counts > 0]
        if np.ptp(seen) < LEAST_SPREAD:
            continue
        rising = np.sort(seen)
        gap = int(np.diff(rising).argmax())
        # Either side of the middle, and either side of the widest gap.
        cuts = ((rising[0] + rising[-1]) / 2, (rising[gap] + rising[gap + 1]) / 2)
        own += [(counts > 0) & (means > cut) for cut in cuts]
    return own + [first | second for first, second in combinations(own, 2)]
