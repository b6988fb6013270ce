"""The residual stream of a model whose dimensions each hold one thing: which are inputs, which are special."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram, Weights

Floats = NDArray[np.float64]
RELATIVE = 1e-4
"""A weight counts as zero below this share of the largest of its matrix."""


class NotReadableError(Exception):
    """The weights have no form that the lift reads; says which part and why."""


def significant(matrix: Floats) -> NDArray[np.bool_]:
    """Which entries are not zero, judged against the largest."""
    largest = np.abs(matrix).max(initial=0.0)
    return np.abs(matrix) > RELATIVE * largest if largest > 0 else np.zeros(matrix.shape, dtype=np.bool_)


@dataclass(frozen=True)
class Head:
    """One attention head through its products: `qk[query dim, key dim]` and `ov[value dim, output dim]`.

    `key_dims` are the dimensions that its keys read, whether or not a query selects them.
    """

    layer: int
    head: int
    qk: Floats
    ov: Floats
    key_dims: tuple[int, ...]

    @property
    def name(self) -> str:
        """Layer and head, as in `head 2.1`."""
        return f"head {self.layer}.{self.head}"


@dataclass(frozen=True)
class Mlp:
    """One MLP: `w_in[dim, neuron]`, `w_out[neuron, dim]`, and what reaches its neurons always (biases)."""

    layer: int
    w_in: Floats
    w_out: Floats
    b_in: Floats


@dataclass(frozen=True)
class Stream:
    """A model taken apart by residual dimension.

    `token_dims[i]` belongs to `signature.vocab[i]`, `index_dims[i]` to position i; `one` is 1 everywhere
    (None when no part needs it); `bos` is 1 at BOS alone. `output_dims[i]` is column i of W_U.
    """

    token_dims: tuple[int, ...]
    index_dims: tuple[int, ...]
    one: int | None
    bos: int | None
    output_dims: tuple[int, ...]
    heads: tuple[Head, ...]
    mlps: tuple[Mlp, ...]

    @property
    def special(self) -> frozenset[int]:
        """Dimensions that belong to no s-op."""
        return frozenset(d for d in (self.one, self.bos) if d is not None)


def read_stream(model: TransformerProgram) -> Stream:
    """Take a model apart; raises NotReadableError when its embeddings share dimensions."""
    weights = model.weights()
    encoder = model.input_encoder
    rows = [encoder.row(token) for token in model.signature.vocab]
    one = _constant_dim(weights)
    embedding = weights.W_E.astype(np.float64)
    if one is not None:
        embedding = embedding.copy()
        embedding[:, one] = 0
    token_dims = _one_hot_dims(embedding, rows, "W_E")
    index_dims = _one_hot_dims(
        weights.W_pos.astype(np.float64), list(range(1, model.config.n_ctx)), "W_pos"
    )
    bos = np.nonzero(significant(embedding)[encoder.bos])[0]
    return Stream(
        token_dims,
        index_dims,
        one,
        int(bos[0]) if len(bos) == 1 else None,
        _output_dims(weights),
        tuple(_heads(weights)),
        tuple(_mlps(weights)),
    )


def _constant_dim(weights: Weights) -> int | None:
    """The dimension that every token sets to 1."""
    found = np.nonzero(np.all(np.abs(weights.W_E - 1) < RELATIVE, axis=0))[0]
    return int(found[0]) if len(found) == 1 else None


def _one_hot_dims(matrix: Floats, rows: list[int], name: str) -> tuple[int, ...]:
    present = significant(matrix)
    dims: list[int] = []
    for row in rows:
        found = np.nonzero(present[row])[0]
        if len(found) != 1 or present[:, found[0]].sum() != 1 or abs(matrix[row, found[0]] - 1) > RELATIVE:
            raise NotReadableError(f"row {row} of {name} is not one dimension of its own")
        dims.append(int(found[0]))
    return tuple(dims)


def _output_dims(weights: Weights) -> tuple[int, ...]:
    present = significant(weights.W_U.astype(np.float64))
    if not (present.sum(axis=0) == 1).all():
        raise NotReadableError("a column of W_U reads more or less than one dimension")
    return tuple(int(d) for d in present.argmax(axis=0))


def _heads(weights: Weights) -> list[Head]:
    """Heads that do something: those that write into the stream."""
    heads: list[Head] = []
    for layer in range(weights.W_Q.shape[0]):
        for head in range(weights.W_Q.shape[1]):
            w_q, w_k = weights.W_Q[layer, head].astype(np.float64), weights.W_K[layer, head].astype(np.float64)
            w_v, w_o = weights.W_V[layer, head].astype(np.float64), weights.W_O[layer, head].astype(np.float64)
            ov = w_v @ w_o
            if np.abs(ov).max(initial=0.0) > RELATIVE:
                key_dims = np.nonzero(significant(w_k).any(axis=1))[0].tolist()
                heads.append(Head(layer, head, w_q @ w_k.T, ov, tuple(key_dims)))
    return heads


def _mlps(weights: Weights) -> list[Mlp]:
    return [
        Mlp(
            layer,
            weights.W_in[layer].astype(np.float64),
            weights.W_out[layer].astype(np.float64),
            weights.b_in[layer].astype(np.float64),
        )
        for layer in range(weights.W_in.shape[0])
    ]
