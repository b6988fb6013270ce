"""Neurons of an MLP, and the regression problem that they are trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.solve import Gram, with_one


@dataclass(frozen=True)
class Neurons:
    """`read` [features, neurons] and `bias` [neurons]."""

    read: Tensor
    bias: Tensor

    def features(self, places: Tensor) -> Tensor:
        """Activations of `places` and a column of ones."""
        return with_one((places @ self.read + self.bias).relu())

    def with_one(self) -> Tensor:
        """[features + 1, neurons + 1], for inputs with a column of ones, which becomes the last feature."""
        constant = torch.zeros(len(self.read) + 1, 1)
        constant[-1] = 1
        return torch.cat([torch.cat([self.read, self.bias[None]]), constant], dim=1)


@dataclass(frozen=True)
class Regression:
    """`inputs` [places, d_model], `outputs` [places, rows], `weights` [places]; `unit` [rows] of errors.

    The first `own` places are of vocabulary inputs.
    """

    inputs: Tensor
    outputs: Tensor
    weights: Tensor
    unit: Tensor
    own: int

    def scaled(self) -> tuple[Tensor, Tensor]:
        """Inputs with a column of ones, and outputs in units of errors, times the root of the weights."""
        roots = self.weights.sqrt()[:, None]
        return with_one(self.inputs) * roots, self.outputs / self.unit * roots

    def solution(self, neurons: Neurons, options: HalfByHalf) -> Tensor:
        """The best output matrix, its bias as last row."""
        return Gram.of(neurons.features(self.inputs), self.outputs, self.weights).solution(options.ridge)
