"""The forward pass of a stack: teachers in their own residual stream, students through W_emb.

A student is run half folded: its residual stream is `d_model` wide, what its half-layers read is folded with
W_emb once a pass, and what they write is kept uncompressed for the layer-wise loss before it is compressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from inverse_tracr.distill.attention import Scope, attend
from inverse_tracr.distill.stack import HalfStack, Stack
from inverse_tracr.model.shapes import Float

Outputs = list[Tensor | None]
"""What each half-layer writes, `[students, rows, places]`; None for a silent one."""


def run_teachers(
    stack: Stack,
    residual: Float[Tensor, "students d_full places"],
    scope: Scope,
    errors: Sequence[Tensor] | None = None,
) -> tuple[Outputs, list[Tensor]]:
    """Outputs of the half-layers, and the residual stream before each of them and after the last.

    `errors[half]` is added to what a half-layer alone reads; queries and keys are then held fixed.
    """
    outputs: Outputs = []
    residuals = [residual]
    for level, half in enumerate(stack.halves):
        if half.shape.rows == 0:
            outputs.append(None)
            residuals.append(residual)
            continue
        if errors is None:
            output = _half(half, half.read, residual, scope)
        else:
            output = _half_with_error(half, residual, errors[level], scope)
        outputs.append(output)
        residual = _spread(residual, half.dims, output)
        residuals.append(residual)
    return outputs, residuals


def run_students(
    stack: Stack,
    w_emb: Float[Tensor, "students d_model d_full"],
    residual: Float[Tensor, "students d_full places"],
    scope: Scope,
) -> tuple[Outputs, Float[Tensor, "students d_vocab_out places"]]:
    """Outputs of the half-layers (uncompressed) and logits, from uncompressed embeddings."""
    transposed = w_emb.transpose(1, 2)
    padded = torch.nn.functional.pad(w_emb, (0, 1))
    stream = torch.bmm(w_emb, residual)
    outputs: Outputs = []
    for half in stack.halves:
        if half.shape.rows == 0:
            outputs.append(None)
            continue
        output = _half(half, torch.bmm(half.read, transposed), stream, scope)
        outputs.append(output)
        where = half.dims[:, None].expand(-1, w_emb.shape[1], -1)
        stream = stream + torch.bmm(padded.gather(2, where), output)
    return outputs, torch.bmm(torch.bmm(stack.unembed, transposed), stream)


def _half(half: HalfStack, read: Tensor, residual: Tensor, scope: Scope) -> Tensor:
    """Output of one half-layer; `read` fits the width of `residual`."""
    before = torch.baddbmm(half.read_bias, read, residual)
    if half.shape.matrices == 1:
        hidden = before.relu()
    else:
        heads = before.chunk(half.shape.heads, dim=1)
        hidden = torch.cat([attend(qkv, scope) for qkv in heads], dim=1)
    return torch.baddbmm(half.write_bias, half.write, hidden)


def _half_with_error(half: HalfStack, residual: Tensor, error: Tensor, scope: Scope) -> Tensor:
    """Output of a half-layer whose values, or neurons, read `residual + error`."""
    if half.shape.matrices == 1:
        return _half(half, half.read, residual + error, scope)
    before = torch.baddbmm(half.read_bias, half.read, residual.detach())
    values = torch.baddbmm(half.read_bias, half.read, residual + error)
    size = half.shape.size
    moved: list[Tensor] = []
    for head in range(half.shape.heads):
        first = 3 * size * head
        fixed, free = before[:, first : first + 2 * size], values[:, first + 2 * size : first + 3 * size]
        moved.append(attend(torch.cat([fixed, free], dim=1), scope))
    return torch.baddbmm(half.write_bias, half.write, torch.cat(moved, dim=1))


def _spread(residual: Tensor, dims: Tensor, output: Tensor) -> Tensor:
    """`residual` with the rows of `output` added at `dims`; rows at `d_full` stand last and go nowhere."""
    found: Any = _Spread.apply(residual, dims, output)
    return found


class _Spread(torch.autograd.Function):
    """Rows are added whole: PyTorch's `scatter_add` goes entry by entry."""

    @staticmethod
    def forward(ctx: Any, residual: Tensor, dims: Tensor, output: Tensor) -> Tensor:
        ctx.dims, ctx.rows = dims, output.shape[1]
        spread = residual.clone()
        for own, where, rows in zip(spread, _known(dims, residual.shape[1]), output, strict=True):
            own.index_add_(0, where, rows[: len(where)])
        return spread

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, Tensor]:
        (grad,) = grads
        by_output = grad.new_zeros(len(grad), ctx.rows, grad.shape[2])
        for own, where, rows in zip(by_output, _known(ctx.dims, grad.shape[1]), grad, strict=True):
            own[: len(where)] = rows[where]
        return grad, None, by_output


def _known(dims: Tensor, d_full: int) -> list[Tensor]:
    """The dimensions that each student writes to."""
    counts: list[int] = (dims < d_full).sum(dim=1).tolist()
    return [own[:count] for own, count in zip(dims, counts, strict=True)]
