"""Adam for stacked students: each has its own step count, learning rate and gradient norm."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

FIRST, SECOND = 0.9, 0.99
"""Decay of the running mean of gradients and of their squares."""


class Adam:
    """Updates `parameters` in place; their first axis is the student."""

    def __init__(self, parameters: Sequence[Tensor], *, epsilon: float = 1e-8) -> None:
        self._parameters = list(parameters)
        self._mean = [torch.zeros_like(p) for p in parameters]
        self._square = [torch.zeros_like(p) for p in parameters]
        self._taken = torch.zeros(len(parameters[0]), device=parameters[0].device)
        self._epsilon = epsilon

    def reset(self, slot: int) -> None:
        """Forget the gradients of the student in a slot."""
        self._taken[slot] = 0
        for tensor in (*self._mean, *self._square):
            tensor[slot] = 0

    def step(self, gradients: Sequence[Tensor], rates: Tensor, clip: float = math.inf) -> None:
        """One step with learning rate `rates` [students] after clipping each student's gradient norm."""
        self._taken += 1
        shrink = clip / gradient_norms(gradients).clamp_min(clip) if clip < math.inf else None
        first, second = 1 - FIRST**self._taken, 1 - SECOND**self._taken
        for parameter, mean, square, gradient in zip(
            self._parameters, self._mean, self._square, gradients, strict=True
        ):
            clipped = gradient if shrink is None else gradient * _over(shrink, gradient)
            mean.mul_(FIRST).add_(clipped, alpha=1 - FIRST)
            square.mul_(SECOND).addcmul_(clipped, clipped, value=1 - SECOND)
            size = (square / _over(second, square)).sqrt_().add_(self._epsilon)
            parameter.sub_(mean / size * _over(rates / first, mean))


def gradient_norms(gradients: Sequence[Tensor]) -> Tensor:
    """Norm over all parameters of each student."""
    return sum((g.flatten(1).square().sum(dim=1) for g in gradients), torch.tensor(0.0)).sqrt()


def _over(values: Tensor, like: Tensor) -> Tensor:
    """`values` [students] shaped to multiply `like`."""
    return values.view(-1, *[1] * (like.ndim - 1))


def cosine(step: Tensor, steps: int, warm_up: int, last: float) -> Tensor:
    """Share of the peak learning rate at each `step`: linear warm-up, then a cosine down to `last`."""
    down = last + (1 - last) * (0.5 + 0.5 * torch.cos(math.pi * (step / steps).clamp(max=1)))
    return down * ((step + 1) / max(1, warm_up)).clamp(max=1)
