"""What one half-layer learns from: its stream, its teacher, its first weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.school import School


@dataclass(frozen=True)
class Lesson:
    """`stream` [sequences, positions, d_model] is what the student's half-layers before this one leave;
    `first` are its first weights; `w_emb` [d_model, d_full]; `written` [sequences, positions, rows] what the
    teacher writes, None where it is silent; `importance` [rows] what a squared error on uniform residuals
    adds to the student's loss.
    """

    school: School
    stream: Tensor
    teacher: Half
    first: Half
    w_emb: Tensor
    written: Tensor | None
    importance: Tensor

    def outputs(self) -> Tensor:
        """What the teacher writes."""
        assert self.written is not None
        return self.written

    def first_read(self) -> tuple[Tensor, Tensor]:
        """First weights as the stream meets them, [heads, matrices, d_model, size], and biases."""
        read = torch.from_numpy(self.first.read) @ self.w_emb.T
        return read.transpose(2, 3).contiguous(), torch.from_numpy(self.first.read_bias.copy())

    def lifted(self, read: Tensor) -> NDArray[np.float32]:
        """Uncompressed weights [heads, matrices, size, d_full] that become `read` behind W_emb: those nearest
        to the first ones, as gradient descent on them would give.
        """
        first = torch.from_numpy(self.first.read).double()
        w_emb = self.w_emb.double()
        change = read.transpose(2, 3).double() - first @ w_emb.T
        return (first + change @ torch.linalg.pinv(w_emb).T).float().contiguous().numpy()
