"""MLP half-layers: maps of one or two s-ops whose cells explain what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inverse_tracr.decompile.search.cells import MOST_CELLS, Cells, Floats, Labels, cells_of, dense, groupings
from inverse_tracr.decompile.search.columns import Column

_MOST_LINES = 4
_ROWS_A_CELL = 3
ENOUGH = 0.12
"""Share of the variance below which what is left is noise."""


@dataclass(frozen=True)
class Reading:
    """A function of columns: a class for every position, `table` from cells (labels of the operands)."""

    operands: tuple[Column, ...]
    labels: Labels
    table: dict[tuple[int, ...], int]
    explained: float
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
    rows: Floats, columns: Sequence[Column], mask: np.ndarray, scale: float, beam: int
) -> list[list[Reading]]:
    """Lists of lines that explain what an MLP writes, best first; the empty list where nothing is said."""
    centred = rows - rows.mean(axis=0)
    total = float((centred**2).sum())
    found: list[tuple[float, list[Reading]]] = []
    for first in _single(centred, columns, mask, scale, beam):
        lines = [first]
        rest = without(centred, [first.labels])
        while len(lines) < _MOST_LINES:
            left = float((rest**2).sum()) / total
            if left < ENOUGH:
                break
            more = _single(rest, columns, mask, scale, 1)
            if not more or more[0].explained * left < ENOUGH:
                break
            lines.append(more[0])
            rest = without(rest, [more[0].labels])
        left = float((rest**2).sum()) / total
        found.append((8 * left + sum(line.cost for line in lines), lines))
    return [lines for _, lines in sorted(found, key=lambda pair: pair[0])[:beam]]


def joint_explained(rows: Floats, labels: Sequence[Labels]) -> float:
    """Share of the variance of `rows` that lines explain, one after the other."""
    centred = rows - rows.mean(axis=0)
    total = float((centred**2).sum())
    return 1 - float((without(centred, labels) ** 2).sum()) / total if total > 0 else 1.0


def without(rows: Floats, labels: Sequence[Labels]) -> Floats:
    """Centred rows less the mean of each class, one labelling after the other."""
    for own in labels:
        codes, _ = dense(own)
        rows = rows - cells_of(codes, rows).means[codes]
    return rows


def _single(
    rows: Floats, columns: Sequence[Column], mask: np.ndarray, scale: float, most: int
) -> list[Reading]:
    """The best single lines: operands by variance between cells, functions by the gaps between cells."""
    options = [(operands, cells_of(codes, rows)) for operands, codes in operand_sets(columns, mask)]
    options.sort(key=lambda option: _score(*option))
    found: list[Reading] = []
    for operands, cells in options[: 4 + 2 * most]:
        found += _readings(operands, cells, rows, mask, scale)
    found.sort(key=lambda reading: 8 * (1 - reading.explained) + reading.cost)
    distinct: list[Reading] = []
    for reading in found:
        if all(not np.array_equal(reading.labels, other.labels) for other in distinct):
            distinct.append(reading)
    return distinct[:most]


def _score(operands: tuple[Column, ...], cells: Cells) -> float:
    return 8 * (1 - cells.between) + 0.5 * len(operands) + 0.01 * len(cells.means)


def _readings(
    operands: tuple[Column, ...], cells: Cells, rows: Floats, mask: np.ndarray, scale: float
) -> Iterator[Reading]:
    names, _ = _cell_names(operands, mask, cells.codes)
    for classes, clear in groupings(cells, 0.05 * scale, 3):
        labels = classes[cells.codes]
        merged = cells_of(labels, rows)
        number = int(classes.max()) + 1
        different = len(classes) - int(np.bincount(classes).max())
        cost = 0.6 + 0.5 * len(operands) + 0.03 * different + 0.02 * number + 0.6 / np.log(1 + clear)
        table = {name: int(c) for name, c in zip(names, classes, strict=True)}
        yield Reading(operands, labels, table, merged.between, float(cost))


def _cell_names(
    operands: tuple[Column, ...], mask: np.ndarray, codes: Labels
) -> tuple[list[tuple[int, ...]], int]:
    """The labels of the operands in each cell."""
    _, first = np.unique(codes, return_index=True)
    stacked = np.stack([c.labels[mask][first] for c in operands], axis=1)
    return [tuple(row) for row in stacked.tolist()], len(first)
