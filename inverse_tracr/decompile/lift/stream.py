"""The residual stream of a model whose dimensions each hold one thing: inputs, special ones, the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram, Weights

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
RELATIVE = 1e-4
"""A weight counts as zero below this share of the largest of its matrix."""
_LEAST_WRITE = 1e-5
"""What a neuron writes counts as zero below this share of the largest of all neurons of its layer."""


class NotReadableError(Exception):
    """The weights have no form that the lift reads; says why."""


class NothingKnownError(NotReadableError):
    """A part reads what an unreadable part writes."""


def significant(matrix: Floats) -> NDArray[np.bool_]:
    """Which entries are not zero, judged against the largest."""
    largest = np.abs(matrix).max(initial=0.0)
    return np.abs(matrix) > RELATIVE * largest if largest > 0 else np.zeros(matrix.shape, dtype=np.bool_)


def cleaned(matrix: Floats) -> Floats:
    """The matrix with exact zeros where its entries are not significant."""
    return np.where(significant(matrix), matrix, 0.0)


@dataclass(frozen=True)
class Head:
    """An attention head through its products: `qk[query dim, key dim]` and `ov[value dim, output dim]`.

    What is not significant is exactly zero. `key_dims` are the dimensions that its keys read, whether or not
    a query selects them. Heads of one pattern may stand together as one: `heads` are their numbers.
    """

    layer: int
    heads: tuple[int, ...]
    qk: Floats
    ov: Floats
    key_dims: tuple[int, ...]

    @property
    def name(self) -> str:
        """Layer and head, as in `head 2.1`."""
        return "head " + ", ".join(self.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Layer and head of each, as in `2.1`."""
        return tuple(f"{self.layer}.{head}" for head in self.heads)

    @property
    def half_layer(self) -> int:
        """Position among the half-layers."""
        return 2 * self.layer

    @property
    def read(self) -> set[int]:
        """Dimensions that it reads as key, query or value."""
        return _nonzero(self.qk.T) | _nonzero(self.ov.T) | set(self.key_dims)

    @property
    def written(self) -> set[int]:
        """Dimensions that it writes."""
        return _nonzero(self.ov)

    @property
    def moves_to_one(self) -> bool:
        """Whether every dimension is moved to one other at most."""
        return bool(((self.ov != 0).sum(axis=1) <= 1).all())

    def attends_as(self, other: Head) -> bool:
        """Whether both have the same attention pattern."""
        if self.layer != other.layer or self.key_dims != other.key_dims:
            return False
        return np.allclose(self.qk, other.qk, rtol=1e-3, atol=RELATIVE * np.abs(self.qk).max(initial=0.0))

    def joined(self, other: Head) -> Head:
        """Both heads, of one attention pattern, as one."""
        return replace(self, heads=(*self.heads, *other.heads), ov=self.ov + other.ov)


@dataclass(frozen=True)
class Mlp:
    """One MLP: `w_in[dim, neuron]` and `w_out[neuron, dim]`, exactly zero where not significant.

    The last row of `w_in`, what reaches a neuron always, is as it was.
    """

    layer: int
    w_in: Floats
    w_out: Floats

    @property
    def always(self) -> Floats:
        """What reaches each neuron always: its bias and its weight on the dimension that is always 1."""
        return self.w_in[-1]

    @cached_property
    def open(self) -> NDArray[np.bool_]:
        """Neurons that add what they read, without a threshold."""
        return np.abs(self.always) <= RELATIVE * np.abs(self.w_in).max(axis=0)

    @property
    def name(self) -> str:
        """As in `mlp 2`."""
        return f"mlp {self.layer}"

    @property
    def half_layer(self) -> int:
        """Position among the half-layers."""
        return 2 * self.layer + 1

    def without(self, neurons: NDArray[np.bool_]) -> Mlp:
        """The MLP with some neurons (a mask, or all or none of them) set to zero."""
        kept = ~np.broadcast_to(neurons, self.always.shape)
        return Mlp(self.layer, self.w_in * kept, self.w_out * kept[:, None])

    @property
    def read(self) -> set[int]:
        """Dimensions that it reads."""
        return _nonzero(self.w_in.T)

    @property
    def written(self) -> set[int]:
        """Dimensions that it writes."""
        return _nonzero(self.w_out)


def _nonzero(matrix: Floats) -> set[int]:
    """Columns that hold something."""
    return set(np.nonzero((matrix != 0).any(axis=0))[0].tolist())


@dataclass(frozen=True)
class Stream:
    """A model taken apart by residual dimension.

    `token_dims[i]` belongs to `signature.vocab[i]`, `index_dims[i]` to position i; `bos` are 1 at BOS alone.
    `one` is 1 everywhere: a dimension behind the last one of the model, which stands for biases and for the
    dimension that every token sets. `output_dims[i]` is column i of W_U. `live` are the dimensions that
    something writes; before `without_dead` these are all. `at_bos[layer]` is what the layer reads at BOS.
    """

    token_dims: tuple[int, ...]
    index_dims: tuple[int, ...]
    one: int
    bos: frozenset[int]
    output_dims: tuple[int, ...]
    heads: tuple[Head, ...]
    mlps: tuple[Mlp, ...]
    live: frozenset[int]
    at_bos: Floats

    @property
    def special(self) -> frozenset[int]:
        """Dimensions that belong to no s-op."""
        return self.bos | {self.one}


