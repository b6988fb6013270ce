"""Names of single tensors: what files and `state_dict` call the layers of the arrays of `Weights`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.weights import Weights, weight_shapes

WHOLE = {"embed.W_E": "W_E", "pos_embed.W_pos": "W_pos", "unembed.W_U": "W_U", "unembed.b_U": "b_U"}
"""Tensor name -> array of `Weights`, for the tensors outside the layers."""

IN_LAYER = {
    **{f"attn.{name}": name for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O")},
    **{f"mlp.{name}": name for name in ("W_in", "b_in", "W_out", "b_out")},
}
"""Tensor name within `blocks.<layer>.` -> array of `Weights`."""


def tensor_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a model of these sizes."""
    stacked = weight_shapes(config)
    shapes = {name: stacked[array] for name, array in WHOLE.items()}
    for layer in range(config.n_layers):
        shapes |= {f"blocks.{layer}.{name}": stacked[array][1:] for name, array in IN_LAYER.items()}
    return shapes


def unstack(weights: Weights) -> dict[str, np.ndarray]:
    """The single tensors of `weights`, as views."""
    tensors: dict[str, np.ndarray] = {name: getattr(weights, array) for name, array in WHOLE.items()}
    for layer in range(len(weights.W_Q)):
        for name, array in IN_LAYER.items():
            tensors[f"blocks.{layer}.{name}"] = getattr(weights, array)[layer]
    return tensors


def stack(config: ModelConfig, tensors: Mapping[str, np.ndarray]) -> Weights:
    """Inverse of `unstack`; raises KeyError for a missing tensor, ValueError for a wrong shape."""
    for name, shape in tensor_shapes(config).items():
        if tensors[name].shape != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {tensors[name].shape}")
    arrays = {array: tensors[name] for name, array in WHOLE.items()}
    shapes = weight_shapes(config)
    for name, array in IN_LAYER.items():
        arrays[array] = np.empty(shapes[array], dtype=np.float32)
        for layer in range(config.n_layers):
            arrays[array][layer] = tensors[f"blocks.{layer}.{name}"]
    return Weights(**arrays)
