"""One input run through a model, every activation kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.values import Value
from inverse_tracr.report.parts import EMBEDDING
from inverse_tracr.report.probes import residual_name
from inverse_tracr.report.study import Study
from inverse_tracr.report.text import clipped, shown

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Activations:
    """Activations by TransformerLens's names, and the texts of the positions, BOS first."""

    cache: dict[str, Floats]
    positions: tuple[str, ...]

    def residual(self, rank: int) -> Floats:
        """The residual stream after a half-layer: [positions, d_model]."""
        if rank == EMBEDDING:
            return self.cache["hook_embed"] + self.cache["hook_pos_embed"]
        return self.cache[residual_name(rank)]

    def layer(self, layer: int, name: str) -> Floats:
        """An activation of a layer, such as `attn.hook_pattern`."""
        return self.cache[f"blocks.{layer}.{name}"]


def activations(study: Study, tokens: Sequence[Value]) -> Activations:
    """Run an input; raises TokenError for one that the model cannot read."""
    return run_model(study.model, tokens)


def run_model(model: TransformerProgram, tokens: Sequence[Value]) -> Activations:
    """`activations` of a model that nothing is known of."""
    with torch.inference_mode():
        _, cache = model.run_with_cache(torch.tensor([model.input_encoder.encode(tokens)]))
    arrays = {name: value[0].detach().numpy().astype(np.float64) for name, value in cache.items()}
    return Activations(arrays, ("BOS", *(clipped(shown(token), 12) for token in tokens)))


@dataclass(frozen=True)
class Axis:
    """Dimensions of the residual stream in the order of their subspaces, with their names and groups."""

    dims: tuple[int, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def only(self, dims: set[int]) -> Axis:
        """The part of the axis that has these dimensions."""
        kept = [i for i, dim in enumerate(self.dims) if dim in dims]
        return Axis(
            tuple(self.dims[i] for i in kept),
            tuple(self.labels[i] for i in kept),
            tuple(self.groups[i] for i in kept),
        )


def residual_axis(study: Study) -> Axis:
    """All dimensions."""
    rows = [
        (dim, label, space.name)
        for space in study.spaces
        for dim, label in zip(space.dims, space.labels, strict=True)
    ]
    return Axis(tuple(r[0] for r in rows), tuple(clipped(r[1], 24) for r in rows), tuple(r[2] for r in rows))


def significant(matrix: Floats, axis: int) -> set[int]:
    """Rows (axis 0) or columns (axis 1) that hold something, judged against the largest number."""
    size = np.abs(matrix)
    return set(np.nonzero(size.max(axis=1 - axis, initial=0.0) > 1e-4 * size.max(initial=0.0))[0].tolist())
