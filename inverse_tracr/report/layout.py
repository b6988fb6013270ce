"""Where the boxes of a layered graph go: rows are given, so only order and distance within rows are left.

Long edges pass through invisible boxes in the rows between (Sugiyama, Tagawa, Toda 1981): boxes are ordered
by the mean place of their neighbours, up and down in turn, and then moved as near to these as the space
between boxes allows (least squares with a minimal distance: pool adjacent violators). Deterministic.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP = 26.0
SWEEPS = 12
WORK = 20_000
"""Boxes that all sweeps together may move."""


@dataclass(frozen=True)
class Layout:
    """Centre of each box, and for each edge the centres that it passes through on its way (with rows)."""

    centres: tuple[float, ...]
    bends: tuple[tuple[tuple[int, float], ...], ...]
    width: float


def lay_out(rows: Sequence[int], widths: Sequence[float], edges: Sequence[tuple[int, int]]) -> Layout:
    """Place boxes of the given rows and widths; edges that do not go down have no bends."""
    all_rows, all_widths = list(rows), list(widths)
    links: list[tuple[int, int]] = []
    chains: list[list[int]] = []
    for source, target in edges:
        chain = []
        if rows[source] < rows[target]:
            for row in range(rows[source] + 1, rows[target]):
                chain.append(len(all_rows))
                all_rows.append(row)
                all_widths.append(0.0)
            path = [source, *chain, target]
            links += pairwise(path)
        chains.append(chain)
    order = _ordered(all_rows, links)
    pulls = [_pull(all_widths[source], all_widths[target]) for source, target in links]
    centres = _straightened(_placed(order, all_widths, links, pulls), order, all_widths, chains)
    left = min((centres[i] - all_widths[i] / 2 for i in range(len(all_rows))), default=0.0)
    right = max((centres[i] + all_widths[i] / 2 for i in range(len(all_rows))), default=0.0)
    centres = [centre - left for centre in centres]
    bends = tuple(tuple((all_rows[i], centres[i]) for i in chain) for chain in chains)
    return Layout(tuple(centres[: len(rows)]), bends, right - left)


def _ordered(rows: list[int], links: list[tuple[int, int]]) -> list[list[int]]:
    """Boxes row by row, in the order with the fewest crossings that the sweeps meet."""
    order: list[list[int]] = [[] for _ in range(max(rows, default=-1) + 1)]
    for box, row in enumerate(rows):
        order[row].append(box)
    best, fewest = [list(row) for row in order], _crossings(order, links)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        tie = -1 if sweep % 4 >= 2 else 1
        near = _neighbours(len(rows), links, down)
        place = _places(order)
        for row in order if down else reversed(order):
            wish = {box: (_mean([place[n] for n in near[box]], place[box]), tie * place[box]) for box in row}
            row.sort(key=wish.__getitem__)
            place.update((box, float(i)) for i, box in enumerate(row))
        crossings = _crossings(order, links)
        if crossings < fewest:
            best, fewest = [list(row) for row in order], crossings
    return best


def _neighbours(count: int, links: list[tuple[int, int]], above: bool) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        if above:
            near[target].append(source)
        else:
            near[source].append(target)
    return near


def _places(order: list[list[int]]) -> dict[int, float]:
    return {box: float(i) for row in order for i, box in enumerate(row)}


def _mean(numbers: list[float], default: float) -> float:
    return sum(numbers) / len(numbers) if numbers else default


def _crossings(order: list[list[int]], links: list[tuple[int, int]]) -> int:
    """Pairs of links between the same two rows that cross."""
    place = _places(order)
    row_of = {box: i for i, row in enumerate(order) for box in row}
    by_row: dict[int, list[tuple[float, float]]] = {}
    for source, target in links:
        by_row.setdefault(row_of[source], []).append((place[source], place[target]))
    return sum(_inversions([right for _, right in sorted(ends)]) for ends in by_row.values())


def _inversions(numbers: list[float]) -> int:
    """Pairs that stand in the wrong order."""
    seen: list[float] = []
    found = 0
    for number in numbers:
        found += len(seen) - bisect_right(seen, number)
        insort(seen, number)
    return found


def _pull(source: float, target: float) -> float:
    """How strongly two boxes of these widths pull at each other: long edges most, to be straight."""
    return 8.0 if source == target == 0 else 2.0 if source == 0 or target == 0 else 1.0


def _placed(
    order: list[list[int]], widths: list[float], links: list[tuple[int, int]], pulls: list[float]
) -> list[float]:
    """Centres of all boxes, moved towards their neighbours."""
    centres = [0.0] * len(widths)
    for row in order:
        at = 0.0
        for box in row:
            centres[box] = at + widths[box] / 2
            at += widths[box] + GAP
        for box in row:
            centres[box] -= at / 2
    near: list[list[tuple[int, float]]] = [[] for _ in widths]
    for (source, target), pull in zip(links, pulls, strict=True):
        near[source].append((target, pull))
        near[target].append((source, pull))
    for sweep in range(max(SWEEPS, min(8 * SWEEPS, WORK // (len(widths) + 1)))):
        for row in order if sweep % 2 == 0 else reversed(order):
            pulled = [sum(pull for _, pull in near[box]) for box in row]
            wishes = [
                sum(centres[n] * pull for n, pull in near[box]) / total if total else centres[box]
                for box, total in zip(row, pulled, strict=True)
            ]
            placed = _spaced(wishes, [widths[box] for box in row], [total or 0.1 for total in pulled])
            centres = _with(centres, row, placed)
    return centres


def _straightened(
    centres: list[float], order: list[list[int]], widths: list[float], chains: list[list[int]]
) -> list[float]:
    """Long edges made straight where the boxes beside them leave room."""
    beside = {box: (row[i - 1 : i], row[i + 1 : i + 2]) for row in order for i, box in enumerate(row)}

    def room(box: int, other: int) -> float:
        return (widths[box] + widths[other]) / 2 + GAP

    for chain in chains:
        low = max((centres[o] + room(b, o) for b in chain for o in beside[b][0]), default=-math.inf)
        high = min((centres[o] - room(b, o) for b in chain for o in beside[b][1]), default=math.inf)
        if chain and low <= high:
            wish = sum(centres[box] for box in chain) / len(chain)
            centres = _with(centres, chain, [min(max(wish, low), high)] * len(chain))
    return centres


def _with(centres: list[float], row: list[int], placed: list[float]) -> list[float]:
    moved = list(centres)
    for box, centre in zip(row, placed, strict=True):
        moved[box] = centre
    return moved


def _spaced(wishes: list[float], widths: list[float], weights: list[float]) -> list[float]:
    """The centres nearest to the wishes (weighted least squares) that keep boxes of a row apart."""
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + GAP)
    pools: list[tuple[float, float, int]] = []
    for wish, offset, weight in zip(wishes, offsets, weights, strict=False):
        mean, total, count = wish - offset, weight, 1
        while pools and pools[-1][0] >= mean:
            other, heavy, size = pools.pop()
            mean = (mean * total + other * heavy) / (total + heavy)
            total, count = total + heavy, count + size
        pools.append((mean, total, count))
    free = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(free, offsets, strict=False)]
