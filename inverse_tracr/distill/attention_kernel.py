"""`attend` compiled for the CPU. The innermost loops run over sequences and become vector instructions."""

# pyright: reportUnknownVariableType=false, reportUntypedFunctionDecorator=false
# pyright: reportMissingParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from typing import Any, no_type_check

import numba
import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.attention import MASKED, Scope

_f = numba.float32
_LEAST = _f(-40.0)  # exp(-40) is nothing beside 1, and its products stay normal numbers, which are fast


@numba.njit(inline="always", cache=True)
@no_type_check
def _exp(x):
    """exp(x) for x <= 0, to 1e-5 relative, without a call, so that loops over it become vectors."""
    y = max(x, _LEAST) * _f(1 / 256)
    y = _f(1) + y * (_f(1) + y * (_f(1 / 2) + y * (_f(1 / 6) + y * _f(1 / 24))))
    for _ in range(8):
        y = y * y
    return y


@numba.njit(fastmath=True, error_model="numpy", cache=True)
@no_type_check
def _forward(qkv, scale, causal, keys, pattern, z):  # noqa: C901, PLR0912 - loops, not decisions
    """Fill `pattern` [students, query, key, sequences] and `z` [students, d_head, positions, sequences]."""
    students, _, d_head, positions, sequences = qkv.shape
    top = np.empty(sequences, np.float32)
    total = np.empty(sequences, np.float32)
    for s in range(students):
        for q in range(positions):
            rows = pattern[s, q]
            for k in range(positions):
                score = rows[k]
                hidden = _f(MASKED) if causal[s] > 0 and k > q else _f(0)
                for b in range(sequences):
                    score[b] = keys[s, k, b] + hidden
                for i in range(d_head):
                    query, key = qkv[s, 0, i, q], qkv[s, 1, i, k]
                    for b in range(sequences):
                        score[b] += scale[s] * query[b] * key[b]
            for b in range(sequences):
                top[b] = rows[0, b]
                total[b] = 0
            for k in range(1, positions):
                for b in range(sequences):
                    top[b] = max(top[b], rows[k, b])
            for k in range(positions):
                for b in range(sequences):
                    rows[k, b] = _exp(rows[k, b] - top[b])
                    total[b] += rows[k, b]
            for b in range(sequences):
                total[b] = _f(1) / total[b]
            for k in range(positions):
                for b in range(sequences):
                    rows[k, b] *= total[b]
            for i in range(d_head):
                moved = z[s, i, q]
                for b in range(sequences):
                    moved[b] = 0
                for k in range(positions):
                    value = qkv[s, 2, i, k]
                    for b in range(sequences):
                        moved[b] += rows[k, b] * value[b]


@numba.njit(fastmath=True, error_model="numpy", cache=True)
@no_type_check
def _backward(qkv, scale, pattern, grad_z, grad):
    """Adds the gradient of qkv to `grad`, which starts at 0."""
    students, _, d_head, positions, sequences = qkv.shape
    slope = np.empty((positions, sequences), np.float32)
    mean = np.empty(sequences, np.float32)
    for s in range(students):
        for q in range(positions):
            rows = pattern[s, q]
            for b in range(sequences):
                mean[b] = 0
            for k in range(positions):
                for b in range(sequences):
                    slope[k, b] = 0
                for i in range(d_head):
                    value, moved, grad_value = qkv[s, 2, i, k], grad_z[s, i, q], grad[s, 2, i, k]
                    for b in range(sequences):
                        slope[k, b] += value[b] * moved[b]
                        grad_value[b] += rows[k, b] * moved[b]
                for b in range(sequences):
                    mean[b] += slope[k, b] * rows[k, b]
            for k in range(positions):
                for b in range(sequences):
                    slope[k, b] = scale[s] * rows[k, b] * (slope[k, b] - mean[b])
                for i in range(d_head):
                    query, key = qkv[s, 0, i, q], qkv[s, 1, i, k]
                    grad_query, grad_key = grad[s, 0, i, q], grad[s, 1, i, k]
                    for b in range(sequences):
                        grad_query[b] += slope[k, b] * key[b]
                        grad_key[b] += slope[k, b] * query[b]


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, scope: Scope) -> Tensor:
        students, rows, places = qkv.shape
        shape = (students, 3, rows // 3, scope.positions, scope.sequences)
        inputs = qkv.detach().contiguous().numpy().reshape(shape)
        scale = scope.scale.numpy()
        pattern = np.empty((students, scope.positions, scope.positions, scope.sequences), np.float32)
        z = np.empty((students, *shape[2:]), np.float32)
        _forward(inputs, scale, scope.causal.numpy(), scope.keys.numpy(), pattern, z)
        ctx.kept = (inputs, scale, pattern)
        return torch.from_numpy(z).view(students, -1, places)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        inputs, scale, pattern = ctx.kept
        grad_z: Tensor = grads[0].contiguous()
        grad = np.zeros_like(inputs)
        _backward(inputs, scale, pattern, grad_z.numpy().reshape(inputs[:, 0].shape), grad)
        return torch.from_numpy(grad).view(len(grad), -1, grad_z.shape[2]), None


def attend_compiled(qkv: Tensor, scope: Scope) -> Tensor:
    """`attend` on the CPU; its gradient is computed by hand."""
    moved: Any = _Attend.apply(qkv, scope)
    return moved
