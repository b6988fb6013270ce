"""Small problems that are solved at once: weighted ridge regression, roots of moments."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST = 1e-11
"""Share of the largest diagonal entry that is added to all, so that factors exist."""


@dataclass(frozen=True)
class Gram:
    """Normal equations of a regression, float64: `square` [features, features], `right` [features, rows]."""

    square: Tensor
    right: Tensor

    @classmethod
    def of(cls, features: Tensor, targets: Tensor, weights: Tensor | None = None) -> Gram:
        """Of `features` [places, features] and `targets` [places, rows]; `weights` [places]."""
        exact = features.double()
        weighted = exact if weights is None else exact * weights.double()[:, None]
        return cls(weighted.T @ exact, weighted.T @ targets.double())

    def plus(self, other: Gram, share: float) -> Gram:
        """Both problems at once, the other with weight `share`."""
        return Gram(self.square + share * other.square, self.right + share * other.right)

    def solution(self, ridge: float) -> Tensor:
        """[features, rows] with the least squared error plus `ridge` times their squares."""
        square = self.square.clone()
        square.diagonal().add_(ridge + SMALLEST * float(square.diagonal().max()))
        return torch.cholesky_solve(self.right, torch.linalg.cholesky(square)).float()


FAINT = 1e-7
"""Share of the largest size below which a direction is none."""


def with_one(features: Tensor) -> Tensor:
    """`features` [places, features] and a column of ones, for the bias."""
    return torch.cat([features, torch.ones(len(features), 1)], dim=1)


QUICK, FEW = 1e-6, 128
"""What SMALLEST is in float64, in float32: for so many features, and in proportion for more."""


def quick_solution(features: Tensor, targets: Tensor, ridge: float) -> Tensor:
    """The output matrix in float32, in two thirds of the time: one refinement makes up for most of the
    rounding.
    """
    square = features.T @ features
    share = QUICK * max(1.0, len(square) / FEW)
    square.diagonal().add_(ridge + share * float(square.diagonal().max()))
    factor, failed = torch.linalg.cholesky_ex(square)
    if failed:
        return Gram.of(features, targets).solution(ridge)
    found = torch.cholesky_solve(features.T @ targets, factor)
    rest = features.T @ (targets - features @ found) - ridge * found
    return found + torch.cholesky_solve(rest, factor)


@dataclass(frozen=True)
class Root:
    """The root `back` [features, features] of a second moment, float64, and its inverse `into`: places times
    `into` have the second moment 1, but for directions that are hardly there.
    """

    into: Tensor
    back: Tensor

    @classmethod
    def of(cls, places: Tensor, floor: float, weights: Tensor | None = None) -> Root:
        """Of `places` [places, features]; sizes below `floor` times the largest count as that."""
        share = torch.full((len(places),), 1 / len(places)) if weights is None else weights / weights.sum()
        exact = places.double()
        sizes, axes = torch.linalg.eigh((exact * share.double()[:, None]).T @ exact)
        roots = sizes.clamp_min(floor * float(sizes[-1])).clamp_min(1e-12).sqrt()
        return cls((axes / roots) @ axes.T, (axes * roots) @ axes.T)

    def even(self, places: Tensor) -> Tensor:
        """`places` times `into`, float32."""
        return (places.double() @ self.into).float()


def as_product(first: Tensor, wanted: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Values [features, d_head] near to the `first` ones and W_O [d_head, rows], whose product is `wanted`
    [features, rows], exactly where d_head allows, else as nearly as it does on inputs with `second` moment,
    which is float64: rounded to float32 it has negative sizes.
    """
    exact, size = wanted.double(), first.shape[1]
    if exact.shape[1] > size:
        root = torch.linalg.cholesky(second + FAINT * second.trace() * torch.eye(len(second)))
        directions = torch.linalg.svd(root.T @ exact, full_matrices=False)[2][:size]
        exact = exact @ directions.T @ directions
    values = first.double()
    out = torch.linalg.pinv(values) @ exact
    inverse = torch.linalg.pinv(out, rtol=FAINT)
    return (values + (exact - values @ out) @ inverse).float(), out.float()
