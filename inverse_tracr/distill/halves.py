"""Half-layers as pairs of matrices: what is read from the uncompressed residual stream, what is written.

One form serves both kinds: an attention half-layer reads `[n_heads, 3 (Q, K, V), d_head, d_full]` and writes
`[rows, n_heads, d_head]`; an MLP reads `[1, 1, d_mlp, d_full]` and writes `[rows, 1, d_mlp]`. `d_full` is the
teacher's d_model; a row of what is written goes to the residual dimension `dims[row]`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.model import Weights

Array = NDArray[np.float32]

BIAS_SCALE = 1e-3
"""Standard deviation of a natural student's first biases."""


@dataclass(frozen=True)
class Half:
    """One half-layer; shapes in the module's docstring. `read_bias` has read's shape less `d_full`."""

    read: Array
    read_bias: Array
    write: Array
    write_bias: Array
    dims: NDArray[np.int64]

    @property
    def attends(self) -> bool:
        """Whether this is attention, not an MLP."""
        return self.read.shape[1] == 3

    @property
    def silent(self) -> bool:
        """Whether nothing is written."""
        return len(self.dims) == 0


def teacher_halves(task: Task) -> list[Half]:
    """The teacher's half-layers, rows that nothing is written to and units that write nothing left out."""
    w = task.compiled.weights
    halves: list[Half] = []
    for layer in range(task.config.n_layers):
        read = np.stack([w.W_Q[layer], w.W_K[layer], w.W_V[layer]], axis=1).transpose(0, 1, 3, 2)
        halves.append(_trimmed(read, w.W_O[layer].transpose(2, 0, 1)))
        halves.append(_trimmed(w.W_in[layer].T[None, None], w.W_out[layer].T[:, None]))
    return halves


def _trimmed(read: Array, write: Array) -> Half:
    """Compiled models have no biases."""
    dims = np.flatnonzero(np.any(write, axis=(1, 2)))
    write = write[dims]
    heads = np.any(write, axis=(0, 2))
    read, write = read[heads], write[:, heads]
    if read.shape[1] == 1:
        units = np.any(write, axis=(0, 1))
        read, write = read[:, :, units], write[:, :, units]
    return Half(
        np.ascontiguousarray(read),
        np.zeros(read.shape[:-1], dtype=np.float32),
        np.ascontiguousarray(write),
        np.zeros(len(dims), dtype=np.float32),
        dims,
    )


def natural_halves(task: Task) -> list[Half]:
    """First weights of a natural student: Xavier, each matrix by its own sizes; small normal biases."""
    random = task.random(Stream.WEIGHTS)
    halves: list[Half] = []
    for _ in range(task.config.n_layers):
        halves.append(_drawn(random, task, task.config.n_heads, 3, task.d_head))
        halves.append(_drawn(random, task, 1, 1, task.d_mlp))
    return halves


def _drawn(random: np.random.Generator, task: Task, heads: int, matrices: int, size: int) -> Half:
    d_full = task.config.d_model
    scale = np.sqrt(2 / (d_full + size))

    def normal(shape: tuple[int, ...], scale: float) -> Array:
        return (scale * random.standard_normal(shape)).astype(np.float32)

    return Half(
        normal((heads, matrices, size, d_full), scale),
        normal((heads, matrices, size), BIAS_SCALE),
        normal((d_full, heads, size), scale),
        normal((d_full,), BIAS_SCALE),
        np.arange(d_full),
    )


def folded_halves(weights: Weights) -> list[Half]:
    """The half-layers of a folded model: they read all of its residual stream, and write all of it or,
    where the student's teacher is silent, nothing.
    """
    w = weights
    halves: list[Half] = []
    for layer in range(len(w.W_Q)):
        read = np.stack([w.W_Q[layer], w.W_K[layer], w.W_V[layer]], axis=1).transpose(0, 1, 3, 2)
        bias = np.stack([w.b_Q[layer], w.b_K[layer], w.b_V[layer]], axis=1)
        write = w.W_O[layer].transpose(2, 0, 1)
        halves.append(_written(read, bias, write, w.b_O[layer]))
        read, write = w.W_in[layer].T[None, None], w.W_out[layer].T[:, None]
        bias = w.b_in[layer][None, None]
        halves.append(_written(read, bias, write, w.b_out[layer]))
    return halves


def _written(read: Array, bias: Array, write: Array, write_bias: Array) -> Half:
    """A half-layer without rows if all that it writes is 0."""
    dims = np.arange(len(write) if write.any() or write_bias.any() else 0)
    return Half(_solid(read), _solid(bias), _solid(write[dims]), write_bias[dims], dims)


def _solid(array: Array) -> Array:
    return np.ascontiguousarray(array)


def uncompressed_weights(task: Task, halves: list[Half]) -> Weights:
    """A natural student's weights in the uncompressed space, the teacher's W_E, W_pos and W_U among them."""
    teacher = task.compiled.weights
    attention, mlps = halves[0::2], halves[1::2]
    q, k, v = (np.stack([h.read[:, i] for h in attention]).transpose(0, 1, 3, 2) for i in range(3))
    b_q, b_k, b_v = (np.stack([h.read_bias[:, i] for h in attention]) for i in range(3))
    return Weights(
        W_E=teacher.W_E,
        W_pos=teacher.W_pos,
        W_Q=q,
        W_K=k,
        W_V=v,
        W_O=np.stack([h.write for h in attention]).transpose(0, 2, 3, 1),
        W_in=np.stack([h.read[0, 0] for h in mlps]).transpose(0, 2, 1),
        W_out=np.stack([h.write[:, 0] for h in mlps]).transpose(0, 2, 1),
        W_U=teacher.W_U,
        b_Q=b_q,
        b_K=b_k,
        b_V=b_v,
        b_O=np.stack([h.write_bias for h in attention]),
        b_in=np.stack([h.read_bias[0, 0] for h in mlps]),
        b_out=np.stack([h.write_bias for h in mlps]),
    )