def read_stream(model: TransformerProgram) -> Stream:
    """Take a model apart; raises NotReadableError when its embeddings share dimensions."""
    weights = model.weights()
    encoder = model.input_encoder
    rows = [encoder.row(token) for token in model.signature.vocab]
    constant = _constant_dims(weights)
    embedding = weights.W_E.astype(np.float64)
    embedding[:, constant] = 0
    token_dims = _one_hot_dims(embedding, rows, "W_E")
    positions = weights.W_pos.astype(np.float64)
    index_dims = _one_hot_dims(positions, list(range(1, model.config.n_ctx)), "W_pos")
    bos = np.nonzero(significant(embedding)[encoder.bos] | significant(positions)[0])[0].tolist()
    d_model = model.config.d_model
    return Stream(
        token_dims,
        index_dims,
        d_model,
        frozenset(bos),
        _output_dims(weights),
        tuple(_twins_joined(_heads(weights, constant))),
        tuple(_mlps(weights, constant, bos)),
        frozenset(range(d_model + 1)),
        _at_bos(model, constant),
    )


def _at_bos(model: TransformerProgram, constant: list[int]) -> Floats:
    """What each layer reads at BOS, which attends to itself alone; shape [layers, dimensions]."""
    with torch.inference_mode():
        _, cache = model.run_with_cache(torch.tensor([[model.input_encoder.bos]]))
    rows = [cache[f"blocks.{layer}.hook_resid_pre"][0, 0].numpy() for layer in range(model.config.n_layers)]
    found = np.array(rows, dtype=np.float64).reshape(len(rows), model.config.d_model)
    found[:, constant] = 0
    return np.concatenate([found, np.ones((len(rows), 1))], axis=1)


def _constant_dims(weights: Weights) -> list[int]:
    """The dimensions that every token sets to 1."""
    return np.nonzero(np.all(np.abs(weights.W_E - 1) < RELATIVE, axis=0))[0].tolist()


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


def _reading(matrix: Floats32, bias: Floats32, constant: list[int]) -> Floats:
    """A matrix that reads the stream, with a last row for what is read always."""
    reads: Floats = matrix.astype(np.float64)
    always = bias.astype(np.float64) + reads[constant].sum(axis=0)
    reads[constant] = 0
    return np.concatenate([reads, always[None]])


def _writing(matrix: Floats32) -> Floats:
    """A matrix that writes the stream, with a last column of zeros: nothing writes what is always 1."""
    return np.concatenate([matrix.astype(np.float64), np.zeros((len(matrix), 1))], axis=1)


def _heads(weights: Weights, constant: list[int]) -> Iterator[Head]:
    """Heads that do something: those that write into the stream."""
    for layer, head in np.ndindex(*weights.W_Q.shape[:2]):
        w_q = _reading(weights.W_Q[layer, head], weights.b_Q[layer, head], constant)
        w_k = _reading(weights.W_K[layer, head], weights.b_K[layer, head], constant)
        w_v = _reading(weights.W_V[layer, head], weights.b_V[layer, head], constant)
        ov = w_v @ _writing(weights.W_O[layer, head])
        if np.abs(ov).max(initial=0.0) > RELATIVE:
            key_dims = np.nonzero(significant(w_k).any(axis=1))[0].tolist()
            yield Head(layer, (head,), cleaned(w_q @ w_k.T), cleaned(ov), tuple(key_dims))


def _twins_joined(heads: Iterable[Head]) -> list[Head]:
    """Heads that share attention and what they move, as one."""
    found: list[Head] = []
    for head in heads:
        for place, other in enumerate(found):
            if np.array_equal(head.ov != 0, other.ov != 0) and head.attends_as(other):
                found[place] = other.joined(head)
                break
        else:
            found.append(head)
    return found


def _mlps(weights: Weights, constant: list[int], bos: list[int]) -> Iterator[Mlp]:
    for layer in range(len(weights.W_in)):
        w_in = _reading(weights.W_in[layer], weights.b_in[layer], constant)
        w_out = _writing(weights.W_out[layer])
        yield _without_cleaners(Mlp(layer, *_clean_neurons(w_in, w_out)), bos)


def _without_cleaners(mlp: Mlp, bos: list[int]) -> Mlp:
    """Leave out neurons that fire at BOS alone: they keep its row clean, and are no part of a line."""
    elsewhere = mlp.w_in.copy()
    elsewhere[bos] = 0
    only_bos = ~(elsewhere[:-1] != 0).any(axis=0) & ~(~mlp.open & (mlp.always > 0))
    return mlp.without(only_bos)


def _clean_neurons(w_in: Floats, w_out: Floats) -> tuple[Floats, Floats]:
    """Weights with zeros where not significant, judged neuron by neuron.

    A neuron may be scaled up before the ReLU and down behind it, and those of long ladders are steep; one
    that writes next to nothing at unit input is none.
    """
    reads = np.abs(w_in) > RELATIVE * np.abs(w_in).max(axis=0)
    reads[-1] = True  # thresholds are differences of large numbers: each counts
    size = np.abs(w_out)
    writes = size > np.maximum(
        RELATIVE * size.max(axis=1, keepdims=True), _LEAST_WRITE * size.max(initial=0.0)
    )
    acting = np.abs(w_in).max(axis=0) * size.max(axis=1) > _LEAST_WRITE
    return np.where(reads, w_in, 0.0), np.where(writes & acting[:, None], w_out, 0.0)
