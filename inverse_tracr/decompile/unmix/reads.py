"""What a part reads: a vector taken apart into few atoms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inverse_tracr.decompile.unmix.atoms import Atoms, Floats, least_squares

_MOST_BINARY = 12
"""Atoms of a group of which all subsets are tried."""


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
        self._vectors = atoms.vectors
        self._groups = atoms.groups
        self._special = special
        self._tolerance = tolerance
        self._scales = scales

    def read(self, vector: Floats) -> Floats | None:
        """Coefficients of all atoms, most of them 0, that give the vector; None where none were found."""
        size = float(np.linalg.norm(vector))
        if size == 0:
            return np.zeros(len(self._vectors))
        for support, coefficients in self._hypotheses(vector):
            gap = np.linalg.norm(coefficients @ self._vectors[support] - vector)
            if gap <= self._tolerance * size:
                found = np.zeros(len(self._vectors))
                np.add.at(found, support, coefficients)
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
                if len(group) <= _MOST_BINARY:
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
        """The 0s and 1s whose sum of atoms comes next to a vector."""
        if group not in self._sums:
            sums = np.zeros((1, self._vectors.shape[1]))
            for atom in group:
                sums = np.concatenate([sums, sums + self._vectors[atom]])
            self._sums[group] = sums, (sums**2).sum(axis=1)
        sums, squares = self._sums[group]
        best = int((squares - 2 * (sums @ vector)).argmin())
        return np.array([(best >> i) & 1 for i in range(len(group))], dtype=np.float64)

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
    def _sums(self) -> dict[tuple[int, ...], tuple[Floats, Floats]]:
        """Sums of all subsets of a group, and their squared lengths."""
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
