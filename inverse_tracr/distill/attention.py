"""Attention of many students at once, each sequence with its own length.

Activations are laid out with sequences last, `[students, features, positions * sequences]`, so that the
innermost loop runs over sequences. On a CPU a compiled kernel does the work where numba is installed;
`attend_plainly` is the same in PyTorch, for every other device, and the kernel's oracle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from inverse_tracr.model.shapes import Float

MASKED = -1e9
"""What is added to the score of a key that does not exist."""


@dataclass(frozen=True)
class Scope:
    """What may attend to what.

    `keys` [students, positions, sequences] is 0, or MASKED where there is no token; `scale` [students]
    multiplies scores; students with `causal` [students] = 1 see no later position.
    """

    keys: Tensor
    scale: Tensor
    causal: Tensor

    @property
    def positions(self) -> int:
        """Positions of the longest sequence, BOS counted."""
        return self.keys.shape[1]

    @property
    def sequences(self) -> int:
        """Sequences of each student."""
        return self.keys.shape[2]


def attend(
    qkv: Float[Tensor, "students three_d_head places"], scope: Scope
) -> Float[Tensor, "students d_head places"]:
    """What one head of each student moves; rows of `qkv` are queries, keys, values."""
    kernel = _kernel() if qkv.device.type == "cpu" else None
    return attend_plainly(qkv, scope) if kernel is None else kernel(qkv, scope)


def attend_plainly(
    qkv: Float[Tensor, "students three_d_head places"], scope: Scope
) -> Float[Tensor, "students d_head places"]:
    """`attend` in plain PyTorch."""
    students, rows, places = qkv.shape
    q, k, v = qkv.view(students, 3, rows // 3, scope.positions, scope.sequences).unbind(1)
    scores = torch.einsum("sdqb,sdkb->sqkb", q, k) * scope.scale[:, None, None, None]
    later = torch.ones(scope.positions, scope.positions, device=qkv.device).triu(1)[..., None]
    scores = scores + scope.keys[:, None] + MASKED * scope.causal[:, None, None, None] * later
    return torch.einsum("sqkb,sdkb->sdqb", scores.softmax(dim=2), v).reshape(students, -1, places)


@cache
def _kernel() -> Any:
    """The compiled kernel, or None without numba."""
    try:
        from inverse_tracr.distill.attention_kernel import attend_compiled
    except ModuleNotFoundError:
        return None
    return attend_compiled
