"""The tables that neurons hold, where streams are loose: sets of the directions that they write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.parts import covers, told_by
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.program import Line, Map, SequenceMap
from inverse_tracr.rasp.values import Value

if TYPE_CHECKING:
    from inverse_tracr.metamodel.loose import Loose

Mask = NDArray[np.bool_]

UNKNOWN = -1


@dataclass(frozen=True)
class Lookup:
    """A line that neurons may hold, with its column: a direction for each of its values."""

    line: Line
    column: Column


def lookups(state: State, loose: Loose, operands: tuple[Column, ...]) -> list[Lookup]:
    """Maps of an operand, or sequence maps of two: sets of directions that are told by the operands, and
    whose neurons read them.
    """
    codes, none = operands[0].labels, _absent(operands[0])
    if len(operands) == 2:
        second = operands[1]
        codes = codes * second.size + second.labels
        none = (none[:, None] | _absent(second)[None]).ravel()
    half, directions = state.half, loose.wiring.directions[state.half].where
    free = np.array(loose.left(half, state.taken), np.intp)
    told = told_by(directions[free], codes, none)
    # All arguments of a map have a value; of a sequence map some may not occur.
    whole = told.where.any(axis=0) | none[told.seen]
    if not len(told.where) or (len(operands) == 1 and not whole.all()):
        return []
    places = free[told.places]
    apart = loose.wiring.apart(half)[np.ix_(places, places)]
    readers = [parts[places] for parts in loose.wiring.readers(half)]

    known = loose.wiring.known(operands)

    def reads(cover: list[int]) -> bool:
        for at in cover if known else []:
            active = np.zeros(len(none), np.bool_)
            active[loose.wiring.cells(half, int(places[at]), operands)] = True
            if not active[told.seen[told.where[at]]].all():
                return False
        return True

    tables: list[Lookup] = []
    for cover in _covers(told.where, apart, readers, reads):
        table = np.full(len(none), UNKNOWN)
        table[told.seen] = np.where(told.where[cover].any(axis=0), told.where[cover].argmax(axis=0), UNKNOWN)
        tables.append(_lookup(state, loose, operands, places[cover].tolist(), table, codes, none))
    return tables


def _covers(
    where: Mask, apart: Mask, readers: Sequence[Mask], may_be: Callable[[list[int]], bool]
) -> list[list[int]]:
    """Sets of directions that may be a line, of which none are `apart` [directions, directions].

    Who reads a line reads all of it, queries not always: if they can be, they are of directions with the same
    `readers` [directions, parts], of which the first ask for more.
    """
    needed = where.any(axis=0)
    for parts in readers:
        found: list[list[int]] = []
        for own in np.unique(parts, axis=0):
            same = np.flatnonzero((parts == own).all(axis=1))
            if (where[same].any(axis=0) == needed).all():
                found += [same[cover].tolist() for cover in covers(where[same], apart[np.ix_(same, same)])]
        found = [cover for cover in found if may_be(cover)]
        if found:
            return found
    return [cover for cover in covers(where, apart) if may_be(cover)]


def _lookup(
    state: State,
    loose: Loose,
    operands: tuple[Column, ...],
    cover: list[int],
    table: Index,
    codes: Index,
    none: Mask,
) -> Lookup:
    """A lookup whose `table` is known for the codes that occur; the others are asked of the neurons."""
    half, seen = state.half, table != UNKNOWN
    readers = loose.wiring.readers(half)[-1]
    dormant = [
        at for at in loose.wiring.dormant(half, state.taken) if (readers[at] == readers[cover[0]]).all()
    ]
    for direction in [*cover, *dormant]:
        cells = loose.wiring.cells(half, direction, operands)
        if direction in dormant:
            if not len(cells) or (table[cells] != UNKNOWN).any():
                continue
            cover = [*cover, direction]
        table[cells] = np.where(seen[cells], table[cells], cover.index(direction))
    table[none] = len(cover)
    labels = np.where(table == UNKNOWN, len(cover), table)[codes]
    values = _named(state, labels, len(cover))
    column = Column(0, values, labels, half, directions=tuple(cover))
    said = {at: values[label] for at, label in enumerate(table.tolist()) if 0 <= label < len(cover)}
    if len(operands) == 1:
        entries = tuple((x, said[at]) for at, x in enumerate(operands[0].values) if at in said)
        return Lookup(Map(operands[0].ref, UnaryTable(entries)), column)
    first, second = operands
    cells = (
        ((x, y), said.get(i * second.size + j))
        for i, x in enumerate(first.values)
        for j, y in enumerate(second.values)
    )
    entries = tuple((pair, value) for pair, value in cells if value is not None)
    return Lookup(SequenceMap(first.ref, second.ref, BinaryTable(entries)), column)


def _absent(column: Column) -> Mask:
    """Which labels of a column stand for no value."""
    return np.arange(column.size) == len(column.values)


def _named(state: State, labels: Index, size: int) -> tuple[Value, ...]:
    """Values of classes: the outputs that each has where they are told, or numbers."""
    outputs = state.view.outputs
    told = [set(outputs[labels == label].tolist()) for label in range(size)]
    places = [next(iter(own)) for own in told if len(own) == 1]
    if len(places) == size and min(places, default=-1) >= 0 and len(set(places)) == size:
        return tuple(state.view.values[place] for place in places)
    return tuple(range(size))
