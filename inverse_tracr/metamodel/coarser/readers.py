"""Readers that read another s-op and say the same."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import binary_functions, predicates, unary_functions
from inverse_tracr.metamodel.coarser.draft import Draft
from inverse_tracr.metamodel.columns import Column, first_seen
from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import Line, Map, Ref, Select, SequenceMap
from inverse_tracr.sample.tables import binary_table, predicate_table

Index = NDArray[np.intp]

ENTRY_SHARE = 0.5
"""What an entry of a table costs, as a share of what it would were entries drawn one by one."""


def reading(draft: Draft, key: Ref, refs: tuple[Ref, Ref]) -> tuple[Line, float] | None:
    """A select or sequence map with other operands, and the nats of its table; None where it cannot say the
    same on the sites.
    """
    line = draft.lines[key]
    first, second = (draft.columns[ref] for ref in refs)
    if isinstance(line, Select):
        return _select(draft, key, first, second)
    if isinstance(line, SequenceMap):
        return _sequence_map(draft.columns[key], first, second)
    return None


def _sequence_map(column: Column, first: Column, second: Column) -> tuple[Line, float] | None:
    codes = first.labels * second.size + second.labels
    table = _function(codes, column.labels, first.size * second.size, column.size)
    if table is None or first.ref == second.ref:
        return None
    usual = int(np.bincount(column.labels).argmax())
    filled = np.where(table < 0, usual, table).reshape(first.size, second.size)
    entries = tuple(
        ((x, y), column.values[filled[i, j]])
        for i, x in enumerate(first.values)
        for j, y in enumerate(second.values)
        if filled[i, j] < len(column.values)
    )
    return SequenceMap(first.ref, second.ref, BinaryTable(entries)), pair_nats(column, first, second)


def pair_nats(column: Column, first: Column, second: Column) -> float:
    """Nats of the table of a sequence map with these columns, none where it has the classes of a name."""
    named = binary_functions(first.values, second.values)
    codes, classes = first.labels * second.size + second.labels, first_seen(column.labels)
    if any((first_seen(own[codes]) == classes).all() for own in named.tables):
        return 0.0
    return table_nats(len(first.values) * len(second.values), column)


def map_nats(column: Column, operand: Column) -> float:
    """Nats of the table of a map with these columns, none where it has the classes of a name."""
    named = unary_functions(operand.values, operand.numerical)
    classes = first_seen(column.labels)
    if any((first_seen(own[operand.labels]) == classes).all() for own in named.tables):
        return 0.0
    return table_nats(len(operand.values), column)


def table_nats(cells: int, column: Column) -> float:
    """Nats of a table of so many cells with the classes of a column."""
    return ENTRY_SHARE * cells * math.log(max(len(np.unique(column.labels)), 2))


def _select(draft: Draft, key: Ref, keys: Column, queries: Column) -> tuple[Line, float] | None:
    grid = draft.state.view.sites.grid
    chosen = _chosen(draft, key)
    codes = queries.labels.take(grid.queries) * keys.size + keys.labels.take(grid.keys)
    table = _function(codes, chosen, queries.size * keys.size, 2)
    if table is None:
        return None
    named = predicates(keys.values, queries.values)
    for own, predicate in zip(named.tables, named.predicates, strict=True):
        if ((own.ravel() > 0) == (table > 0))[table >= 0].all():
            return Select(keys.ref, queries.ref, predicate), 0.0
    rows = table.reshape(queries.size, keys.size)[:-1, :-1] > 0
    pairs = tuple((keys.values[k], queries.values[q]) for q, k in np.argwhere(rows).tolist())
    return Select(keys.ref, queries.ref, PredicateTable(pairs)), ENTRY_SHARE * rows.size * math.log(2)


def _chosen(draft: Draft, key: Ref) -> Index:
    """Which pairs of sites a select chooses."""
    line, grid = draft.lines[key], draft.state.view.sites.grid
    assert isinstance(line, Select)
    keys, queries = draft.columns[line.keys], draft.columns[line.queries]
    table = predicate_table(line.predicate, keys.values, queries.values)
    return grid.chosen(table, queries.labels, keys.labels)


def _function(codes: Index, said: Index, room: int, size: int) -> Index | None:
    """What is said of each code, -1 for those that do not occur; None where one code has several."""
    counts = np.zeros((room, size), np.intp)
    np.add.at(counts, (codes, said), 1)
    seen = counts > 0
    if (seen.sum(axis=1) > 1).any():
        return None
    return np.where(seen.any(axis=1), seen.argmax(axis=1), -1)


def told_apart(draft: Draft, key: Ref, slot: int) -> Index:
    """Classes of the values of an operand (0: first, or keys) that a select or sequence map tells apart.

    Arguments that no site has count for nothing; values that do not occur are of class 0.
    """
    line = draft.lines[key]
    if isinstance(line, Select):
        keys, queries = draft.columns[line.keys], draft.columns[line.queries]
        grid = draft.state.view.sites.grid
        table = predicate_table(line.predicate, keys.values, queries.values).T.astype(np.intp)
        met = np.zeros(table.shape, np.bool_)
        met[keys.labels.take(grid.keys), queries.labels.take(grid.queries)] = True
    else:
        assert isinstance(line, SequenceMap)
        first, second = draft.columns[line.first], draft.columns[line.second]
        table = binary_table(line.function, first.values, second.values).table.astype(np.intp)
        met = np.zeros(table.shape, np.bool_)
        met[first.labels, second.labels] = True
    rows = np.where(met, table, -1)
    return _compatible(rows if slot == 0 else rows.T)


def _compatible(rows: Index) -> Index:
    """Classes of rows that agree where both are 0 or more, one after the other."""
    classes = np.zeros(len(rows), np.intp)
    kept: list[Index] = []
    for at, row in enumerate(rows):
        if (row < 0).all():
            continue
        for number, other in enumerate(kept):
            if ((row == other) | (row < 0) | (other < 0)).all():
                kept[number] = np.maximum(row, other)
                classes[at] = number
                break
        else:
            classes[at] = len(kept)
            kept.append(row)
    return classes


def nats(draft: Draft, key: Ref) -> float:
    """Nats of the table of a line as it was written, none where it has a name."""
    line = draft.lines[key]
    match line:
        case Map(function=UnaryTable()):
            return map_nats(draft.columns[key], draft.columns[line.operand])
        case SequenceMap(function=BinaryTable()):
            return pair_nats(draft.columns[key], draft.columns[line.first], draft.columns[line.second])
        case Select(predicate=PredicateTable()):
            found = _select(draft, key, draft.columns[line.keys], draft.columns[line.queries])
            return 0.0 if found is None else found[1]
        case _:
            return 0.0
