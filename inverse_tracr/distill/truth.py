"""What a program says of inputs, in the terms of its model's output."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.teacher import Task
from inverse_tracr.model.encoders import NAMES_NO_VALUE
from inverse_tracr.rasp import Trace
from inverse_tracr.rasp.interpreter import Numerical

NO_VALUE = -1.0

Tokens = NDArray[np.int64]
Targets = NDArray[np.float32]


def targets_of(task: Task, tokens: Tokens) -> Targets:
    """For inputs [inputs, length] of one length, what each position must give: the index into
    `task.output_values` (-1 for no value), or, where the output is numerical, the number.
    """
    output = Trace(task.teacher.program, task.signature, tokens).output
    if isinstance(output, Numerical):
        return output.numbers.astype(np.float32)
    index = {value: i for i, value in enumerate(task.output_values)}
    table = np.array([index.get(value, NO_VALUE) for value in output.values] + [NO_VALUE], dtype=np.float32)
    return table[output.index]


def right(task: Task, logits: Tensor, targets: Tensor) -> Tensor:
    """Which places of `logits` [d_vocab_out, ...] say what `targets` [...] ask (design, section 3).

    A number is right when the nearest member of the value set is the right one.
    """
    if task.categorical:
        named = logits.abs().amax(dim=0) >= NAMES_NO_VALUE
        return torch.where(named, logits.argmax(dim=0), -1) == targets
    members = sorted({float(v) for v in task.output_values})  # pyright: ignore[reportArgumentType]
    numbers = torch.tensor(members, device=logits.device)
    between = (numbers[1:] + numbers[:-1]) / 2
    return torch.bucketize(logits[0].contiguous(), between) == torch.bucketize(targets.contiguous(), between)
