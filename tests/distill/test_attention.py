from __future__ import annotations

import pytest
import torch
from torch import Tensor

from inverse_tracr.distill.attention import MASKED, Scope, attend, attend_plainly

STUDENTS, D_HEAD, POSITIONS, SEQUENCES = 3, 5, 4, 6


def scores_of(size: float) -> tuple[Tensor, Scope]:
    random = torch.Generator().manual_seed(0)
    qkv = size * torch.randn(STUDENTS, 3 * D_HEAD, POSITIONS * SEQUENCES, generator=random)
    keys = torch.zeros(STUDENTS, POSITIONS, SEQUENCES)
    keys[:, 2:, :2] = MASKED
    return qkv, Scope(keys, torch.tensor([0.3, 1.0, 2.0]), torch.tensor([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("size", [0.1, 1.0, 10.0])
def test_the_kernel_gives_what_plain_pytorch_gives(size: float) -> None:
    pytest.importorskip("numba")
    qkv, scope = scores_of(size)
    found: list[tuple[Tensor, Tensor]] = []
    for function in (attend, attend_plainly):
        inputs = qkv.clone().requires_grad_()
        moved = function(inputs, scope)
        (gradient,) = torch.autograd.grad(
            (moved * torch.arange(moved.numel()).view_as(moved).sin()).sum(), inputs
        )
        found.append((moved.detach(), gradient))
    torch.testing.assert_close(found[0], found[1], rtol=2e-4, atol=2e-4 * size**2)


def test_masked_keys_and_later_positions_move_nothing() -> None:
    qkv, scope = scores_of(1.0)
    changed = qkv.clone().view(STUDENTS, 3, D_HEAD, POSITIONS, SEQUENCES)
    changed[:, 1:, :, 2:, :2] += 5
    moved, after = attend(qkv, scope), attend(changed.view_as(qkv), scope)
    short = torch.zeros(POSITIONS, SEQUENCES, dtype=torch.bool)
    short[:2, :2] = True
    assert torch.equal(moved[:, :, short.flatten()], after[:, :, short.flatten()])
    changed = qkv.clone().view(STUDENTS, 3, D_HEAD, POSITIONS, SEQUENCES)
    changed[:, 1:, :, 3] += 5
    after = attend(changed.view_as(qkv), scope).view(STUDENTS, D_HEAD, POSITIONS, SEQUENCES)
    before = moved.view_as(after)
    assert torch.equal(after[1, :, :3], before[1, :, :3])
    assert not torch.allclose(after[0, :, :3, 2:], before[0, :, :3, 2:])
