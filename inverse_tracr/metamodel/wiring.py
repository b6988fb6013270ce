"""What the parts of a model read of each other, by products of parameters alone, which depend on no basis.

A column that is written as one vector for each of its values is read by a part where these vectors, times
what the part reads by, are not nothing. This tells lines apart that say the same, whatever inputs do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.parts import Directions
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.model import Weights
from inverse_tracr.rasp.functions import Comparison, NamedPredicate, Predicate, PredicateTable
from inverse_tracr.rasp.program import TOKENS, Select

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float32] | NDArray[np.float64]

HALF = 0.5
"""What neurons read of a value at least, or are active by."""

NO_SCORE = 1.0
"""Scores up to which a key is not chosen."""

LEAST_READ = 1e-3
"""What is read of a vector of length 1 at least, by a vector of length 1."""


@dataclass(frozen=True)
class Wiring:
    """The weights of a model, the directions that neurons of each half-layer write, and W_E's row for BOS."""

    weights: Weights
    directions: tuple[Directions, ...]
    bos: Floats

    def dormant(self, half: int, taken: frozenset[int]) -> list[int]:
        """Directions that no site has, and no line."""
        never = np.flatnonzero(~self.directions[half].where.any(axis=1)).tolist()
        return [at for at in never if at not in taken]

    def read(self, half: int, left: Sequence[int], columns: Sequence[Column]) -> tuple[Mask, Mask]:
        """Which columns [columns], and pairs of them [columns, columns], some neuron of directions of a
        half-layer reads together and nothing else.
        """
        w_in = self._reading(half, left)
        together = self.bos @ w_in < -HALF
        read = np.ones((len(columns), w_in.shape[1]), np.bool_)
        for at, column in enumerate(columns):
            vectors = self._vectors(column)
            if vectors is not None:
                read[at] = (vectors @ w_in).max(axis=0) > HALF
        both = read[:, together].astype(np.float64)
        return np.asarray(read[:, ~together].any(axis=1)), both @ both.T > 0

    def attended_by(self, half: int, left: Sequence[int], columns: Sequence[Column]) -> Floats:
        """The share of the values of keys that a head does not read, and whether it reads none of a query, of
        that head among those of a half-layer that fits best [columns, columns].
        """
        w, layer = self.weights, half // 2
        found = np.full((len(columns), len(columns)), 2.0)
        for head in left:
            keys = np.array([self.unread_keys(layer, head, c) for c in columns])
            queries = np.array([_unread(self._vectors(c), w.W_Q[layer, head]) == 1 for c in columns])
            found = np.minimum(found, keys[:, None] + queries[None])
        return found

    def unread_keys(self, layer: int, head: int, column: Column) -> float:
        """The share of the values of a column that a head does not read as keys."""
        return _unread(_written(column), self.weights.W_K[layer, head])

    def named(self, vectors: Floats) -> list[int]:
        """The outputs that vectors in the stream stand for."""
        return (vectors @ self.weights.W_U + self.weights.b_U).argmax(axis=1).tolist()

    def known(self, columns: Sequence[Column]) -> bool:
        """Whether it is known what is written for all values of columns."""
        return all(c.vectors is not None and len(c.vectors) == len(c.values) for c in columns)

    def cells(self, half: int, direction: int, operands: Sequence[Column]) -> Index:
        """The codes of operands at which neurons write a direction; none where it is not known what is
        written for an operand. A neuron may read values that nothing ever writes.
        """
        w_in = self._reading(half, [direction])
        own = self.directions[half].neurons[direction]
        always = self.bos @ w_in + self.weights.b_in[half // 2][own]
        read: list[Floats] = []
        if not self.known(operands):
            return np.zeros(0, np.intp)
        for column in operands:
            vectors = self._vectors(column)
            assert vectors is not None
            read.append(np.concatenate([vectors @ w_in, np.full((1, w_in.shape[1]), -np.inf)]))
        if len(read) == 1:
            active = read[0] + always > HALF
        else:
            both = (read[0] > HALF)[:, None] & (read[1] > HALF)[None]
            active = (both & (read[0][:, None] + read[1][None] + always > HALF)).reshape(-1, w_in.shape[1])
        return np.flatnonzero(active.any(axis=1))

    def chosen(self, layer: int, head: int, key: Column, query: Column) -> Mask | None:
        """Which values of keys each query chooses [queries, keys]; None where that is not known."""
        w, keys, queries = self.weights, _written(key), self._vectors(query)
        if keys is None or queries is None or not self.known((key, query)):
            return None
        scores = (queries @ w.W_Q[layer, head]) @ (keys @ w.W_K[layer, head]).T
        return scores > max(0.5 * float(scores.max(initial=0.0)), NO_SCORE)

    def query(
        self, layer: int, head: int, key: Column, columns: Sequence[Column]
    ) -> tuple[Column, Predicate]:
        """The queries of a head that chooses nothing on the sites, and its predicate: what it would choose.
        If that is nothing no query is read, and it is taken to be the key.
        """
        for query in columns:
            chosen = self.chosen(layer, head, key, query)
            if chosen is not None and chosen.any():
                pairs = tuple((key.values[k], query.values[q]) for q, k in np.argwhere(chosen).tolist())
                return query, PredicateTable(pairs)
        return key, NamedPredicate(Comparison.FALSE)

    def whole(self, layer: int, head: int, line: Select, key: Column, query: Column) -> Select:
        """A select of a head with what it would choose of values that no site has."""
        chosen = self.chosen(layer, head, key, query)
        if chosen is None or not chosen.any():
            return line
        pairs = tuple((key.values[k], query.values[q]) for q, k in np.argwhere(chosen).tolist())
        return replace(line, predicate=PredicateTable(pairs))

    def readers(self, half: int) -> tuple[Mask, Mask]:
        """Which parts behind read each direction of a half-layer [directions, parts]: MLPs, the output and
        heads, as keys, to move it, and in the first as queries too.
        """
        return self._reading_behind(half)[:2]

    def apart(self, half: int) -> Mask:
        """Which directions of a half-layer are of two lines: a neuron is active where it reads both
        [directions, directions].
        """
        return self._reading_behind(half)[2]

    def _reading_behind(self, half: int) -> tuple[Mask, Mask, Mask]:
        if half not in self._behind:
            w, vectors = self.weights, self.directions[half].vectors
            behind, queries = [w.W_U], list[Matrix]()
            apart = np.zeros((len(vectors), len(vectors)), np.bool_)
            for layer in range(half // 2 + 1, len(w.W_in)):
                behind += [*w.W_K[layer], *w.W_V[layer], w.W_in[layer]]
                queries += [*w.W_Q[layer]]
                both = (vectors @ w.W_in[layer])[:, self.bos @ w.W_in[layer] < -HALF] > HALF
                apart |= both.astype(np.float64) @ both.T > 0
            np.fill_diagonal(apart, val=False)
            own, asking = (
                np.stack([are_read(vectors, one) for one in each], axis=1)
                for each in (behind, [*behind, *queries])
            )
            self._behind[half] = asking, own, apart
        return self._behind[half]

    @cached_property
    def _behind(self) -> dict[int, tuple[Mask, Mask, Mask]]:
        return {}

    def _reading(self, half: int, directions: Sequence[int]) -> Floats:
        w_in = self.weights.W_in[half // 2].astype(np.float64)
        if not len(directions):
            return w_in[:, :0]
        return w_in[:, np.concatenate([self.directions[half].neurons[at] for at in directions])]

    def _vectors(self, column: Column) -> Floats | None:
        """What is written for each value, of tokens less what is written for BOS: a part of it is always
        there.
        """
        vectors = _written(column)
        return vectors - self.bos if vectors is not None and column.ref == TOKENS else vectors


def _unread(vectors: Floats | None, matrix: Matrix) -> float:
    """The share of vectors, which are not always known, that a matrix does not read."""
    if vectors is None:
        return 0.0
    return float(1 - are_read(vectors, matrix).mean())


def are_read(vectors: Floats, matrix: Matrix) -> Mask:
    """Which of vectors [vectors, d_model] some column of a matrix [d_model, columns] reads."""
    norms = np.sqrt((matrix.astype(np.float64) ** 2).sum(axis=0))
    return (np.abs(vectors @ matrix) > LEAST_READ * norms).any(axis=1)


def _written(column: Column) -> Floats | None:
    """What is written for the values of a column, as far as it is known."""
    vectors = column.vectors
    return None if vectors is None or not len(vectors) else vectors
