"""What token accuracy is worth: predictors that see no weights, computed on the very test set.

Each predicts for every cell of the thesis's view the most frequent token of the other programs of the set in
the same place; it is never told a program's own cells. Rows beyond the true program cost nothing.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from inverse_tracr.evaluate.thesis_accuracy import CELLS, accuracy_by_matching, accuracy_by_position
from inverse_tracr.rasp.thesis_view import Row

Rows = tuple[Row, ...]


class Told(enum.Enum):
    """What a predictor is told of the program that it predicts."""

    NOTHING = "nothing"
    LENGTH = "only the length"
    OPERATIONS = "only the operation of each line"


@dataclass(frozen=True)
class Floor:
    """Token accuracies of a blind predictor, one a program."""

    told: Told
    by_position: tuple[float, ...]
    by_matching: tuple[float, ...]


def floors(programs: Sequence[Rows]) -> tuple[Floor, ...]:
    """The floors of a test set, given the views of its true programs with their first and last rows."""
    return tuple(_floor(told, programs) for told in Told)


def _floor(told: Told, programs: Sequence[Rows]) -> Floor:
    counts = _Counts(told, programs)
    guesses = [counts.guess(rows) for rows in programs]
    pairs = list(zip(programs, guesses, strict=True))
    return Floor(
        told,
        tuple(accuracy_by_position(true, guess) for true, guess in pairs),
        tuple(accuracy_by_matching(true, guess) for true, guess in pairs),
    )


class _Counts:
    """How often each token stands in each place, over all programs and over those that look the same."""

    def __init__(self, told: Told, programs: Sequence[Rows]) -> None:
        self._told = told
        self._counts: dict[Hashable, Counter[str]] = defaultdict(Counter)
        for rows in programs:
            for place, row in enumerate(rows):
                for cell, token in enumerate(row.cells):
                    for key in self._keys(rows, place, cell):
                        self._counts[key][token] += 1

    def guess(self, rows: Rows) -> Rows:
        """The prediction for one of the programs, from all others."""
        return tuple(
            Row(*(self._token(rows, place, cell) for cell in range(CELLS))) for place in range(len(rows))
        )

    def _token(self, rows: Rows, place: int, cell: int) -> str:
        own = rows[place].cells[cell]
        if self._told is Told.OPERATIONS and cell == 0:
            return own
        for key in self._keys(rows, place, cell):
            others = self._counts[key] - Counter([own])
            if others:
                return min(others, key=lambda token: (-others[token], token))
        return ""

    def _keys(self, rows: Rows, place: int, cell: int) -> tuple[Hashable, ...]:
        """What a place looks like to the predictor, the closest look first."""
        match self._told:
            case Told.NOTHING:
                return ((place, cell),)
            case Told.LENGTH:
                return ((len(rows), place, cell), (place, cell))
            case Told.OPERATIONS:
                operation = rows[place].operation
                return ((operation, place, cell), (operation, cell))
