"""What W_emb of a natural student keeps."""

from __future__ import annotations

import torch
from torch import Tensor

from inverse_tracr.distill.natural.embedding import Aim, roots_of

PROBLEMS, FULL, ROWS = 3, 6, 3


def moments(seed: int) -> Tensor:
    """Second moments [problems, d_full, d_full]."""
    roots = torch.randn(
        PROBLEMS, FULL, FULL, dtype=torch.double, generator=torch.Generator().manual_seed(seed)
    )
    return roots @ roots.transpose(1, 2)


def lost(rows: Tensor, aim: Aim) -> Tensor:
    """Variance of the wanted directions that the best linear map of the stream, errors and noise leaves."""
    w_emb = rows * aim.gain
    total = torch.zeros((), dtype=torch.double)
    for covariance, wanted, noise, errors in zip(
        aim.covariance, aim.wanted, aim.noise, aim.errors, strict=True
    ):
        inner = w_emb @ (covariance + errors.diag()) @ w_emb.T + noise * rows @ rows.T
        known = covariance @ w_emb.T @ torch.linalg.inv(inner) @ w_emb @ covariance
        total = total + torch.trace(wanted.T @ (covariance - known) @ wanted)
    return total


def test_what_is_lost_and_its_slope() -> None:
    random = torch.Generator().manual_seed(5)
    aim = Aim(
        moments(0),
        moments(1)[:, :, :4],
        torch.tensor([1e-6, 1e-3, 0.1], dtype=torch.double),
        torch.rand(PROBLEMS, FULL, dtype=torch.double, generator=random),
        1 + torch.rand(FULL, dtype=torch.double, generator=random),
    )
    rows = torch.randn(ROWS, FULL, dtype=torch.double, generator=random).requires_grad_()
    wanted = lost(rows, aim)
    (slope,) = torch.autograd.grad(wanted, rows)
    found, its_slope = aim.lost(rows.detach())
    torch.testing.assert_close(found, wanted.detach())
    torch.testing.assert_close(its_slope, slope)


def test_what_is_lost_depends_on_the_span_of_the_rows_alone() -> None:
    random = torch.Generator().manual_seed(6)
    aim = Aim(
        moments(0),
        moments(1)[:, :, :4],
        torch.full((PROBLEMS,), 1e-3, dtype=torch.double),
        torch.zeros(PROBLEMS, FULL, dtype=torch.double),
        torch.ones(FULL, dtype=torch.double),
    )
    rows, mix = torch.randn(2, ROWS, FULL, dtype=torch.double, generator=random)
    torch.testing.assert_close(aim.lost(rows)[0], aim.lost(mix[:, :ROWS] @ rows)[0])


def test_directions_have_the_moments_that_they_are_of() -> None:
    wanted = moments(2)[:, :, :4]
    wanted[0, :, 2:] = 0
    found = roots_of(wanted @ wanted.transpose(1, 2))
    assert found.shape == (PROBLEMS, FULL, 4)
    torch.testing.assert_close(found @ found.transpose(1, 2), wanted @ wanted.transpose(1, 2))
