"""Streams that no input gives: what half-layers write, put together anew, so that lines vary by themselves.

On inputs a line may say the same everywhere, or what another line says, or several values at once where a
head chooses several keys; then values tell nothing of what reads it. Parameters do not mind: each site is
given a token and a position at random; what an MLP writes at one site is put into the stream of another, or
left out; a head moves one site, whatever it would choose, or counts a random number of keys. Lines are
executed on these sites as on others, and nothing here depends on a basis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.wiring import Wiring

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Head = tuple[int, int]
"""Layer and number."""


@dataclass(frozen=True)
class Loose:
    """How streams were put together.

    `tokens`, `positions` [sites] are drawn, `rows` are those of W_E for tokens. `order[half]` [sites] is the
    site whose writing a site is given, of an MLP, `present[half]` where it is given any. Of heads that move
    `moved` is the site that is moved and `shown` where one is; `counts` [sites] are the keys that others
    count, and `widths` [widths, d_model] what the MLP writes for them. `never`: heads that choose no key.
    `outputs`: what the outputs are of each half-layer alone, and at the end.
    """

    tokens: Index
    positions: Index
    rows: Floats
    order: tuple[Index, ...]
    present: tuple[Mask, ...]
    moved: dict[Head, Index]
    shown: dict[Head, Mask]
    counts: dict[Head, Index]
    widths: dict[Head, Floats]
    never: frozenset[Head]
    outputs: tuple[Index, ...]
    moves: Moves
    wiring: Wiring

    def inputs(self, columns: tuple[Column, Column]) -> tuple[Column, Column]:
        """Tokens and indices on the sites."""
        tokens, indices = columns
        places = self.moves.weights.W_pos[1:].astype(np.float64)
        return (
            replace(tokens, labels=self.tokens, vectors=self.rows),
            replace(indices, labels=self.positions, vectors=places),
        )

    def behind(self, half: int, column: Column) -> Column:
        """A column that a half-layer has written, as it stands in the stream behind it."""
        labels = column.labels[self.order[half]]
        return replace(column, labels=np.where(self.present[half], labels, len(column.values)))

    def head(self, layer: int, own: list[int], taken: frozenset[int], moved: Column | None) -> int | None:
        """Of the heads `own` the one that moves a column (None: counts) best, of those not taken."""
        does = self.counts if moved is None else self.moved
        free = [h for h in own if (layer, h) in does and h not in taken and (layer, h) not in self.never]
        if moved is None or len(free) < 2:
            return next(iter(free), None)
        return max(free, key=lambda head: self.moves.fit(layer, head, moved))

    def left(self, half: int, taken: frozenset[int]) -> list[int]:
        """Heads that choose, or directions, that no line of a half-layer writes."""
        if half % 2:
            return [
                at
                for at in np.flatnonzero(self.wiring.directions[half].where.any(axis=1)).tolist()
                if at not in taken
            ]
        does = (*self.moved, *self.counts)
        return sorted(
            head
            for layer, head in does
            if 2 * layer == half and head not in taken and (layer, head) not in self.never
        )

    def key_fit(self, layer: int, head: int, column: Column) -> tuple[float, float]:
        """How well what a head has of each site as a key fits a column: by what it reads, and on sites."""
        return -self.wiring.unread_keys(layer, head, column), self.moves.key_fit(layer, head, column)

    def attended(self, layer: int, head: int, moved: Column | None, widths: tuple[int, ...]) -> Column:
        """What a head writes that moves a column, or counts."""
        place, half = (layer, head), 2 * layer
        if moved is None:
            return Column(0, widths, self.counts[place], half, vectors=self.widths[place])
        w, vectors = self.moves.weights, moved.vectors
        if vectors is not None:
            vectors = vectors @ w.W_V[place] @ w.W_O[place]
        labels = np.where(self.shown[place], moved.labels[self.moved[place]], len(moved.values))
        return Column(0, moved.values, labels, half, vectors=vectors)
