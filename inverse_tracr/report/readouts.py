"""Reading a line's value off what its half-layer writes, where no dimension stands for it.

In compressed and trained models lines have no dimensions of their own. For each such line a linear map from
the half-layer's output to the line's values is fitted on some inputs (ridge regression on one-hot values;
on the number itself for numerical lines) and kept when it is right on others. It reads only what that
half-layer writes, so it does not find what merely stood in the residual stream before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Encoding, Program, Select
from inverse_tracr.report.columns import indices_of, numbers_of
from inverse_tracr.report.places import Place
from inverse_tracr.report.probes import Probe, probe
from inverse_tracr.report.tables import Tables

ACCEPTED = 0.95
"""Share of held-out cells that a kept read-out gets right."""
NEAR = 0.02
"""How far a numerical read-out may be off, relative plus absolute."""
MOST_VALUES = 64
RIDGE = 1e-4

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Readout:
    """`written @ matrix + offset` has a column a value (one for a number) of line `ref`, read at rank `rank`.

    `right` is the share of held-out cells that it gets right.
    """

    ref: int
    rank: int
    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]
    right: float


def readouts(
    model: TransformerProgram,
    program: Program,
    places: tuple[Place, ...],
    written: Tables,
    known: set[int],
) -> tuple[Readout, ...]:
    """Read-outs of the lines that are not in `known`; lines for which none is right have none."""
    wanted = [
        position
        for position, line in enumerate(program.lines)
        if not isinstance(line, Select) and position not in known and places[position].rank >= 0
    ]
    if not wanted or written.problem:
        return ()
    try:
        found = list(probe(model, program, {places[position].rank for position in wanted}))
    except InverseTracrError:
        return ()
    fitted = (_fit(program, position, places[position].rank, found, written) for position in wanted)
    return tuple(readout for readout in fitted if readout is not None)


def _fit(program: Program, position: int, rank: int, probes: list[Probe], written: Tables) -> Readout | None:
    rows = np.concatenate([p.written[rank].reshape(-1, p.written[rank].shape[-1]) for p in probes])
    rows = rows.astype(np.float64)
    if program.encoding(position) is Encoding.NUMERICAL:
        numbers = np.concatenate([numbers_of(p.trace, position).ravel() for p in probes])
        return _fit_numbers(position, rank, rows, numbers)
    values = written.values[position]
    if len(values) > MOST_VALUES:
        return None
    indices = np.concatenate([indices_of(p.trace, position, values).ravel() for p in probes])
    return _fit_values(position, rank, rows, indices, len(values))


def _fit_values(
    position: int, rank: int, rows: Floats, indices: NDArray[np.int64], count: int
) -> Readout | None:
    targets = (indices[:, None] == np.arange(count)).astype(np.float64)
    train, test = _halves(len(rows))
    matrix, offset = _ridge(rows[train], targets[train])
    said = rows[test] @ matrix + offset
    best = np.where(said.max(axis=1) >= 0.5, said.argmax(axis=1), -1)
    return _kept(position, rank, matrix, offset, float((best == indices[test]).mean()))


def _fit_numbers(position: int, rank: int, rows: Floats, numbers: Floats) -> Readout | None:
    known = ~np.isnan(numbers)
    rows, numbers = rows[known], numbers[known]
    if len(rows) < 2:
        return None
    train, test = _halves(len(rows))
    matrix, offset = _ridge(rows[train], numbers[train, None])
    said = (rows[test] @ matrix + offset)[:, 0]
    right = np.abs(said - numbers[test]) <= NEAR * (1 + np.abs(numbers[test]))
    return _kept(position, rank, matrix, offset, float(right.mean()))


def _kept(position: int, rank: int, matrix: Floats, offset: Floats, right: float) -> Readout | None:
    if right < ACCEPTED:
        return None
    return Readout(position, rank, matrix.astype(np.float32), offset.astype(np.float32), right)


def _halves(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two thirds of the cells to fit on, and the rest, in an order that does not follow the inputs."""
    order = np.random.default_rng(count).permutation(count)
    return order[: 2 * count // 3 + 1], order[2 * count // 3 + 1 :] if count > 3 else order


def _ridge(rows: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Least squares with a small penalty; the offset is not penalised."""
    mean, middle = rows.mean(axis=0), targets.mean(axis=0)
    centred = rows - mean
    square = centred.T @ centred
    square[np.diag_indices_from(square)] += RIDGE * max(float(np.trace(square)) / len(square), 1e-12)
    matrix = np.linalg.solve(square, centred.T @ (targets - middle))
    return matrix, middle - mean @ matrix
