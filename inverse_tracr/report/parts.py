"""The parts of a model that do something: half-layers, their heads and their neurons."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from inverse_tracr.model import TransformerProgram, Weights

EMBEDDING = -1
"""The rank of what stands in the residual stream before the first half-layer."""


class Sublayer(enum.Enum):
    """The two kinds of half-layer."""

    ATTENTION = "attention"
    MLP = "MLP"


@dataclass(frozen=True)
class HalfLayer:
    """One attention or MLP sub-layer: the heads and neurons that write to the residual stream.

    `active` is False where nothing is written, not even a bias.
    """

    rank: int
    heads: tuple[int, ...]
    neurons: tuple[int, ...]
    active: bool

    @property
    def layer(self) -> int:
        """The layer that it belongs to."""
        return self.rank // 2

    @property
    def sublayer(self) -> Sublayer:
        """Attention for even ranks, MLP for odd ones."""
        return Sublayer.MLP if self.rank % 2 else Sublayer.ATTENTION

    @property
    def name(self) -> str:
        """`layer 1 attention`."""
        return f"layer {self.layer} {self.sublayer.value}"


def half_layers(model: TransformerProgram) -> tuple[HalfLayer, ...]:
    """Every half-layer of a model, in order."""
    weights = model.weights()
    return tuple(
        _mlp(weights, rank) if rank % 2 else _attention(weights, rank)
        for rank in range(2 * model.config.n_layers)
    )


def _attention(weights: Weights, rank: int) -> HalfLayer:
    layer = rank // 2
    reads = (weights.W_V[layer] != 0).any(axis=1) | (weights.b_V[layer] != 0)
    writes = (weights.W_O[layer] != 0).any(axis=2)
    heads = tuple((reads & writes).any(axis=1).nonzero()[0].tolist())
    return HalfLayer(rank, heads, (), bool(heads) or bool(weights.b_O[layer].any()))


def _mlp(weights: Weights, rank: int) -> HalfLayer:
    layer = rank // 2
    can_fire = (weights.W_in[layer] != 0).any(axis=0) | (weights.b_in[layer] > 0)
    neurons = tuple((can_fire & (weights.W_out[layer] != 0).any(axis=1)).nonzero()[0].tolist())
    return HalfLayer(rank, (), neurons, bool(neurons) or bool(weights.b_out[layer].any()))
