"""What errors of a half-layer's outputs their readers bear."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.stiff import numerical_lines
from inverse_tracr.distill.teacher import Task
from inverse_tracr.rasp import SelectorWidth

USUAL, HEARD, COUNTED, MEANT, SCRATCH = 0.2, 0.05, 0.01, 0.02, 0.1
"""Largest error, in units of the gap between neighbouring values, of what only MLPs read; of what a head
reads whose keys need not weigh the same; of the queries and keys, and of the values, of a head that counts or
averages (its scores are multiplied by ten or more, and must be equal to a few hundredths); of scratch."""

READ = 0.2
"""Largest error of scratch that has been read, as it is: nothing reads it any more."""


LEAST_HEARD = 0.01
"""What heads write on uniform residuals, in units of the loss, from which their patterns there are taught."""


def bearable(task: Task, level: int) -> Tensor:
    """Largest error [d_full] that what reads a dimension after half-layer `level` bears, in units of gaps."""
    plan, weights = task.compiled.plan, task.compiled.weights
    found = np.full(task.config.d_model, USUAL, dtype=np.float32)
    numerical = numerical_lines(task)
    for line, (layer, head) in plan.heads.items():
        if 2 * layer <= level:
            continue
        stiff = isinstance(plan.program.lines[line], SelectorWidth) or line in numerical
        query, key, value = (w[layer, head].any(axis=1) for w in (weights.W_Q, weights.W_K, weights.W_V))
        scored = query | key
        found[scored] = np.minimum(found[scored], COUNTED if stiff else HEARD)
        found[value] = np.minimum(found[value], MEANT if stiff else HEARD)
    for line, dim in plan.scratch.items():
        read = 2 * plan.neurons[line][0] + 1 <= level
        found[dim] = READ / task.resolution[dim] if read else SCRATCH
    return torch.from_numpy(found)


def gaps(task: Task, half: Half, outputs: Tensor) -> Tensor:
    """Gap between neighbouring values around each of the `outputs` [..., rows].

    1 / (width + 1) lies the closer the larger the width is, so its gap goes with the value.
    """
    found = torch.from_numpy(task.resolution[half.dims]).expand_as(outputs).clone()
    if half.attends:
        scratch = torch.from_numpy(np.isin(half.dims, list(task.compiled.plan.scratch.values())))
        numbers = outputs[..., scratch].clamp(1e-3, 1)
        found[..., scratch] = numbers.square() / (1 + numbers)
    return found


def heard(task: Task, written: Tensor, importance: Tensor, most: float) -> float:
    """What the student's loss would be, had it the means in the place of what the teacher has `written`
    [places, rows] on uniform residuals.

    With what later half-layers make of it, by `importance` [rows], that is `most` at most, if not more by
    itself.
    """
    spread = written.var(dim=0, correction=0)
    return max(loss_share(task) * float(spread.sum()), min(most, float(spread @ importance)))


def loss_share(task: Task) -> float:
    """What a squared error on uniform residuals adds to the loss that decides acceptance."""
    return 1 / (2 * task.config.n_layers * task.config.d_model)
