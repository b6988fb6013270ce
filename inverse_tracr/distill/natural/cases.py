"""Places that are alike to a teacher: what its half-layer reads there is the same."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

FACTOR = 0x9E3779B97F4A7C15
"""Powers of an odd number, modulo 2^64, tell rows of whole numbers apart."""


def cases(reads: Tensor, grain: float) -> tuple[Tensor, Tensor]:
    """The case of each of the `reads` [places, reads], told apart to 1 / `grain`, and the sizes of cases."""
    powers = np.cumprod(np.full(reads.shape[1], FACTOR, dtype=np.uint64))
    whole = (reads * grain).round().numpy().astype(np.int64).astype(np.uint64)
    found = np.unique(whole @ powers, return_inverse=True, return_counts=True)
    return torch.from_numpy(found[1].reshape(-1)), torch.from_numpy(found[2])
