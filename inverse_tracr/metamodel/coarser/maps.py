"""Maps that a reader could read instead of what it reads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import unary_functions
from inverse_tracr.metamodel.coarser.draft import Draft
from inverse_tracr.metamodel.coarser.readers import told_apart
from inverse_tracr.metamodel.columns import Column, first_seen, occurring
from inverse_tracr.metamodel.kernels import linear_shares
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.program import Encoding, Map, Ref

Index = NDArray[np.intp]

LEAST_LINEAR = 0.98
"""Share of a map's indicators that must be linear in what its half-layer writes."""

MOST_MAPS = 6
"""Maps that are tried for an operand of a reader."""


def maps_between(draft: Draft, key: Ref, slot: int, read: Ref) -> Iterator[tuple[Map, Column]]:
    """Maps that tell apart all that a reader tells apart of an operand, with their columns.

    They are maps of the operand, or of what it is a map of; those that have just its classes come first.
    """
    operand, line = draft.columns[read], draft.lines.get(read)
    if operand.numerical:
        return
    classes = told_apart(draft, key, slot)
    if isinstance(line, Map):
        source, half = draft.columns[line.operand], operand.made
        told = _through(classes, source, operand)
    else:
        source, half, told = operand, operand.made + 2 - (operand.made % 2 == 0), classes[:-1]
    if source.numerical or half >= draft.reading_half(key):
        return
    yield from _maps(draft, source, half, told, operand)


def _through(classes: Index, source: Column, operand: Column) -> Index:
    """Classes of the values of what an operand is a map of."""
    found = np.zeros(len(source.values), np.intp)
    occur = source.labels < len(source.values)
    found[source.labels[occur]] = classes[operand.labels[occur]]
    return found


def _maps(
    draft: Draft, source: Column, half: int, told: Index, operand: Column
) -> Iterator[tuple[Map, Column]]:
    seen = occurring(source)
    basis = draft.state.view.halves[half].exact
    known = {_key(operand.labels)} | {_key(c.labels) for c in draft.columns.values() if c.made == half}
    count = 0
    for line, column in _partitions(source, half, told, seen):
        key = _key(column.labels)
        if key in known or count >= MOST_MAPS:
            continue
        known.add(key)
        sizes = np.array([max(column.size, int(column.labels.max()) + 1)], np.int64)
        if linear_shares(column.labels[None], sizes, basis)[0, 0] >= LEAST_LINEAR:
            count += 1
            yield line, column


def _partitions(
    source: Column, half: int, told: Index, seen: NDArray[np.bool_]
) -> Iterator[tuple[Map, Column]]:
    """The table of classes that are told apart, then named functions that are as fine or finer."""
    named = unary_functions(source.values, numerical=False)
    fine = len(np.unique(told[seen]))
    fitting: list[tuple[int, int]] = []
    for at in range(len(named)):
        own = named.tables[at][:-1]
        classes = len(np.unique(own[seen]))
        if named.encodings[at] is not Encoding.CATEGORICAL or not fine <= classes < seen.sum():
            continue
        if len(np.unique(own[seen] * (told.max() + 1) + told[seen])) == classes:
            fitting.append((classes, at))
    fitting.sort()
    if 1 < fine < seen.sum() and not (fitting and fitting[0][0] == fine):
        table = UnaryTable(tuple(zip(source.values, told.tolist(), strict=True)))
        labels = np.append(told, fine)[source.labels]
        yield Map(source.ref, table), Column(0, tuple(range(fine)), labels, half)
    for _, at in fitting:
        labels = named.tables[at][source.labels]
        yield Map(source.ref, named.functions[at]), Column(0, named.values[at], labels, half)


def _key(labels: Index) -> bytes:
    """The same for columns with the same classes."""
    return first_seen(labels).tobytes()
