"""What a part reads: a vector taken apart into few atoms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inverse_tracr.decompile.unmix.atoms import Atoms, Floats, least_squares

_MOST_SUMS = 2**12
"""Different sums of a group's atoms up to which all are tried."""
_SAME = 1e-4
"""Distance, relative to the larger, of atoms that no reader tells apart."""


@dataclass(frozen=True)
class Special:
    """The atoms of the dimension that is always 1 (None where the model has none) and of BOS."""

    one: int | None
    bos: int

    @property
    def both(self) -> list[int]:
        """Those that there are."""
        return [self.bos] if self.one is None else [self.one, self.bos]


class Reader:
    """Takes vectors apart; `tolerance` is the largest error of a sum of atoms, relative to the vector.

    `scales` are factors that all atoms of a sum of a group may have.
    """

    def __init__(
        self, atoms: Atoms, special: Special, tolerance: float, scales: tuple[float, ...] = (1.0,)
    ) -> None:
        self._count = len(atoms)
        self._atoms = sorted(atoms.written | set(special.both))
        place = {atom: i for i, atom in enumerate(self._atoms)}
        self._vectors = atoms.vectors[self._atoms]
        self._groups = [tuple(place[a] for a in g) for g in atoms.groups if all(a in place for a in g)]
        self._special = Special(None if special.one is None else place[special.one], place[special.bos])
        self._tolerance = tolerance
        self._scales = scales

    def read(self, vector: Floats) -> Floats | None:
        """Coefficients of all atoms, most of them 0, that give the vector; None where none were found."""
        size = float(np.linalg.norm(vector))
        if size == 0:
            return np.zeros(self._count)
        for support, coefficients in self._hypotheses(vector):
            gap = np.linalg.norm(coefficients @ self._vectors[support] - vector)
            if gap <= self._tolerance * size:
                for atom in np.array(support)[np.abs(coefficients) > 0].tolist():
                    self._taken[atom] = self._taken.get(atom, 0) + 1
                found = np.zeros(self._count)
                np.add.at(found, np.array(self._atoms)[support], coefficients)
                return np.where(np.abs(found) > self._tolerance * np.abs(found).max(), found, 0.0)
        return None

    def _hypotheses(self, vector: Floats) -> Iterator[tuple[list[int], Floats]]:
        """Supports and coefficients, the plainest first: W_emb may have columns that depend on each other."""
        support, factors = self._single(vector)
        if any(abs(factors[0] - scale) <= self._tolerance * scale for scale in self._scales):
            yield support, factors
        if self._special.one is not None:
            yield self._pair(vector, self._special.one)
        for group in self._groups:
            for scale in self._scales:
                yield list(group), scale * self._subset(group, vector / scale)
        yield support, factors
        if self._special.one is not None:
            yield self._number(vector)
        for group in self._groups:
            for extra in ([], self._special.both):
                support = [*group, *(a for a in extra if a not in group)]
                if len(support) < self._vectors.shape[1]:
                    yield support, self._fitted(tuple(support), vector)

    def _fitted(self, support: tuple[int, ...], vector: Floats) -> Floats:
        return least_squares(self._vectors[list(support)], vector)

    def _subset(self, group: tuple[int, ...], vector: Floats) -> Floats:
        """The 0s and 1s whose sum of atoms comes next to a vector.

        Atoms that are the same vector are counted; which of them are meant cannot be seen, and those are
        taken that other vectors took least.
        """
        if group not in self._sums:
            vectors = self._vectors[list(group)]
            sums = _Sums if _Sums.count(vectors) <= _MOST_SUMS else _Rounded
            self._sums[group] = sums.of(vectors)
        classes, counts = self._sums[group].nearest(vector)
        found = np.zeros(len(group))
        for members, count in zip(classes, counts, strict=True):
            order = sorted(members, key=lambda m: self._taken.get(group[m], 0))
            found[order[:count]] = 1
        return found

    def _single(self, vector: Floats) -> tuple[list[int], Floats]:
        factors = self._vectors @ vector / np.maximum(self._squares, 1e-300)
        gaps = np.linalg.norm(factors[:, None] * self._vectors - vector, axis=1)
        best = int(gaps.argmin())
        return [best], factors[best : best + 1]

    def _pair(self, vector: Floats, one: int) -> tuple[list[int], Floats]:
        """Both values of a sequence map's neuron: their sum, less 1."""
        wanted = vector + self._vectors[one]
        first, second = self._pairs
        gaps = self._pair_squares - 2 * (self._vectors @ wanted)[first] - 2 * (self._vectors @ wanted)[second]
        best = int(gaps.argmin())
        return [int(first[best]), int(second[best]), one], np.array([1.0, 1.0, -1.0])

    def _number(self, vector: Floats) -> tuple[list[int], Floats]:
        """A number compared with a threshold: one atom and the special ones."""
        special = self._special.both
        others = [a for a in range(len(self._vectors)) if a not in special]
        basis, _ = np.linalg.qr(self._vectors[special].T)
        inside = self._vectors[others] - (self._vectors[others] @ basis) @ basis.T
        rest = vector - basis @ (basis.T @ vector)
        factors = inside @ rest / np.maximum((inside**2).sum(axis=1), 1e-12)
        gaps = np.linalg.norm(factors[:, None] * inside - rest, axis=1)
        support = (others[int(gaps.argmin())], *special)
        return list(support), self._fitted(support, vector)

    @cached_property
    def _sums(self) -> dict[tuple[int, ...], _Sums | _Rounded]:
        """Sums of all subsets of a group."""
        return {}

    @cached_property
    def _taken(self) -> dict[int, int]:
        """How many vectors an atom was found in."""
        return {}

    @cached_property
    def _squares(self) -> Floats:
        return (self._vectors**2).sum(axis=1)

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        return np.triu_indices(len(self._vectors), 1)

    @cached_property
    def _pair_squares(self) -> Floats:
        first, second = self._pairs
        products = self._vectors @ self._vectors.T
        return self._squares[first] + self._squares[second] + 2 * products[first, second]


