"""Token accuracy in the thesis's view: by position, and under the best matching of lines."""

from __future__ import annotations

from collections.abc import Sequence

from inverse_tracr.evaluate.assignment import best_assignment
from inverse_tracr.rasp.thesis_view import Row

CELLS = 5


def accuracy_by_position(true: Sequence[Row], predicted: Sequence[Row]) -> float:
    """Share of the true rows' cells that the predicted row at the same place has too.

    `true` and `predicted` are views with their first and last row (`thesis_rows`). Rows that are missing
    count as wrong, rows too many are ignored.
    """
    right = sum(_equal_cells(a, b) for a, b in zip(true, predicted, strict=False))
    return right / (CELLS * len(true))


def accuracy_by_matching(true: Sequence[Row], predicted: Sequence[Row]) -> float:
    """The same share when the lines are paired so that it is largest.

    First and last rows stay where they are; cells are compared as they stand, variables by their number.
    """
    ends = _equal_cells(true[0], predicted[0]) if predicted else 0
    if len(predicted) > 1:
        ends += _equal_cells(true[-1], predicted[-1])
    guesses = predicted[1:-1]
    scores = [[_equal_cells(line, guess) for guess in guesses] for line in true[1:-1]]
    pairs = enumerate(best_assignment(scores))
    right = sum(scores[line][guess] for line, guess in pairs if guess is not None)
    return (ends + right) / (CELLS * len(true))


def _equal_cells(first: Row, second: Row) -> int:
    return sum(a == b for a, b in zip(first.cells, second.cells, strict=True))
