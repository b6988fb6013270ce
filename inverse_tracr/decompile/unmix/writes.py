"""What the steps of a ladder write: differences of atoms, put together step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from inverse_tracr.decompile.unmix.atoms import Atoms, Floats
from inverse_tracr.decompile.unmix.reads import Special

_MOST_ASSIGNMENTS = 256
"""Assignments of lowest steps to numbers that are tried."""

Written = dict[int, float]


@dataclass(frozen=True)
class _Step:
    """Two neurons that together add `rise` from `threshold` on."""

    first: int
    second: int
    threshold: float
    rise: Floats


@dataclass
class _Ladder:
    """Steps from the lowest on, each with what stands there after it."""

    start: int
    dim: int
    heights: list[Floats]
    steps: list[_Step]


def ladder_atoms(
    atoms: Atoms,
    special: Special,
    w_in: Floats,
    rows: list[Floats],
    tolerance: float,
    counts: set[int],
) -> list[Written | None]:
    """For each neuron of a ladder what it writes, as atoms; None for neurons of other lines.

    `w_in` has a row for each neuron: the coefficients of the atoms that it reads. Where several ladders
    stand in one MLP, steps go where sums stay small: one atom is shorter than a sum of several. `counts` are
    atoms that say how many keys were selected: each step from one of them makes a value of its own.
    """
    found: list[Written | None] = [None] * len(rows)
    if special.one is None:
        return found
    others = np.delete(np.arange(w_in.shape[1]), special.both)
    reads = w_in[:, others] != 0
    starts = np.flatnonzero((reads.sum(axis=1) == 0) & (w_in[:, special.one] > 0)).tolist()
    if not starts:
        return found
    of_dim: dict[int, list[_Step]] = {}
    for dim in np.flatnonzero(reads[reads.sum(axis=1) == 1].any(axis=0)).tolist():
        own = np.flatnonzero((reads.sum(axis=1) == 1) & reads[:, dim]).tolist()
        steps = _steps(own, w_in[:, others[dim]], w_in[:, special.one], rows, tolerance)
        if steps and not _is_number(steps, [rows[start] for start in starts], tolerance):
            of_dim[dim] = steps
    if not of_dim or len(starts) < sum(map(_depth, of_dim.values())):
        return found
    ladders = min(
        (_built(slots, of_dim, rows) for slots in _assignments(starts, of_dim)),
        key=lambda built: sum(float(h @ h) for ladder in built for h in ladder.heights),
    )
    for ladder in ladders:
        if int(others[ladder.dim]) in counts:
            places = atoms.place_own(ladder.heights, new=True)
        else:
            places = [atoms.place(height, new=True) for height in ladder.heights]
            atoms.note(places)
        found[ladder.start] = {places[0]: 1.0}
        for step, before, after in zip(ladder.steps, places, places[1:], strict=False):
            rise = {} if before == after else {after: 1.0, before: -1.0}
            found[step.first] = rise
            found[step.second] = {atom: -factor for atom, factor in rise.items()}
    return found


def _steps(
    neurons: list[int], slopes: Floats, offsets: Floats, rows: list[Floats], tolerance: float
) -> list[_Step]:
    """Neurons paired: opposite rows, one unit apart; by rising threshold."""
    found: list[_Step] = []
    free = sorted((n for n in neurons if rows[n].any()), key=lambda n: -offsets[n] / slopes[n])
    while free:
        first = free.pop(0)
        size = np.linalg.norm(rows[first])
        second = next(
            (
                n
                for n in free
                if np.linalg.norm(rows[n] + rows[first]) <= tolerance * size
                and abs(offsets[first] - offsets[n] - 1) <= 0.01
            ),
            None,
        )
        if second is None:
            return []
        free.remove(second)
        found.append(_Step(first, second, -offsets[second] / slopes[second], rows[first]))
    return found


def _is_number(steps: list[_Step], lowest: list[Floats], tolerance: float) -> bool:
    """Whether all steps are multiples of one vector, and so is a lowest one."""
    rises = np.array([s.rise for s in steps])
    return any(
        np.linalg.svd(np.vstack([rises, row]), compute_uv=False)[1:].max(initial=0.0)
        <= tolerance * np.linalg.norm(rises)
        for row in lowest
    )


def _depth(steps: list[_Step]) -> int:
    """How many ladders stand on one number: the most steps at one threshold."""
    thresholds = np.array([s.threshold for s in steps])
    return int((np.abs(thresholds[:, None] - thresholds) < 1e-4).sum(axis=1).max())


def _assignments(starts: list[int], of_dim: dict[int, list[_Step]]) -> Iterator[list[tuple[int, int]]]:
    """Numbers for the lowest steps, so that each number has as many as it needs; one may have none."""
    least = {dim: _depth(steps) for dim, steps in of_dim.items()}
    options = product([*of_dim, None], repeat=len(starts))
    for chosen in islice(options, _MOST_ASSIGNMENTS):
        if all(chosen.count(dim) >= depth for dim, depth in least.items()):
            yield [(start, dim) for start, dim in zip(starts, chosen, strict=True) if dim is not None]


def _built(slots: list[tuple[int, int]], of_dim: dict[int, list[_Step]], rows: list[Floats]) -> list[_Ladder]:
    """Ladders from their lowest steps; each further step goes to the ladder where the sum is shortest."""
    ladders: list[_Ladder] = []
    for dim, steps in of_dim.items():
        own = [_Ladder(start, d, [rows[start]], []) for start, d in slots if d == dim]
        for step in steps:
            free = [x for x in own if not x.steps or abs(x.steps[-1].threshold - step.threshold) > 1e-4]
            best = min(free or own, key=lambda x: _growth(x.heights[-1], step.rise))
            best.steps.append(step)
            best.heights.append(best.heights[-1] + step.rise)
        ladders += own
    return ladders


def _growth(height: Floats, rise: Floats) -> float:
    after = height + rise
    return float(after @ after - height @ height)
