"""Output matrices fitted to uniform residuals as far as what is read on vocabulary inputs bears it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.solve import Gram

WEIGHTS = (1.0, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)
"""Weights of uniform residuals that are tried, the largest first."""

WORSE = 1.2
"""Factor by which errors may grow where they are larger than the slack already."""


def refit(
    exact: Gram, uniform: Gram, count: int, errors: Callable[[Tensor], Tensor], options: HalfByHalf
) -> Tensor:
    """The output matrix with the largest weight of `uniform`, `count` places, that `errors` of vocabulary
    inputs, in units of what is borne, allow.
    """
    best = exact.plus(uniform, WEIGHTS[-1] / count).solution(options.ridge)
    bound = max(options.slack, WORSE * _size(errors(best)))
    for weight in WEIGHTS[:-1]:
        found = exact.plus(uniform, weight / count).solution(options.ridge)
        if _size(errors(found)) <= bound:
            return found
    return best


def _size(errors: Tensor) -> float:
    """The largest, and three times the root of their mean square: many small errors count as well."""
    return float(errors.amax()) + 3 * float(errors.square().mean().sqrt())
