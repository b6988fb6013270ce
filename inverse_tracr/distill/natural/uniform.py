"""Output matrices fitted to uniform residuals as far as what is read on vocabulary inputs bears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.solve import Gram

WEIGHTS = (1.0, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
"""Weights of uniform residuals that are tried."""


@dataclass(frozen=True)
class Uniform:
    """`features` [places, features] on uniform residuals and the teacher's `outputs` [places, rows]; `share`
    is what a squared error there adds to the student's loss.
    """

    features: Tensor
    outputs: Tensor
    share: float

    def loss(self, write: Tensor) -> float:
        """What an output matrix adds to the student's loss."""
        error = self.features @ write - self.outputs
        return float(error.square().sum()) / len(error) * self.share


def refit(exact: Gram, uniform: Uniform, errors: Callable[[Tensor], Tensor], options: HalfByHalf) -> Tensor:
    """The output matrix with the weight of uniform residuals at which too large `errors` of vocabulary
    inputs, in units of what is borne, and the loss on uniform residuals are least together.
    """
    drawn = Gram.of(uniform.features, uniform.outputs)
    count = len(uniform.features)
    found = [exact.plus(drawn, weight / count).solution(options.ridge) for weight in WEIGHTS]

    def cost(write: Tensor) -> float:
        excess = max(0.0, _size(errors(write)) / options.slack - 1)
        return excess + uniform.loss(write) / options.loss_each

    return min(found, key=cost)


def _size(errors: Tensor) -> float:
    """The largest, and three times the root of their mean square: many small errors count as well."""
    return float(errors.amax()) + 3 * float(errors.square().mean().sqrt())
