"""Lines that an MLP may write: functions of s-ops whose indicators are linear in what it writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

import numpy as np

from inverse_tracr.decompile.linear.explain import MOST_OPTIONS, Option, bent_cost, explain
from inverse_tracr.decompile.linear.indicators import linear_sets, partitions
from inverse_tracr.decompile.linear.named import Outputs, named, unary_results
from inverse_tracr.decompile.linear.numbers import is_operand, number_maps, weighted_sum
from inverse_tracr.decompile.linear.readable import Explained, Readable, surest
from inverse_tracr.decompile.linear.written import (
    FUNCTION,
    NEARLY,
    STRAIGHT,
    Floats,
    Functionals,
    Labels,
    Written,
    functionals,
    indicators,
)
from inverse_tracr.decompile.search.cells import MOST_CELLS, cells_of, dense, groupings
from inverse_tracr.decompile.search.columns import Column, Truth
from inverse_tracr.decompile.search.mlps import operand_codes
from inverse_tracr.rasp.functions import BinaryOp, NamedBinary
from inverse_tracr.rasp.program import LinearSequenceMap, Map, Ref, SequenceMap
from inverse_tracr.rasp.values import Value

_SINGLES_ENOUGH = 1e-3
_LINE = 0.5
_WANTED = 4.0
"""Nats off for a map that later lines ask for."""
_MOST_NAMED = 16
"""Values of an s-op up to which partitions by named functions are tried one by one."""


_MOST_APART = 24
"""Cells of which it is asked whether each is written as a value of its own."""


@dataclass(frozen=True)
class Asked:
    """Classes on the probes that later lines ask for, and that they read already."""

    missing: frozenset[bytes] = frozenset()
    read: frozenset[bytes] = frozenset()


class MlpReader:
    """What one MLP may write, kept for operands that several sketches share."""

    def __init__(
        self, what: Written, mask: Truth, said: Labels | None = None, outputs: Sequence[Value] = ()
    ) -> None:
        """`said`, of the last MLP: the number of what the model says at each position, of all `outputs`."""
        self._what, self._mask, self._said, self._outputs = what, mask, said, tuple(outputs)
        self._known: dict[tuple[object, ...], tuple[int, list[Option]]] = {}
        self._kept: list[list[Labels]] = []  # arrays that keys name stay alive, so that no other has their id

    def read(self, readable: Readable, given: Floats, wanted: Asked, most: int) -> Explained:
        """Sets of lines that explain the MLP beside the features `given`, best first.

        Lines are cheaper where later ones read their classes, and taken where these ask for them.
        """
        return surest(lambda share: self._read(readable, given, wanted, most, share), (FUNCTION, NEARLY))

    def _read(self, readable: Readable, given: Floats, wanted: Asked, most: int, share: float) -> Explained:
        options: dict[bytes, Option] = {}
        found: Explained = []
        for lines in self._options_of(readable, share):
            for own, rebate in lines:
                _gather(options, own, rebate)
            for key in options.keys() & (wanted.missing | wanted.read):
                options[key] = replace(options[key], cost=options[key].cost - _WANTED)
            cheapest = sorted(self._ends(options), key=lambda o: (o.key not in wanted.missing, o.cost))
            cheapest = cheapest[:MOST_OPTIONS]
            first = sum(option.key in wanted.missing for option in cheapest)
            found = [
                ([cheapest[i] for i in e.chosen], e)
                for e in explain(self._what, given, cheapest, most, first)
            ]
            if found and found[0][1].left < _SINGLES_ENOUGH:
                break
        return found

    def _options_of(self, readable: Readable, share: float) -> Iterator[Iterator[tuple[list[Option], float]]]:
        """Options and what is off for reading their operands: maps, then lines that read two columns."""
        directions: dict[Ref, int] = {}
        categorical = [column for column in readable.columns if not column.numerical]
        yield self._maps_of(readable, share, directions)
        pairs = (pair for pair in combinations(categorical, 2) if readable.is_new(o.ref for o in pair))
        yield chain(
            (
                (
                    self._options(pair, sum(directions[column.ref] for column in pair), share)[1],
                    readable.rebate(column.ref for column in pair),
                )
                for pair in pairs
            ),
            self._sums(readable),
        )

    def _sums(self, readable: Readable) -> Iterator[tuple[list[Option], float]]:
        """Weighted sums of two columns of numbers."""
        columns = [c for c in readable.columns if is_operand(c, mapped=c.ref in readable.maps)]
        for pair in combinations(columns, 2):
            if readable.is_new(column.ref for column in pair):
                key = ("sum", *(id(column.labels) for column in pair))
                if key not in self._known:
                    found = weighted_sum(pair, self._what, self._mask)
                    self._known[key] = 0, [] if found is None else [found]
                    self._kept.append([column.labels for column in pair])
                own = [_read_from(option, pair) for option in self._known[key][1]]
                yield own, readable.rebate(column.ref for column in pair)

    def _maps_of(
        self, readable: Readable, share: float, directions: dict[Ref, int]
    ) -> Iterator[tuple[list[Option], float]]:
        for column in readable.columns:
            directions[column.ref], own = self._options((column,), 0, share)
            if column.ref not in readable.maps and column.ref in readable.fresh:
                yield own, readable.rebate((column.ref,))

    def maps(self, column: Column, classes: Labels | None) -> list[Option]:
        """Maps of a column that are written for sure; with `classes` of its values the one with these too."""
        _, found = self._options((column,), 0, FUNCTION)
        straight = [option for option in found if option.straight and not option.column.numerical]
        asked = None if classes is None else self._asked(column, classes)
        if asked is None or any(option.key == asked.key for option in straight):
            return straight
        self._known[_key((column,), FUNCTION)][1].append(asked)  # for those who read later
        return [*straight, asked]

    def _asked(self, column: Column, classes: Labels) -> Option | None:
        """The map with given classes of the values, if it may be written."""
        codes, labels = dense(column.labels[self._mask])
        merged = dense(classes[labels])[0]
        if labels[0] < 0 or not 0 < merged.max() < len(merged) - 1:
            return None
        option = _option((column,), labels[:, None], merged, codes, self._what, self._mask)
        return option if option.straight else None

    def _ending(self, operands: tuple[Column, ...], codes: Labels) -> list[Option]:
        """The line that says what the model says, where that follows from the operands."""
        said = self._said
        if said is None or not _determined(codes, said):
            return []
        _, first = np.unique(codes, return_index=True)
        cells = np.stack([column.labels[self._mask][first] for column in operands], axis=1)
        some = (cells >= 0).all(axis=1)
        if not some.any() or said[first][some].min() < 0:
            return []
        classes = np.full(len(cells), -1)
        classes[some], names = dense(said[first][some])
        if classes.max() <= 0:
            return []
        outputs = Outputs(tuple(self._outputs[name] for name in names.tolist()), frozenset(self._outputs))
        return [_option(operands, cells, classes, codes, self._what, self._mask, outputs)]

    def _ends(self, options: Mapping[bytes, Option]) -> Collection[Option]:
        """All options, but of the last MLP only that which says what the model says, if there is one."""
        if self._said is None:
            return options.values()
        key = first_seen(self._said).tobytes()
        return [options[key]] if key in options else options.values()

    def _options(self, operands: tuple[Column, ...], already: int, share: float) -> tuple[int, list[Option]]:
        """How many directions are functions of the operands, and lines if those are more than `already`."""
        key = _key(operands, share)
        if key not in self._known:
            codes = dense(operand_codes(operands, self._mask))[0]
            count, found = 0, list[Option]()
            if 0 < codes.max() < min(MOST_CELLS, int(self._mask.sum()) // 2):
                own = functionals(self._what, codes, share)
                count = own.means.shape[1]
                if count > already or self._said is not None:
                    found = self._ending(operands, codes)
                    found += _options(operands, codes, own, self._what, self._mask)
                found += _told_apart(operands, codes, self._what, self._mask)
                if len(operands) == 1:
                    found += _numbers(operands[0], codes, own, self._what, self._mask)
            self._known[key] = count, found
            self._kept.append([column.labels for column in operands])
        count, found = self._known[key]
        return count, [_read_from(option, operands) for option in found]


def _key(operands: Sequence[Column], share: float) -> tuple[object, ...]:
    return (share, *((id(column.labels), column.ref >= 0, column.values) for column in operands))


def _read_from(option: Option, operands: Sequence[Column]) -> Option:
    """The option with a line that reads these operands; others with the same values may stand elsewhere."""
    line = option.line
    if isinstance(line, Map):
        return replace(option, line=replace(line, operand=operands[0].ref))
    if isinstance(line, LinearSequenceMap):
        moved = tuple(
            replace(put, operand=(operands[0] if put.operand == line.first else operands[1]).ref)
            for put in option.moved
        )
        return replace(option, line=replace(line, first=operands[0].ref, second=operands[1].ref), moved=moved)
    assert isinstance(line, SequenceMap)
    first, second = (0, 1) if not option.turned else (1, 0)
    return replace(option, line=replace(line, first=operands[first].ref, second=operands[second].ref))


def _gather(options: dict[bytes, Option], more: Sequence[Option], rebate: float) -> None:
    """Of options with the same classes keep the cheapest."""
    for own in more:
        option = replace(own, cost=own.cost - rebate)
        key = option.key
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
) -> Iterator[Option]:
    _, first = np.unique(codes, return_index=True)
    cells = np.stack([column.labels[mask][first] for column in operands], axis=1)
    nothing = (cells < 0).any(axis=1)
    if nothing.all():
        return
    seen: set[bytes] = set()
    named_ones = _named_partitions(operands[0], cells, codes, what) if len(operands) == 1 else ()
    for merged in chain(named_ones, _partitions(own, codes, what)):
        classes = np.where(nothing, -1, merged)
        classes[~nothing] = dense(merged[~nothing])[0]
        key = first_seen(classes).tobytes()
        if key in seen or classes.max() == 0 or _says_what_it_reads(operands, cells, classes):
            continue
        seen.add(key)
        yield _option(operands, cells, classes, codes, what, mask)


def _numbers(column: Column, codes: Labels, own: Functionals, what: Written, mask: Truth) -> Iterator[Option]:
    """Maps to numbers."""
    _, first = np.unique(codes, return_index=True)
    yield from number_maps(column, column.labels[mask][first][:, None], codes, own, what, mask)


def _told_apart(operands: tuple[Column, ...], codes: Labels, what: Written, mask: Truth) -> Iterator[Option]:
    """The function with a name that has another value for each pair of values there is, if it is written."""
    _, first = np.unique(codes, return_index=True)
    cells = np.stack([column.labels[mask][first] for column in operands], axis=1)
    if len(cells) > _MOST_APART or len(operands) == 1 or (cells < 0).any():
        return
    if what.linear(indicators(codes)) >= STRAIGHT:
        option = _option(operands, cells, np.arange(len(cells)), codes, what, mask)
        function = option.line.function if isinstance(option.line, SequenceMap) else None
        if isinstance(function, NamedBinary) and function.op is not BinaryOp.PAIR:
            yield option


def _partitions(own: Functionals, codes: Labels, what: Written) -> Iterator[Labels]:
    cells = cells_of(codes, own.rows)
    least = 1e-2 * float(np.sqrt(what.total / len(codes)))
    for classes, _ in groupings(cells, least, 3):
        yield classes
    yield from partitions(linear_sets(own))


def _named_partitions(column: Column, cells: Labels, codes: Labels, what: Written) -> Iterator[Labels]:
    """Partitions of the cells of one s-op by named functions that are linear in what is written."""
    seen: set[bytes] = set()
    if len(column.values) > _MOST_NAMED or (cells < 0).any():
        return
    for results in unary_results(column.values):
        numbers = {value: place for place, value in enumerate(dict.fromkeys(results))}
        classes = np.array([numbers[results[label]] for label in cells[:, 0].tolist()])
        key = first_seen(classes).tobytes()
        if key not in seen and classes.min() < classes.max():
            seen.add(key)
            if what.linear(indicators(classes[codes])) >= STRAIGHT:
                yield dense(classes)[0]


def _option(
    operands: tuple[Column, ...],
    cells: Labels,
    classes: Labels,
    codes: Labels,
    what: Written,
    mask: Truth,
    outputs: Outputs | None = None,
) -> Option:
    some = classes >= 0  # what has no value is mapped to nothing
    found = named(operands, cells[some], classes[some], outputs)
    labels = np.full(mask.shape, -1)
    labels[mask] = classes[codes]
    features = indicators(classes[codes])
    linear = what.linear(features)
    cost = found.cost + _LINE + bent_cost(linear)
    return Option(
        found.line,
        Column(0, labels, found.values, free=found.free),
        features,
        cost,
        straight=linear >= STRAIGHT,
        turned=found.turned,
        key=first_seen(classes[codes]).tobytes(),
    )


def _says_what_it_reads(operands: Sequence[Column], cells: Labels, classes: Labels) -> bool:
    """Whether the classes are the values of the operands, or follow from one of two operands.

    Two values of an input may be handed on as numbers, and two numbers as values.
    """
    count = int(classes.max()) + 1
    if count == len(classes):
        return count > 2 or (operands[0].ref >= 0 and not operands[0].numerical)
    if cells.shape[1] == 1:
        return False
    return any(_determined(dense(cells[:, place])[0], classes) for place in range(2))


def _determined(fine: Labels, coarse: Labels) -> bool:
    """Whether each class of `fine` has one class of `coarse`."""
    count = int(coarse.max()) + 2
    return len(np.unique(fine * count + coarse + 1)) == len(np.unique(fine))
