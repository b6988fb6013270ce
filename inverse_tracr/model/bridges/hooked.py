"""State dicts of TransformerLens up to version 3 (`HookedTransformer`); this project's names are the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from inverse_tracr.model.bridges.foreign import ForeignArrays, Tensor, Tensors, count_layers

BLOCK = r"blocks\.(\d{1,4})\."


def is_hooked(names: Iterable[str]) -> bool:
    """Whether these are the names of a HookedTransformer."""
    return "embed.W_E" in names


def from_hooked(source: ForeignArrays) -> Tensors:
    """Every tensor of a model without LayerNorm; raises ModelFileError.

    Biases that are missing are zero; so is the MLP of a model that has attention only. Keys and values
    that groups of heads share are repeated.
    """
    W_E = source.take("embed.W_E", 2)
    W_U = source.take("unembed.W_U", 2)
    tensors = {"embed.W_E": W_E, "pos_embed.W_pos": source.take("pos_embed.W_pos", 2), "unembed.W_U": W_U}
    tensors["unembed.b_U"] = optional(source, "unembed.b_U", W_U.array.shape[1:])
    d_model = W_E.array.shape[1]
    attention_only = not any(".mlp." in name for name in source.names())
    for layer in range(count_layers(source.names(), BLOCK)):
        tensors |= _attention(source, f"blocks.{layer}.attn", d_model)
        mlp = f"blocks.{layer}.mlp"
        tensors |= no_mlp(mlp, d_model) if attention_only else _mlp(source, mlp, d_model)
    source.close()
    return tensors


def optional(source: ForeignArrays, name: str, shape: tuple[int, ...]) -> Tensor:
    """The tensor of that name, or zeros of that shape."""
    return source.take(name, len(shape)) if name in source else _zeros(name, *shape)


def no_mlp(mlp: str, d_model: int) -> Tensors:
    """An MLP of one neuron that does nothing."""
    shapes = {"W_in": (d_model, 1), "b_in": (1,), "W_out": (1, d_model), "b_out": (d_model,)}
    return {f"{mlp}.{name}": _zeros(f"{mlp}.{name}", *shape) for name, shape in shapes.items()}


def repeated(source: ForeignArrays, shared: Tensor, n_heads: int) -> Tensor:
    """Keys or values, [groups, ...], once for each head of their group: [n_heads, ...]."""
    groups = len(shared.array)
    if n_heads % groups:
        raise source.wrong(shared.origin, f"a number of heads that divides {n_heads}", f"{groups}")
    return Tensor(shared.origin, np.repeat(shared.array, n_heads // groups, axis=0))


def _attention(source: ForeignArrays, attn: str, d_model: int) -> Tensors:
    W_Q = source.take(f"{attn}.W_Q", 3)
    n_heads, _, d_head = W_Q.array.shape
    tensors = {f"{attn}.W_Q": W_Q, f"{attn}.W_O": source.take(f"{attn}.W_O", 3)}
    tensors[f"{attn}.b_Q"] = optional(source, f"{attn}.b_Q", (n_heads, d_head))
    tensors[f"{attn}.b_O"] = optional(source, f"{attn}.b_O", (d_model,))
    for name in ("K", "V"):
        matrix = f"{attn}.W_{name}"
        if matrix in source:
            tensors[matrix] = source.take(matrix, 3)
            tensors[f"{attn}.b_{name}"] = optional(source, f"{attn}.b_{name}", (n_heads, d_head))
            continue
        shared = source.take(f"{attn}._W_{name}", 3)  # grouped-query attention stores these
        bias = optional(source, f"{attn}._b_{name}", (len(shared.array), d_head))
        tensors[matrix] = repeated(source, shared, n_heads)
        tensors[f"{attn}.b_{name}"] = repeated(source, bias, n_heads)
    return tensors


def _mlp(source: ForeignArrays, mlp: str, d_model: int) -> Tensors:
    W_in = source.take(f"{mlp}.W_in", 2)
    return {
        f"{mlp}.W_in": W_in,
        f"{mlp}.W_out": source.take(f"{mlp}.W_out", 2),
        f"{mlp}.b_in": optional(source, f"{mlp}.b_in", W_in.array.shape[1:]),
        f"{mlp}.b_out": optional(source, f"{mlp}.b_out", (d_model,)),
    }


def _zeros(name: str, *shape: int) -> Tensor:
    return Tensor(name, np.zeros(shape, dtype=np.float32))
