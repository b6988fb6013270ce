"""Maps that make later lines simpler: what a half-layer writes leaves open which of several maps it has.

All maps that span the same directions explain a half-layer alike. Which of them are there is known from the
lines that read them: a table of eighteen entries that tells apart three classes of tokens asks for a map with
these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.linear.explain import Option
from inverse_tracr.decompile.linear.heads import select_cost
from inverse_tracr.decompile.linear.mlps import first_seen
from inverse_tracr.decompile.linear.named import named
from inverse_tracr.decompile.linear.written import Labels
from inverse_tracr.decompile.search.cells import dense
from inverse_tracr.decompile.search.columns import Column, Sketch, Truth
from inverse_tracr.decompile.search.selectors import predicate_table, selection
from inverse_tracr.rasp.program import Map, Ref, Select, SequenceMap, operands

_CHEAPER = 0.5
"""Nats that a map must spare."""
_MAP, _SHARE = 2.0, 0.5
"""Nats of a map that no other line needs, and how much of a map's cost counts: some map has to be there."""

_Place = tuple[int, bytes]


@dataclass(frozen=True)
class Wanted:
    """Maps by their half-layer and their classes on the probes: what lines ask for, and read already."""

    missing: frozenset[_Place] = frozenset()
    read: frozenset[_Place] = frozenset()


Maps = Callable[[int, Column, "Labels | None"], Sequence[Option]]
"""Maps of a column that a half-layer may write; with classes of its values also the one with these."""


@dataclass(frozen=True)
class _Reader:
    """A line that reads two columns, from case to case: `labels` of both [cases], and its own `classes`.

    `spread` makes of labels [inputs, positions] those of the cases, for each place.
    """

    at: int
    line: SequenceMap | Select
    columns: tuple[Column, Column]
    spread: tuple[Callable[[Labels], Labels], Callable[[Labels], Labels]]
    classes: Labels

    def cost(self, place: int, column: Column) -> float | None:
        """Nats of the line with another column in one place; None if its class does not follow from that."""
        columns = [self.columns[0], self.columns[1]]
        columns[place] = column
        labels = [spread(own.labels) for spread, own in zip(self.spread, columns, strict=True)]
        if min(own.min() for own in labels) < 0:
            return None
        codes, cells = dense(labels[0] * len(columns[1].values) + labels[1])
        both, _ = dense(codes * (int(self.classes.max()) + 1) + self.classes)
        if int(both.max()) + 1 > len(cells):
            return None
        _, first = np.unique(codes, return_index=True)
        rows = np.stack([own[first] for own in labels], axis=1)
        if isinstance(self.line, Select):
            return select_cost(columns[0], columns[1], rows, self.classes[first] > 0)
        return named(columns, rows, self.classes[first]).cost

    def rows_alike(self, place: int) -> Labels | None:
        """Classes of the values in one place between which the line makes no difference where it was seen."""
        own, other = (self.spread[p](self.columns[p].labels) for p in (place, 1 - place))
        if min(own.min(), other.min()) < 0:
            return None
        table = np.full((len(self.columns[place].values), int(other.max()) + 1), -1)
        table[own, other] = self.classes
        groups: list[Labels] = []
        found = np.zeros(len(table), np.int64)
        for value, row in enumerate(table):
            fitting = (n for n, g in enumerate(groups) if not ((g >= 0) & (row >= 0) & (g != row)).any())
            number = next(fitting, len(groups))
            groups[number : number + 1] = [np.maximum(row, groups[number]) if number < len(groups) else row]
            found[value] = number
        return found


def wanted_maps(sketch: Sketch, maps: Maps, seen: Truth, mask: Truth) -> Wanted:
    """The maps that lines of a sketch should read, and those of its own that they should go on reading."""
    missing: set[_Place] = set()
    read: set[_Place] = set()
    columns = {column.ref: column for column in sketch.columns}
    for reader in _readers(sketch, columns, seen, mask):
        for place in (0, 1):
            best = _best(sketch, reader, place, columns, maps)
            own = columns[reader.columns[place].ref]
            if best is not None:
                missing.add(best)
            elif own.ref >= 0 and isinstance(sketch.lines[own.ref], Map):
                read.add((sketch.half_layers[own.ref], first_seen(own.labels[mask]).tobytes()))
    return Wanted(frozenset(missing), frozenset(read))


def _best(
    sketch: Sketch, reader: _Reader, place: int, columns: dict[Ref, Column], maps: Maps
) -> _Place | None:
    """The map that spares most where the reader reads it instead of what it reads now."""
    now = reader.columns[place]
    line = sketch.lines[now.ref] if now.ref >= 0 else None
    mapped = isinstance(line, Map)
    source = columns[line.operand] if isinstance(line, Map) else now
    before = reader.cost(place, now)
    if before is None or source.numerical:
        return None
    alone = mapped and sum(now.ref in operands(other) for other in sketch.lines) == 1
    least = before - _CHEAPER + (_MAP if alone else 0.0)
    asked = None if mapped else reader.rows_alike(place)
    best: _Place | None = None
    for half in _halves(sketch, now.ref, reader.at, mapped=mapped):
        for option in maps(half, source, asked):
            cost = reader.cost(place, option.column)
            if cost is not None and cost + _SHARE * option.cost < least:
                least, best = cost + _SHARE * option.cost, (half, option.key)
        if best is not None:
            break
    return best


def _halves(sketch: Sketch, ref: Ref, reader: int, *, mapped: bool) -> Sequence[int]:
    """MLPs that may write a map of a column, or the one that writes the column where that is a map."""
    if mapped:
        return [sketch.half_layers[ref]]
    first = sketch.half_layers[ref] + 1 if ref >= 0 else 1
    return range(first + 1 - first % 2, sketch.half_layers[reader], 2)


def _readers(sketch: Sketch, columns: dict[Ref, Column], seen: Truth, mask: Truth) -> Iterator[_Reader]:
    def at_positions(labels: Labels) -> Labels:
        return labels[mask]

    def of_keys(labels: Labels) -> Labels:
        return np.broadcast_to(labels[:, None, :], seen.shape)[seen]

    def of_queries(labels: Labels) -> Labels:
        return np.broadcast_to(labels[:, :, None], seen.shape)[seen]

    for at, line in enumerate(sketch.lines):
        if isinstance(line, SequenceMap) and line.first != line.second:
            both = (columns[line.first], columns[line.second])
            classes = dense(columns[at].labels[mask])[0]
            yield _Reader(at, line, both, (at_positions, at_positions), classes)
        elif isinstance(line, Select):
            both = (columns[line.keys], columns[line.queries])
            chosen = selection(predicate_table(line.predicate, *both), *both, seen)[seen]
            yield _Reader(at, line, both, (of_keys, of_queries), chosen.astype(np.int64))
