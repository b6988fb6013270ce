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
from inverse_tracr.distill.teacher import Task

LEAST_READ = 1e-4
"""Second moment of what is read, in units of what it may be off by, below which it need not be exact."""

SHARED = 0.15
"""Share of d_model, at least, that is left to the reads that bear errors."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Held:
    """Orthonormal `rows` [students, d_model, d_full]; a row of zeros is free."""

    rows: Tensor

    def free(self, w_emb: Tensor) -> Tensor:
        """W_emb, or its gradient, without held rows and without what they hold."""
        rest = w_emb - torch.bmm(torch.bmm(w_emb, self.rows.transpose(1, 2)), self.rows)
        return rest * (self.rows.square().sum(dim=2, keepdim=True) == 0)


def directions_read(seen: Array, reads: Array) -> int:
    """Number of directions that `reads`, which bear no error, read of residuals with moment `seen`."""
    reached = _reached(seen)
    return int((np.linalg.eigvalsh(reached.T @ reads @ reached) > LEAST_READ).sum())


def _reached(seen: Array) -> Array:
    """Orthonormal columns: the directions in which residuals go."""
    sizes, directions = np.linalg.eigh(seen)
    return directions[:, sizes > VANISHING * sizes[-1]]


def exact_basis(seen: Array, stiff: Array, d_model: int) -> Array:
    """Orthonormal rows, `[held, d_full]`, that hold what `stiff` reads of residuals with moment `seen`."""
    reached = _reached(seen)
    weights, vectors = np.linalg.eigh(reached.T @ stiff @ reached)
    count = int((weights > LEAST_READ).sum())
    most = d_model - max(2, round(SHARED * d_model))
    kept = vectors[:, ::-1][:, : max(0, min(count, most))]
    return (reached @ kept).T


def stack_held(tasks: Sequence[Task], bases: Sequence[Array], like: Tensor) -> Held:
    """Bases of several students, padded to the shape of `like` [students, d_model, d_full]."""
    rows = torch.zeros_like(like)
    for slot, (task, basis) in enumerate(zip(tasks, bases, strict=True)):
        rows[slot, : len(basis), : task.config.d_model] = torch.from_numpy(basis.astype(np.float32))
    return Held(rows)
