"""MLP half-layers: maps of one or two s-ops whose cells explain what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inverse_tracr.decompile.search.cells import (
    MOST_CELLS,
    Cells,
    Floats,
    Labels,
    cells_of,
    coarsest,
    dense,
    groupings,
)
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.decompile.search.scrub import CHANGED, ENOUGH

_MOST_LINES = 4
_ROWS_A_CELL = 3
_MOST_SETS = 6
"""Sets of operands for which the model is run on."""
_SLACK = 0.004
"""Share of outputs that may change where cells are merged."""
_LEAST_GAIN = 0.004
"""Share of outputs that a further line must keep."""

Kept = Callable[[Labels], float]


@dataclass(frozen=True)
class Reading:
    """A function of columns: a class for every position, `table` from cells (labels of the operands)."""

    operands: tuple[Column, ...]
    labels: Labels
    table: dict[tuple[int, ...], int]
    cost: float


def operand_codes(columns: Sequence[Column], mask: np.ndarray) -> Labels:
    """One number for each combination of labels, -1 labels included."""
    codes = np.zeros(int(mask.sum()), dtype=np.int64)
    for column in columns:
        labels = column.labels[mask]
        codes = codes * (int(labels.max(initial=0)) + 2) + labels + 1
    return codes


def operand_sets(columns: Sequence[Column], mask: np.ndarray) -> Iterator[tuple[tuple[Column, ...], Labels]]:
    """Single columns, and pairs, that make few enough cells."""
    rows = int(mask.sum())
    limit = min(MOST_CELLS, rows // _ROWS_A_CELL)
    for column in columns:
        codes, _ = dense(operand_codes([column], mask))
        if codes.max() > 0 and (codes.max() < limit or column.numerical):
            yield (column,), codes
    categorical = [c for c in columns if not c.numerical]
    for pair in combinations(categorical, 2):
        codes, _ = dense(operand_codes(pair, mask))
        single = max(len(np.unique(c.labels[mask])) for c in pair)
        if single <= codes.max() < limit:
            yield pair, codes


def read_mlp(
    rows: Floats,
    columns: Sequence[Column],
    mask: np.ndarray,
    scale: float,
    forced: Sequence[Labels],
    kept: Kept,
    beam: int,
) -> list[tuple[list[Reading], float]]:
    """Lists of lines that keep what an MLP does, with their cost, best first; no lines where none matter.

    `forced` are lines that it writes in any case; `kept` tells how many outputs stay for a partition.
    """
    centred = rows - rows.mean(axis=0)
    nothing = joined([np.zeros(len(rows), dtype=np.int64), *forced])
    start = _State([], nothing, without(centred, list(forced)), kept(nothing), 0.0)
    states, done = [start], [start] if start.kept >= ENOUGH else []
    for _ in range(0 if done else _MOST_LINES):
        following = [
            state.extended(reading, kept)
            for state in states
            for reading in _single(state.rest, columns, mask, scale, state.labels, kept, 3)
        ]
        following = sorted(
            (s for s in following if s.kept > states[0].kept + _LEAST_GAIN), key=lambda s: s.total
        )[:beam]
        done += following
        states = [s for s in following if s.kept < ENOUGH]
        if not states:
            break
    found = sorted(done or [start], key=lambda s: s.total)[:beam]
    return [(s.lines, s.total) for s in found]


@dataclass(frozen=True)
class _State:
    """Lines of an MLP so far: their joint partition, what they leave of the rows, how many outputs stay."""

    lines: list[Reading]
    labels: Labels
    rest: Floats
    kept: float
    cost: float

    @property
    def total(self) -> float:
        return self.cost + (0.0 if self.kept >= ENOUGH else CHANGED * (1 - self.kept))

    def extended(self, reading: Reading, kept: Kept) -> _State:
        labels = joined([self.labels, reading.labels])
        rest = without(self.rest, [reading.labels])
        return _State([*self.lines, reading], labels, rest, kept(labels), self.cost + reading.cost)


def joined(labels: Sequence[Labels]) -> Labels:
    """The partition by all of several at once."""
    codes = labels[0]
    for other in labels[1:]:
        codes, _ = dense(codes * (int(other.max()) + 2) + other + 1)
    return codes


def without(rows: Floats, labels: Sequence[Labels]) -> Floats:
    """Centred rows less the mean of each class, one labelling after the other."""
    for own in labels:
        codes, _ = dense(own)
        rows = rows - cells_of(codes, rows).means[codes]
    return rows


def _single(
    rows: Floats,
    columns: Sequence[Column],
    mask: np.ndarray,
    scale: float,
    base: Labels,
    kept: Kept,
    most: int,
) -> list[Reading]:
    """The best single lines: operands by variance between cells, functions by what keeps the outputs."""
    options = [(operands, cells_of(codes, rows)) for operands, codes in operand_sets(columns, mask)]
    options.sort(key=lambda option: _score(*option))
    judged = [
        (kept(joined([base, cells.codes])), operands, cells) for operands, cells in options[:_MOST_SETS]
    ]
    judged.sort(key=lambda item: CHANGED * (1 - item[0]) + 0.5 * len(item[1]) + 0.01 * len(item[2].means))
    found: list[Reading] = []
    for whole, operands, cells in judged[:most]:
        found += _readings(operands, cells, mask, scale, base, kept, whole)
    return found


def _score(operands: tuple[Column, ...], cells: Cells) -> float:
    return 8 * (1 - cells.between) + 0.5 * len(operands) + 0.01 * len(cells.means)


def _readings(
    operands: tuple[Column, ...],
    cells: Cells,
    mask: np.ndarray,
    scale: float,
    base: Labels,
    kept: Kept,
    whole: float,
) -> Iterator[Reading]:
    """Functions of the operands: cells merged at the widest gaps, and as far as the outputs allow."""
    names, _ = _cell_names(operands, mask, cells.codes)
    options = [classes for classes, _ in groupings(cells, 0.05 * scale, 2)]
    options.append(coarsest(cells, lambda c: kept(joined([base, c[cells.codes]])) >= whole - _SLACK))
    for classes in options:
        number = int(classes.max()) + 1
        if number < 2:
            continue
        different = len(classes) - int(np.bincount(classes).max())
        cost = 0.6 + 0.5 * len(operands) + 0.03 * different + 0.02 * number
        table = {name: int(c) for name, c in zip(names, classes, strict=True)}
        yield Reading(operands, classes[cells.codes], table, float(cost))


def _cell_names(
    operands: tuple[Column, ...], mask: np.ndarray, codes: Labels
) -> tuple[list[tuple[int, ...]], int]:
    """The labels of the operands in each cell."""
    _, first = np.unique(codes, return_index=True)
    stacked = np.stack([c.labels[mask][first] for c in operands], axis=1)
    return [tuple(row) for row in stacked.tolist()], len(first)