@dataclass(frozen=True)
class _Sums:
    """All sums of some of a group's vectors: `classes` are the numbers of those that are the same vector,
    `sums` [sums, d] with their squared lengths, `counts` [sums, classes] how many of each class they hold.
    """

    classes: list[list[int]]
    sums: Floats
    squares: Floats
    counts: np.ndarray

    @classmethod
    def of(cls, vectors: Floats) -> _Sums:
        """The sums of `vectors` [members, d]."""
        classes = _classes(vectors)
        grids = np.meshgrid(*[np.arange(len(members) + 1) for members in classes], indexing="ij")
        counts = np.stack([grid.ravel() for grid in grids], axis=1)
        sums = counts @ vectors[[members[0] for members in classes]]
        return cls(classes, sums, (sums**2).sum(axis=1), counts)

    @staticmethod
    def count(vectors: Floats) -> int:
        """How many sums there are."""
        return math.prod(len(members) + 1 for members in _classes(vectors))

    def nearest(self, vector: Floats) -> tuple[list[list[int]], list[int]]:
        """The classes, and how many of each are in the sum next to `vector`; the fewest that do."""
        gaps = self.squares - 2 * (self.sums @ vector) + vector @ vector
        near = np.flatnonzero(gaps <= max(float(gaps.min()), _SAME**2 * float(vector @ vector)))
        best = int(near[self.counts[near].sum(axis=1).argmin()])
        return self.classes, self.counts[best].tolist()


@dataclass(frozen=True)
class _Rounded:
    """Sums of some of a group's vectors where there are too many to try: factors are fitted and made whole.

    `classes` as those of `_Sums`, `vectors` [classes, d] one of each.
    """

    classes: list[list[int]]
    vectors: Floats

    @classmethod
    def of(cls, vectors: Floats) -> _Rounded:
        """The sums of `vectors` [members, d]."""
        classes = _classes(vectors)
        return cls(classes, vectors[[members[0] for members in classes]])

    def nearest(self, vector: Floats) -> tuple[list[list[int]], list[int]]:
        """The classes, and how many of each are in a sum near `vector`."""
        factors = np.round(least_squares(self.vectors, vector))
        most = [len(members) for members in self.classes]
        return self.classes, np.clip(factors, 0, most).astype(int).tolist()


def _classes(vectors: Floats) -> list[list[int]]:
    """Numbers of equal vectors, together."""
    found: list[list[int]] = []
    for number, vector in enumerate(vectors):
        size = float(np.linalg.norm(vector))
        for members in found:
            other = vectors[members[0]]
            if np.linalg.norm(vector - other) <= _SAME * max(size, float(np.linalg.norm(other))):
                members.append(number)
                break
        else:
            found.append([number])
    return found
