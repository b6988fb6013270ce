"""Output matrices fitted to uniform residuals as far as what is read on vocabulary inputs bears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.solve import Gram

WEIGHTS = (1.0, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
"""Weights of uniform residuals that are tried."""


SEEN = 0.999
"""Share of the errors that the largest one is sought in."""


@dataclass(frozen=True)
class Uniform:
    """`features` [places, features] on uniform residuals and the teacher's `outputs` [places, rows];
    `weights` [places] of a mean over them; `importance` [rows] is what a squared error there adds to the
    student's loss.
    """

    features: Tensor
    outputs: Tensor
    weights: Tensor
    importance: Tensor

    def loss(self, write: Tensor) -> Tensor:
        """What each row of an output matrix adds to the student's loss."""
        return self.weights @ (self.features @ write - self.outputs).square() * self.importance


def refit(exact: Gram, uniform: Uniform, errors: Callable[[Tensor], Tensor], options: HalfByHalf) -> Tensor:
    """The output matrix [features, rows], each row with the weight of uniform residuals at which too large
    `errors` [places, rows] of vocabulary inputs, in units of what is borne, and the loss on uniform residuals
    are least together.
    """
    drawn = Gram.of(uniform.features, uniform.outputs, uniform.weights)
    found = [exact.plus(drawn, weight).solution(options.ridge) for weight in WEIGHTS]

    def cost(write: Tensor) -> Tensor:
        excess = (_size(errors(write)) / options.slack - 1).clamp_min(0)
        return excess + uniform.loss(write) / options.loss_each

    best = torch.stack([cost(write) for write in found]).argmin(dim=0)
    return torch.stack(found).gather(0, best.expand(1, *found[0].shape))[0]


def _size(errors: Tensor) -> Tensor:
    """The largest of each row, and three times the root of the mean square: small errors count as well."""
    largest = errors.kthvalue(max(1, round(SEEN * len(errors))), dim=0).values
    return largest + 3 * errors.square().mean(dim=0).sqrt()
