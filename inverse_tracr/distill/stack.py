"""Many students of like shape in one set of tensors, padded with zeros; a zero stays a zero in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.teacher import Task


@dataclass(frozen=True)
class HalfShape:
    """Largest sizes of one half-layer over the students of a stack; `rows` of output, 0 for a silent one."""

    heads: int
    matrices: int
    size: int
    rows: int


@dataclass(frozen=True)
class StackShape:
    """Sizes of a stack: the largest of its students. `d_full` is the teachers' d_model."""

    halves: tuple[HalfShape, ...]
    d_full: int
    d_model: int
    n_ctx: int
    d_vocab_out: int

    @classmethod
    def of(cls, tasks: Sequence[Task], halves: Sequence[Sequence[Half]]) -> StackShape:
        """The sizes that hold all of these students."""
        depth = max(len(found) for found in halves)
        shapes: list[HalfShape] = []
        for level in range(depth):
            present = [found[level] for found in halves if level < len(found)]
            shapes.append(
                HalfShape(
                    heads=max(h.read.shape[0] for h in present),
                    matrices=present[0].read.shape[1],
                    size=max(h.read.shape[2] for h in present),
                    rows=max(len(h.dims) for h in present),
                )
            )
        return cls(
            tuple(shapes),
            d_full=max(t.config.d_model for t in tasks),
            d_model=max(t.d_model for t in tasks),
            n_ctx=max(t.config.n_ctx for t in tasks),
            d_vocab_out=max(t.config.d_vocab_out for t in tasks),
        )


@dataclass(frozen=True)
class HalfStack:
    """One half-layer of every student.

    `read` [students, units, d_full] and `read_bias` [students, units, 1], where units are heads × (Q, K, V) ×
    d_head, or neurons; `write` [students, rows, units], `write_bias` [students, rows, 1]; `dims` [students,
    rows] are the residual dimensions of the rows, `d_full` where there is none.
    """

    shape: HalfShape
    read: Tensor
    read_bias: Tensor
    write: Tensor
    write_bias: Tensor
    dims: Tensor

    @classmethod
    def empty(cls, shape: HalfShape, students: int, d_full: int, device: torch.device) -> HalfStack:
        """All zeros, writing nowhere."""
        units = shape.heads * shape.size

        def zeros(*sizes: int) -> Tensor:
            return torch.zeros(students, *sizes, device=device)

        return cls(
            shape,
            zeros(units * shape.matrices, d_full),
            zeros(units * shape.matrices, 1),
            zeros(shape.rows, units),
            zeros(shape.rows, 1),
            torch.full((students, shape.rows), d_full, device=device),
        )

    @property
    def parameters(self) -> list[Tensor]:
        """What training may change."""
        return [self.read, self.read_bias, self.write, self.write_bias]

    def put(self, slot: int, half: Half | None) -> None:
        """Write a student's half-layer over slot `slot`; None clears it."""
        for tensor in self.parameters:
            tensor[slot] = 0
        self.dims[slot] = self.read.shape[2]
        if half is None:
            return
        heads, matrices, size, d_full = half.read.shape
        rows = len(half.dims)
        read, read_bias, write = self._views(slot)
        read[:heads, :matrices, :size, :d_full] = torch.from_numpy(half.read)
        read_bias[:heads, :matrices, :size] = torch.from_numpy(half.read_bias)
        write[:rows, :heads, :size] = torch.from_numpy(half.write)
        self.write_bias[slot, :rows, 0] = torch.from_numpy(half.write_bias)
        self.dims[slot, :rows] = torch.from_numpy(half.dims)

    def take(self, slot: int, like: Half) -> Half:
        """The half-layer in a slot, with the sizes of `like`."""
        heads, matrices, size, d_full = like.read.shape
        rows = len(like.dims)
        read, read_bias, write = self._views(slot)
        return Half(
            _array(read[:heads, :matrices, :size, :d_full]),
            _array(read_bias[:heads, :matrices, :size]),
            _array(write[:rows, :heads, :size]),
            _array(self.write_bias[slot, :rows, 0]),
            like.dims,
        )

    def _views(self, slot: int) -> tuple[Tensor, Tensor, Tensor]:
        s = self.shape
        return (
            self.read[slot].view(s.heads, s.matrices, s.size, self.read.shape[2]),
            self.read_bias[slot].view(s.heads, s.matrices, s.size),
            self.write[slot].view(s.rows, s.heads, s.size),
        )


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()


@dataclass(frozen=True)
class Stack:
    """Half-layers and heads' scales of every student, and where its logits are read.

    `unembed` [students, d_vocab_out, d_full] is the transposed W_U; `scale` and `causal` as in `Scope`;
    `columns` [students, d_vocab_out] is 0, or MASKED where a student has no such column.
    """

    shape: StackShape
    halves: tuple[HalfStack, ...]
    unembed: Tensor
    columns: Tensor
    scale: Tensor
    causal: Tensor

    @classmethod
    def empty(cls, shape: StackShape, students: int, device: torch.device) -> Stack:
        """Students without weights."""
        return cls(
            shape,
            tuple(HalfStack.empty(half, students, shape.d_full, device) for half in shape.halves),
            torch.zeros(students, shape.d_vocab_out, shape.d_full, device=device),
            torch.zeros(students, shape.d_vocab_out, device=device),
            torch.ones(students, device=device),
            torch.zeros(students, device=device),
        )

    @classmethod
    def alone(
        cls, shape: StackShape, task: Task, halves: Sequence[Half], d_head: int, device: torch.device
    ) -> Stack:
        """A stack of one student, padded to `shape`."""
        stack = cls.empty(shape, 1, device)
        stack.put(0, task, halves, d_head)
        return stack

    @property
    def students(self) -> int:
        """Number of slots."""
        return len(self.scale)

    def put(self, slot: int, task: Task, halves: Sequence[Half], d_head: int) -> None:
        """Write a student over slot `slot`; `d_head` is the size of its heads before padding."""
        w_u = task.compiled.weights.W_U
        for level, stacked in enumerate(self.halves):
            stacked.put(slot, halves[level] if level < len(halves) else None)
        d_full, columns = w_u.shape
        self.unembed[slot] = 0
        self.unembed[slot, :columns, :d_full] = torch.from_numpy(w_u.T.copy())
        self.columns[slot] = -1e9
        self.columns[slot, :columns] = 0
        self.scale[slot] = d_head**-0.5
        self.causal[slot] = float(task.config.causal)
