"""Lines that an MLP may write: functions of s-ops whose indicators are linear in what it writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.linear.explain import MOST_OPTIONS, Explanation, Option, explain
from inverse_tracr.decompile.linear.indicators import linear_sets, partitions
from inverse_tracr.decompile.linear.named import named
from inverse_tracr.decompile.linear.written import (
    Floats,
    Functionals,
    Labels,
    Written,
    functionals,
    indicators,
)
from inverse_tracr.decompile.search.cells import cells_of, dense, groupings
from inverse_tracr.decompile.search.columns import Column, Truth
from inverse_tracr.decompile.search.mlps import operand_sets
from inverse_tracr.rasp.program import Map, Ref, SequenceMap

LINEAR, STRAIGHT = 0.95, 0.985
"""Share of an indicator that is linear in what is written, for a line that is there."""
_BENT = 8.0
"""Nats for a line that explains what it should but whose indicators are not linear (values fell together)."""
_SINGLES_ENOUGH = 1e-3
_LINE = 0.5


class MlpReader:
    """What one MLP may write, kept for operands that several sketches share."""

    def __init__(self, what: Written, mask: Truth, said: Labels | None) -> None:
        self._what, self._mask, self._said = what, mask, said
        self._known: dict[bytes, tuple[int, list[Option]]] = {}

    def read(
        self, columns: Sequence[Column], fresh: Collection[Ref], given: Floats, most: int
    ) -> list[tuple[list[Option], Explanation]]:
        """Sets of lines that explain the MLP beside the features `given`, best first.

        Each reads one of the `fresh` columns at least.
        """
        options: dict[bytes, Option] = {}
        found: list[tuple[list[Option], Explanation]] = []
        directions: dict[Ref, int] = {}
        for size in (1, 2):
            for operands, codes in operand_sets(columns, self._mask):
                if len(operands) != size or (size == 2 and all(o.ref not in fresh for o in operands)):
                    continue
                count, own = self._options(operands, codes, sum(directions.get(o.ref, 0) for o in operands))
                if size == 1:
                    directions[operands[0].ref] = count
                if any(column.ref in fresh for column in operands):
                    _gather(options, own)
            cheapest = sorted(options.values(), key=lambda o: o.cost)[:MOST_OPTIONS]
            found = [([cheapest[i] for i in e.chosen], e) for e in explain(self._what, given, cheapest, most)]
            if found and found[0][1].left < _SINGLES_ENOUGH:
                break
        return found

    def _options(self, operands: tuple[Column, ...], codes: Labels, already: int) -> tuple[int, list[Option]]:
        """How many directions are functions of the operands, and lines if those are more than `already`."""
        key = b"".join(column.labels.tobytes() for column in operands)
        key += repr([(column.ref >= 0, column.values) for column in operands]).encode()
        if key not in self._known:
            own = functionals(self._what, codes)
            count = own.means.shape[1]
            more = count > already
            found = list(_options(operands, codes, own, self._what, self._mask, self._said)) if more else []
            self._known[key] = count, found
        count, found = self._known[key]
        return count, [_read_from(option, operands) for option in found]


def _read_from(option: Option, operands: Sequence[Column]) -> Option:
    """The option with a line that reads these operands; others with the same values may stand elsewhere."""
    line = option.line
    if isinstance(line, Map):
        return replace(option, line=replace(line, operand=operands[0].ref))
    assert isinstance(line, SequenceMap)
    first, second = (0, 1) if not option.turned else (1, 0)
    return replace(option, line=replace(line, first=operands[first].ref, second=operands[second].ref))


def _gather(options: dict[bytes, Option], more: Sequence[Option]) -> None:
    """Of options with the same classes keep the cheapest."""
    for option in more:
        key = first_seen(option.column.labels).tobytes()
        if key not in options or option.cost < options[key].cost:
            options[key] = option


def first_seen(labels: Labels) -> Labels:
    """Labels renumbered by first occurrence."""
    _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[codes.reshape(-1)]


def _options(
    operands: tuple[Column, ...],
    codes: Labels,
    own: Functionals,
    what: Written,
    mask: Truth,
    said: Labels | None,
) -> Iterator[Option]:
    _, first = np.unique(codes, return_index=True)
    cells = np.stack([column.labels[mask][first] for column in operands], axis=1)
    if (cells < 0).any():
        return
    seen: set[bytes] = set()
    for classes in _partitions(own, codes, what):
        key = first_seen(classes).tobytes()
        if key in seen or classes.max() == 0 or _says_what_it_reads(cells, classes):
            continue
        seen.add(key)
        yield _option(operands, cells, classes, codes, what, mask)
    if said is not None and _determined(codes, said):
        classes = np.unique(said[first], return_inverse=True)[1].reshape(-1)
        if classes.max() > 0 and first_seen(classes).tobytes() not in seen:
            yield _option(operands, cells, classes, codes, what, mask)


def _partitions(own: Functionals, codes: Labels, what: Written) -> Iterator[Labels]:
    cells = cells_of(codes, own.rows)
    least = 1e-2 * float(np.sqrt(what.total / len(codes)))
    for classes, _ in groupings(cells, least, 3):
        yield classes
    yield from partitions(linear_sets(own))


def _option(
    operands: tuple[Column, ...],
    cells: Labels,
    classes: Labels,
    codes: Labels,
    what: Written,
    mask: Truth,
) -> Option:
    found = named(operands, cells, classes)
    labels = np.full(mask.shape, -1)
    labels[mask] = classes[codes]
    features = indicators(classes[codes])
    linear = what.linear(features)
    cost = found.cost + _LINE + (0 if linear >= LINEAR else _BENT)
    return Option(
        found.line,
        Column(0, labels, found.values),
        features,
        cost,
        straight=linear >= STRAIGHT,
        turned=found.turned,
    )


def _says_what_it_reads(cells: Labels, classes: Labels) -> bool:
    """Whether the classes are the values of the operand, or follow from one of two operands."""
    if cells.shape[1] == 1:
        return int(classes.max()) + 1 == len(classes)
    return any(_determined(dense(cells[:, place])[0], classes) for place in range(2))


def _determined(fine: Labels, coarse: Labels) -> bool:
    """Whether each class of `fine` has one class of `coarse`."""
    count = int(coarse.max()) + 2
    return len(np.unique(fine * count + coarse)) == len(np.unique(fine))
