"""The best one-to-one assignment of rows to columns, exactly (Kuhn 1955, Munkres 1957)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def best_assignment(scores: Sequence[Sequence[int]]) -> tuple[int | None, ...]:
    """For each row its column, such that the sum of the scores is largest.

    `scores[row][column]`, all rows of one length. Each column is taken at most once; where there are fewer
    columns than rows, the rows without a column have None. Time is cubic in the larger side.
    """
    rows, columns = len(scores), len(scores[0]) if scores else 0
    size = max(rows, columns)
    if not size:
        return ()
    costs = np.zeros((size, size))
    if columns:
        costs[:rows, :columns] = -np.asarray(scores, dtype=np.float64)
    row_of_column = _solve(costs)
    column_of_row = {row: column for column, row in enumerate(row_of_column) if column < columns}
    return tuple(column_of_row.get(row) for row in range(rows))


def _solve(costs: np.ndarray) -> list[int]:
    """Row of each column in the cheapest assignment of a square matrix.

    Rows come in one by one; each finds its column along a shortest path of columns under the potentials
    of rows and columns, which keep every reduced cost at 0 or more.
    """
    size = len(costs)
    row_potential, column_potential = np.zeros(size), np.zeros(size + 1)
    row_of = [-1] * (size + 1)  # the last column is none: a path begins there
    for row in range(size):
        row_of[size] = row
        previous, at = _shortest_path(costs, row_of, row_potential, column_potential)
        while at != size:
            row_of[at] = row_of[previous[at]]
            at = previous[at]
    return row_of[:size]


def _shortest_path(
    costs: np.ndarray, row_of: list[int], row_potential: np.ndarray, column_potential: np.ndarray
) -> tuple[list[int], int]:
    """Predecessors of columns on the shortest path from the new row to a free column, and that column."""
    size = len(costs)
    distance = np.full(size, np.inf)
    previous = [size] * size
    seen = np.zeros(size + 1, dtype=np.bool_)
    at = size
    while row_of[at] >= 0:
        seen[at] = True
        reduced = costs[row_of[at]] - row_potential[row_of[at]] - column_potential[:size]
        for column in np.flatnonzero((reduced < distance) & ~seen[:size]).tolist():
            distance[column] = reduced[column]
            previous[column] = at
        following = int(np.where(seen[:size], np.inf, distance).argmin())
        step = distance[following]
        for column in np.flatnonzero(seen).tolist():
            row_potential[row_of[column]] += step
            column_potential[column] -= step
        distance[~seen[:size]] -= step
        at = following
    return previous, at
