"""Haiku's parameters as Tracr's assembled models name them: `transformer/layer_0/attn/query/w`.

Linear maps are [inputs, outputs], with all heads in one matrix.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from inverse_tracr.model.bridges.foreign import ForeignArrays, Tensor, Tensors, count_layers
from inverse_tracr.model.bridges.hooked import optional
from inverse_tracr.model.bridges.linear import Linear, heads_from_linear
from inverse_tracr.model.file_errors import ModelFileError

EMBEDDING = "token_embed/embeddings"
POSITIONS = "pos_embed/embeddings"
UNEMBEDDING = "unembed/w"

_QUERY_KEY_VALUE_OUT = {"Q": "query", "K": "key", "V": "value", "O": "linear"}


def is_haiku(names: Iterable[str]) -> bool:
    """Whether these are the names of Tracr's parameters."""
    return EMBEDDING in names


def from_haiku(source: ForeignArrays, n_heads: int, unembedding: tuple[int, ...] | None = None) -> Tensors:
    """Every tensor of a Tracr model without LayerNorm; raises ModelFileError.

    Tracr stores no unembedding. It is taken from `unembed/w`, [d_model, d_vocab_out], or made of
    `unembedding`: the residual dimension that each output is read from. Missing biases are zero.
    """
    W_E = source.take(EMBEDDING, 2)
    d_model = W_E.array.shape[1]
    tensors = {"embed.W_E": W_E, "pos_embed.W_pos": source.take(POSITIONS, 2)}
    W_U = _unembedding(source, d_model, unembedding)
    tensors["unembed.W_U"] = W_U
    tensors["unembed.b_U"] = optional(source, "unembed/b", W_U.array.shape[1:])
    for layer in range(count_layers(source.names(), r"transformer/layer_(\d{1,4})/")):
        foreign, block = f"transformer/layer_{layer}", f"blocks.{layer}"
        maps = {name: _linear(source, f"{foreign}/attn/{of}") for name, of in _QUERY_KEY_VALUE_OUT.items()}
        tensors |= heads_from_linear(source, f"{block}.attn", maps, n_heads)
        tensors[f"{block}.mlp.W_in"], tensors[f"{block}.mlp.b_in"] = _linear(
            source, f"{foreign}/mlp/linear_1"
        )
        tensors[f"{block}.mlp.W_out"], tensors[f"{block}.mlp.b_out"] = _linear(
            source, f"{foreign}/mlp/linear_2"
        )
    source.close()
    return tensors


def _linear(source: ForeignArrays, name: str) -> Linear:
    matrix = source.take(f"{name}/w", 2)
    return matrix, optional(source, f"{name}/b", matrix.array.shape[1:])


def _unembedding(source: ForeignArrays, d_model: int, dimensions: tuple[int, ...] | None) -> Tensor:
    if UNEMBEDDING in source:
        return source.take(UNEMBEDDING, 2)
    if dimensions is None:
        raise ModelFileError(
            "the unembedding is missing",
            where=source.where,
            expected=f'an array {UNEMBEDDING}, [d_model, outputs], or "unembedding" in the description',
        )
    distinct = len(set(dimensions)) == len(dimensions) > 0
    if not distinct or not all(0 <= index < d_model for index in dimensions):
        raise ModelFileError(
            'the field "unembedding" is wrong',
            where=source.where,
            expected=f"one or more different residual dimensions below {d_model}",
            got=str(list(dimensions))[:200],
        )
    return Tensor(UNEMBEDDING, np.eye(d_model, dtype=np.float32)[:, list(dimensions)])
