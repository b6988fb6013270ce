"""What W_emb must hold exactly, and how it is held while the rest is learned.

Some reads bear no error: a selector_width counts keys by the weight that softmax gives them, and softmax
multiplies differences between selected keys by 100; a step of slope 128 reads numbers that lie 1/90 apart.
Such reads are met exactly when W_emb holds the directions U that they read of the residuals that occur: for
x in the span V of residuals and a read r, x P r = x r where P is 1 on U and U holds the projection of r on V.
The other directions are free to share what is left of d_model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.moments import VANISHING
from inverse_tracr.distill.output_code import least_code, output_code
from inverse_tracr.distill.room import Room

Array = NDArray[np.float64]

LEAST_READ = 1e-4
"""Second moment of what is read, in units of what it may be off by, below which it need not be exact."""

SHARED = 0.15
"""Share of d_model, at least, that is left to the reads that bear errors."""

LEAST_FREE = 2
"""Dimensions that are always left free."""

URGENT = 1e4
"""Weight of what must be exact beside what should be."""


@dataclass(frozen=True)
class Basis:
    """What one student's W_emb holds: `rows` [held, d_full], and the projection `outside`
    [d_full, d_full] on what its other rows may hold. `exact`: rows hold all that is read, so that on inputs
    over the vocabulary the student computes what its teacher computes, whatever the other rows are. `tight`:
    for that the output has a smaller code, or fewer dimensions are left free than usual.
    """

    rows: Array
    outside: Array
    exact: bool
    tight: bool = False

    @classmethod
    def nothing(cls, d_full: int) -> Basis:
        """W_emb is free."""
        return cls(np.zeros((0, d_full)), np.eye(d_full), exact=False)


@dataclass(frozen=True)
class Held:
    """Bases of several students, padded: `rows` [students, d_model, d_full], where a row of zeros is free,
    and `outside` [students, d_full, d_full].
    """

    rows: Tensor
    outside: Tensor

    @classmethod
    def empty(cls, like: Tensor) -> Held:
        """Nothing held in W_emb `like`."""
        students, _, d_full = like.shape
        return cls(torch.zeros_like(like), torch.eye(d_full, device=like.device).repeat(students, 1, 1))

    def put(self, slot: int, basis: Basis) -> None:
        """Write a student's basis over slot `slot`."""
        held, d_full = basis.rows.shape
        self.rows[slot] = 0
        self.rows[slot, :held, :d_full] = torch.from_numpy(basis.rows.astype(np.float32))
        self.outside[slot] = 0
        self.outside[slot, :d_full, :d_full] = torch.from_numpy(basis.outside.astype(np.float32))

    def free(self, w_emb: Tensor) -> Tensor:
        """W_emb, or its gradient, without held rows and without what the others may not hold."""
        return torch.bmm(w_emb, self.outside) * (self.rows.square().sum(dim=2, keepdim=True) == 0)


def directions_read(seen: Array, reads: Array) -> int:
    """Number of directions that `reads`, which bear no error, read of residuals with moment `seen`."""
    reached = _reached(seen)
    return int((np.linalg.eigvalsh(reached.T @ reads @ reached) > LEAST_READ).sum())


def _reached(seen: Array) -> Array:
    """Orthonormal columns: the directions in which residuals go."""
    sizes, directions = np.linalg.eigh(seen)
    return directions[:, sizes > VANISHING * sizes[-1]]


def exact_basis(
    seen: Array,
    stiff: Array,
    reads: Array,
    uniform: Array,
    w_u: Array,
    d_model: int,
    random: np.random.Generator,
    *,
    room: Room = Room.USUAL,
) -> Basis:
    """What to hold of the directions read of residuals with moment `seen`.

    Where there is room for all that `reads` reads, all of it is held and the other rows stay off the
    directions in which residuals go; elsewhere what `stiff` reads, and the other rows stay off that. The
    output that `w_u` [d_full, values] reads, and nothing else does, is held as a code of its own; it has no
    columns where `stiff` and `reads` hold the output too. `room` says when less is left to the code,
    and to what is free.
    """
    reached = _reached(seen)
    everything = reached @ _directions(reached, URGENT * stiff + reads)
    own, sizes, _ = np.linalg.svd(reached - everything @ (everything.T @ reached), full_matrices=False)
    own = own[:, sizes > 0.5]
    code = output_code(own, w_u, random)
    spare = d_model - everything.shape[1]
    tight = room is not Room.USUAL and len(code) > spare - LEAST_FREE
    held = code
    if (tight or room is Room.LEAST) and (least := least_code(own, w_u)) < len(code):
        held = output_code(own, w_u, random, least)
    if len(held) <= spare - (0 if tight else LEAST_FREE):
        outside = np.eye(len(seen)) - reached @ reached.T
        harmless = _harmless(own, outside, uniform)[:, : max(0, spare - len(held) - 1)]
        rows = np.concatenate([everything.T, held, _inside(harmless, own).T])
        return Basis(rows, outside, exact=True, tight=tight)
    most = d_model - len(code) - max(LEAST_FREE, round(SHARED * d_model))
    exact = (reached @ _directions(reached, stiff)[:, : max(0, most)]).T
    outside = np.eye(len(seen)) - exact.T @ exact - own @ own.T
    return Basis(np.concatenate([exact, code]), outside, exact=False)


def _harmless(own: Array, outside: Array, uniform: Array) -> Array:
    """Directions in which W_emb may hold anything without a difference on inputs over the vocabulary, those
    first that `uniform` residuals need most: reached but not read (`own`), or not reached (`outside`).
    A mixture of both would not be harmless.
    """
    inside = own @ own.T
    sizes, vectors = np.linalg.eigh(inside @ uniform @ inside + outside @ uniform @ outside)
    return vectors[:, ::-1][:, : int((sizes > LEAST_READ * sizes[-1]).sum())]


def _inside(directions: Array, own: Array) -> Array:
    """Those of the directions that lie in the span of `own`."""
    return directions[:, np.linalg.norm(own.T @ directions, axis=0) > 0.5]


def _directions(reached: Array, reads: Array) -> Array:
    """What is read of the directions reached, orthonormal columns, those read most first."""
    weights, vectors = np.linalg.eigh(reached.T @ reads @ reached)
    return vectors[:, ::-1][:, : int((weights > LEAST_READ).sum())]


def stack_held(bases: Sequence[Basis], like: Tensor) -> Held:
    """Bases of several students, for W_emb of the shape of `like` [students, d_model, d_full]."""
    held = Held.empty(like)
    for slot, basis in enumerate(bases):
        held.put(slot, basis)
    return held
