"""Haiku's parameter names and shapes, as Tracr's assembled models have them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inverse_tracr.model.weights import Weights

EMBEDDING = "token_embed/embeddings"
POSITIONS = "pos_embed/embeddings"


def weights_from_haiku(params: Mapping[str, np.ndarray], unembedding: np.ndarray, n_heads: int) -> Weights:
    """Weights from flat Haiku parameters (`transformer/layer_0/attn/query/w`) and W_U.

    Args:
        params: arrays by name; linear layers are [inputs, heads * d_head], as Haiku has them.
        unembedding: W_U, [d_model, d_vocab_out].
        n_heads: how many heads the columns of query, key and value are divided among.

    Raises KeyError for a missing parameter and ValueError for a shape that does not fit.
    """
    embedding = params[EMBEDDING]
    d_model = embedding.shape[1]
    n_layers = layer_count(params)

    def linear(layer: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        matrix = params[f"transformer/layer_{layer}/{name}/w"]
        bias = params.get(f"transformer/layer_{layer}/{name}/b")
        return matrix, np.zeros(matrix.shape[1], np.float32) if bias is None else bias

    def stacked(name: str) -> tuple[np.ndarray, np.ndarray]:
        pairs = [linear(layer, name) for layer in range(n_layers)]
        return np.stack([matrix for matrix, _ in pairs]), np.stack([bias for _, bias in pairs])

    def heads(name: str) -> tuple[np.ndarray, np.ndarray]:
        matrix, bias = stacked(f"attn/{name}")
        split = matrix.reshape(n_layers, d_model, n_heads, -1).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(split), bias.reshape(n_layers, n_heads, -1)

    W_Q, b_Q = heads("query")
    W_K, b_K = heads("key")
    W_V, b_V = heads("value")
    W_O, b_O = stacked("attn/linear")
    W_in, b_in = stacked("mlp/linear_1")
    W_out, b_out = stacked("mlp/linear_2")
    return Weights(
        W_E=embedding,
        W_pos=params[POSITIONS],
        W_Q=W_Q,
        W_K=W_K,
        W_V=W_V,
        W_O=W_O.reshape(n_layers, n_heads, -1, d_model),
        W_in=W_in,
        W_out=W_out,
        W_U=unembedding,
        b_Q=b_Q,
        b_K=b_K,
        b_V=b_V,
        b_O=b_O,
        b_in=b_in,
        b_out=b_out,
    )


def layer_count(params: Mapping[str, np.ndarray]) -> int:
    """How many layers the parameter names speak of."""
    layers = {name.split("/")[1] for name in params if name.startswith("transformer/layer_")}
    return len(layers)
