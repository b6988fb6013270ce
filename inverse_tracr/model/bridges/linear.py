"""Layers stored as plain linear maps with all heads in one matrix, as TransformerBridge and Haiku do."""

from __future__ import annotations

import numpy as np

from inverse_tracr.model.bridges.foreign import ForeignArrays, Tensor, Tensors
from inverse_tracr.model.bridges.hooked import repeated
from inverse_tracr.model.file_errors import ModelFileError

Linear = tuple[Tensor, Tensor]
"""Matrix, [inputs, outputs], and bias, [outputs]."""


def heads_from_linear(source: ForeignArrays, attn: str, maps: dict[str, Linear], n_heads: int) -> Tensors:
    """W_Q, W_K, W_V, W_O and biases of one layer from its four linear maps.

    Args:
        source: where the maps are from.
        attn: this project's name of the half-layer, `blocks.0.attn`.
        maps: the maps under Q, K, V and O; K and V may be narrower than Q, shared by groups of heads.
        n_heads: how many heads the outputs of Q and the inputs of O are divided among.

    Raises ModelFileError when they cannot be divided.

    """
    query, _ = maps["Q"]
    if query.array.shape[1] % n_heads:
        raise source.wrong(query.origin, f"outputs that {n_heads} heads can share", f"{query.array.shape[1]}")
    d_head = query.array.shape[1] // n_heads
    tensors: Tensors = {}
    for name in ("Q", "K", "V"):
        matrix, bias = maps[name]
        split = Tensor(matrix.origin, _split(source, matrix, 1, d_head).swapaxes(0, 1))
        tensors[f"{attn}.W_{name}"] = repeated(source, split, n_heads)
        split_bias = Tensor(bias.origin, _split(source, bias, 0, d_head))
        tensors[f"{attn}.b_{name}"] = repeated(source, split_bias, n_heads)
    matrix, bias = maps["O"]
    tensors[f"{attn}.W_O"] = Tensor(matrix.origin, _split(source, matrix, 0, d_head))
    tensors[f"{attn}.b_O"] = bias
    return tensors


def stated_heads(n_heads: int | None, where: str) -> int:
    """`n_heads` of the description; raises ModelFileError when it is not stated."""
    if n_heads is None:
        raise ModelFileError(
            "the description does not say how many heads share a matrix",
            where=where,
            expected='"n_heads": a number',
        )
    return n_heads


def _split(source: ForeignArrays, tensor: Tensor, axis: int, d_head: int) -> np.ndarray:
    """The array with `axis` divided into (heads, d_head)."""
    shape = tensor.array.shape
    if shape[axis] % d_head:
        raise source.wrong(
            tensor.origin, f"a multiple of d_head {d_head} along axis {axis}", str(list(shape))
        )
    return tensor.array.reshape(*shape[:axis], -1, d_head, *shape[axis + 1 :])
