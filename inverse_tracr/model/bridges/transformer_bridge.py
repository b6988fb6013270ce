"""State dicts of TransformerLens from version 4 (`TransformerBridge.boot_native`).

Linear maps are [outputs, inputs], as `torch.nn.Linear` has them, with all heads in one matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from inverse_tracr.model.bridges.foreign import ForeignArrays, Tensor, Tensors, count_layers
from inverse_tracr.model.bridges.hooked import BLOCK, no_mlp, optional
from inverse_tracr.model.bridges.linear import Linear, heads_from_linear

_TO_BRIDGE = (
    (re.compile(r"\._original_component"), ""),
    (re.compile(r"^tok_embed\."), "embed."),
    (re.compile(r"^pos\."), "pos_embed."),
    (re.compile(r"^head\."), "unembed."),
    (re.compile(r"^layers\."), "blocks."),
    (re.compile(r"\.mlp\.fc_(in|out)\."), r".mlp.\1."),
)
"""From the names of the module inside a native bridge to those of the bridge's own state dict."""


def is_bridge(names: Iterable[str]) -> bool:
    """Whether these are the names of a TransformerBridge, or of the native module inside it."""
    return any(bridge_name(name) == "embed.weight" for name in names)


def bridge_name(name: str) -> str:
    """The name in the bridge's state dict of a tensor that may be named as in the module inside."""
    for pattern, replacement in _TO_BRIDGE:
        name = pattern.sub(replacement, name)
    return name


def from_bridge(source: ForeignArrays, n_heads: int) -> Tensors:
    """Every tensor of a native bridge without LayerNorm; raises ModelFileError.

    Names are those of the bridge. Missing biases are zero, and so is the MLP of a model of attention only.
    """
    W_E = source.take("embed.weight", 2)
    W_U = _transposed(source.take("unembed.weight", 2))
    tensors = {"embed.W_E": W_E, "pos_embed.W_pos": source.take("pos_embed.weight", 2), "unembed.W_U": W_U}
    tensors["unembed.b_U"] = optional(source, "unembed.bias", W_U.array.shape[1:])
    attention_only = not any(".mlp." in name for name in source.names())
    for layer in range(count_layers(source.names(), BLOCK)):
        block = f"blocks.{layer}"
        maps = {name.upper(): _linear(source, f"{block}.attn.{name}") for name in "qkvo"}
        tensors |= heads_from_linear(source, f"{block}.attn", maps, n_heads)
        mlp = f"{block}.mlp"
        tensors |= no_mlp(mlp, W_E.array.shape[1]) if attention_only else _mlp(source, mlp)
    source.close()
    return tensors


def to_bridge(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state dict of a native bridge from this project's tensors."""
    return {_foreign_name(name): _foreign_array(name, array) for name, array in tensors.items()}


def _mlp(source: ForeignArrays, mlp: str) -> Tensors:
    W_in, b_in = _linear(source, f"{mlp}.in")
    W_out, b_out = _linear(source, f"{mlp}.out")
    return {f"{mlp}.W_in": W_in, f"{mlp}.b_in": b_in, f"{mlp}.W_out": W_out, f"{mlp}.b_out": b_out}


def _linear(source: ForeignArrays, name: str) -> Linear:
    matrix = _transposed(source.take(f"{name}.weight", 2))
    return matrix, optional(source, f"{name}.bias", matrix.array.shape[1:])


def _transposed(tensor: Tensor) -> Tensor:
    return Tensor(tensor.origin, tensor.array.T)


_WHOLE_NAMES = {
    "embed.W_E": "embed.weight",
    "pos_embed.W_pos": "pos_embed.weight",
    "unembed.W_U": "unembed.weight",
    "unembed.b_U": "unembed.bias",
}


def _foreign_name(name: str) -> str:
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name]
    half_layer, _, parameter = name.rpartition(".")
    kind, _, which = parameter.partition("_")  # W_Q: matrix of Q
    return f"{half_layer}.{which.lower()}.{'weight' if kind == 'W' else 'bias'}"


def _foreign_array(name: str, array: np.ndarray) -> np.ndarray:
    parameter = name.rpartition(".")[2]
    if parameter in ("W_Q", "W_K", "W_V"):
        n_heads, d_model, d_head = array.shape
        return array.swapaxes(1, 2).reshape(n_heads * d_head, d_model)
    if parameter == "W_O":
        return array.reshape(-1, array.shape[2]).T
    if parameter in ("b_Q", "b_K", "b_V"):
        return array.reshape(-1)
    return array.T if parameter in ("W_in", "W_out", "W_U") else array
