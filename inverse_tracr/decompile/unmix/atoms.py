"""Directions of the residual stream that stand for one dimension of the compiled model."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def least_squares(vectors: Floats, wanted: Floats) -> Floats:
    """The factors of `vectors` [count, d] whose sum comes next to `wanted` [d]."""
    return np.linalg.lstsq(vectors.T, wanted, rcond=None)[0].astype(np.float64)


class Atoms:
    """A growing list of vectors; two that are closer than `tolerance`, relative to their size, are one.

    `vectors` has a row for each. `written` are those that a part has written so far: no other part writes
    them, and only they can be read. `groups` are sets of atoms that were met together: what one part writes,
    the keys of one head. Those of one variable are always in one of them.
    """

    def __init__(self, d_model: int, tolerance: float) -> None:
        self.vectors: Floats = np.zeros((0, d_model))
        self.groups: list[tuple[int, ...]] = []
        self.written: set[int] = set()
        self._tolerance = tolerance

    def __len__(self) -> int:
        return len(self.vectors)

    def place(self, vector: Floats, *, new: bool = False) -> int:
        """The atom that a vector is; a new one where it is none so far. `new`: none that is written."""
        return self._placed(vector, self.written if new else set())

    def place_own(self, vectors: Iterable[Floats], *, new: bool = False) -> list[int]:
        """An atom for each vector, none of them shared; those known so far are taken. Noted as a group."""
        found: list[int] = []
        for vector in vectors:
            found.append(self._placed(vector, {*found, *(self.written if new else ())}))
        self.note(found)
        return found

    def _placed(self, vector: Floats, taken: set[int]) -> int:
        gaps = np.linalg.norm(self.vectors - vector, axis=1)
        gaps[list(taken)] = np.inf
        best = int(gaps.argmin()) if len(gaps) else 0
        if len(gaps) and gaps[best] <= self._tolerance * np.linalg.norm(vector):
            return best
        self.vectors = np.concatenate([self.vectors, vector[None]])
        return len(self) - 1

    def place_group(self, vectors: Iterable[Floats]) -> list[int]:
        """The atoms of several vectors, which are noted as a group."""
        found = [self.place(vector) for vector in vectors]
        self.note(found)
        return found

    def note(self, atoms: Iterable[int]) -> None:
        """Remember that atoms were met together."""
        group = tuple(sorted(set(atoms)))
        if group and group not in self.groups:
            self.groups.append(group)
            self.groups.sort(key=len)

    def parallel(self, vector: Floats, *, new: bool = False) -> tuple[int, float] | None:
        """The atom that a vector is a multiple of, and the factor; None if there is none.

        `new`: none that is written.
        """
        size = float(np.linalg.norm(vector))
        if not len(self) or size == 0:
            return None
        squares = np.maximum((self.vectors**2).sum(axis=1), 1e-300)
        factors = self.vectors @ vector / squares
        gaps = np.linalg.norm(factors[:, None] * self.vectors - vector, axis=1)
        gaps[list(self.written) if new else []] = np.inf
        best = int(gaps.argmin())
        return (best, float(factors[best])) if gaps[best] <= self._tolerance * size else None
