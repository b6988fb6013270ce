"""How far errors on uniform residuals spread: what later half-layers make of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.attention import Scope
from inverse_tracr.distill.forward import run_teachers
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import loss_share
from inverse_tracr.distill.natural.school import School
from inverse_tracr.distill.stack import Stack, StackShape
from inverse_tracr.distill.teacher import Stream, Task

SEQUENCES = 64
"""Uniform residuals that errors are followed on."""


def ripples(task: Task, halves: Sequence[Half], school: School) -> list[Tensor]:
    """What a squared error of each half-layer's output adds to the student's loss, [d_full] each: by itself,
    and through the later half-layers of the teacher, whose `halves` are given, with their patterns held.

    Gradients of all later outputs, with random signs, give it. Their mean size counts, not their mean square:
    steps have slopes of 100 in a few places, and no effect that is that large.
    """
    stack = Stack.empty(StackShape.of([task], [halves]), 1, torch.device("cpu"))
    stack.put(0, task, halves, task.config.d_head)
    drawn = school.residuals[0][~school.over_vocabulary][:SEQUENCES].permute(2, 1, 0)
    d_full, positions, sequences = drawn.shape
    residual = drawn.reshape(1, d_full, -1).contiguous().requires_grad_()
    scope = Scope(torch.zeros(1, positions, sequences), stack.scale, stack.causal)
    held = [torch.zeros(())] * len(halves)
    outputs, residuals = run_teachers(stack, residual, scope, held)
    random = task.random(Stream.RIPPLES)
    said = [output for output in outputs if output is not None]
    signs = [
        torch.from_numpy(random.choice(np.array([-1, 1], dtype=np.float32), size=tuple(o.shape)))
        for o in said
    ]
    slopes = torch.autograd.grad(said, residuals[1:], signs, allow_unused=True)
    share = loss_share(task)
    return [share * (1 + _square(slope, d_full)) for slope in slopes]


def _square(slope: Tensor | None, d_full: int) -> Tensor:
    """The mean square of normal numbers that are as large in the mean."""
    if slope is None:
        return torch.zeros(d_full)
    return math.pi / 2 * slope[0].abs().mean(dim=1).square()
