"""Coordinates of the stream in which all its directions have about the same variance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SPREAD = 0.1
"""Standard deviation below which a direction is not stretched any further."""


@dataclass(frozen=True)
class Even:
    """Inputs with a column of ones [places, d_model + 1], times `into`, are centred and even; `back` undoes
    it.

    Steps of Adam are of one size in all directions. In a number of the stream, which is as long as twenty
    ones, they must be small, or neurons that read it precisely lose it with the first steps; in differences
    between values that were squeezed together they must be large.
    """

    into: Tensor
    back: Tensor

    @classmethod
    def of(cls, places: Tensor) -> Even:
        """Of `places` [places, d_model]."""
        exact = places.double()
        mean = exact.mean(dim=0)
        centred = exact - mean
        sizes, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
        stretched = (axes / sizes.clamp_min(LEAST_SPREAD**2).sqrt()) @ axes.T
        into = torch.eye(len(mean) + 1, dtype=torch.double)
        into[:-1, :-1] = stretched
        into[-1, :-1] = -mean @ stretched
        return cls(into.float(), torch.linalg.inv(into).float())
