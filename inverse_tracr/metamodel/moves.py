"""What heads move of each site, whether they attend to it or not, against what lines would move."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.fillings import Filling
from inverse_tracr.metamodel.sites import Sites
from inverse_tracr.metamodel.state import State, indicators
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.rasp.program import Aggregate

Floats = NDArray[np.float64]

COST = 3.0
"""What a line that does not fit what its head moves costs, in nats."""

LEAST_MOVED = 1e-3
"""Variance of what a head moves, in that of what its half-layer writes, below which it moves nothing."""


def read_streams(model: TransformerProgram, sites: Sites) -> Floats:
    """What each half-layer reads on the sites, and what the last leaves [half-layers + 1, sites, d_model]."""
    config, encoder = model.config, model.input_encoder
    found = np.zeros((2 * config.n_layers + 1, sites.count, config.d_model))
    ids = np.array([encoder.row(token) for token in model.signature.vocab])
    for where, tokens in sites.batches:
        batch = np.full((len(tokens), tokens.shape[1] + 1), encoder.bos)
        batch[:, 1:] = ids[tokens]
        with torch.inference_mode():
            _, cache = model.run_with_cache(torch.from_numpy(batch))
        for layer in range(config.n_layers):
            for half, name in ((0, "hook_resid_pre"), (1, "hook_resid_mid"), (2, "hook_resid_post")):
                found[2 * layer + half, where] = cache[f"blocks.{layer}.{name}"][:, 1:].numpy()
    return found


@dataclass(frozen=True)
class Moves:
    """A model on sites; `read` [half-layers + 1, sites, d_model] is what half-layers read.

    `writes` [half-layers, sites, d_model] is what they write, where it is not the difference.
    """

    weights: Weights
    read: Floats
    writes: Floats | None = None

    def written(self, half: int) -> Floats:
        """What a half-layer writes [sites, d_model]."""
        return self.read[half + 1] - self.read[half] if self.writes is None else self.writes[half]

    def values(self, layer: int, head: int) -> Floats:
        """What a head would move of each site [sites, d_model]."""
        w = self.weights
        values = self.read[2 * layer] @ w.W_V[layer, head].astype(np.float64) + w.b_V[layer, head]
        return values @ w.W_O[layer, head].astype(np.float64)

    def fit(self, layer: int, head: int, moved: Column | None) -> float:
        """How well a head moves a column, from 0 to 1; None stands for nothing."""
        key = (layer, head, None if moved is None else moved.key)
        if key not in self._fits:
            self._fits[key] = self._fit(layer, head, moved)
        return self._fits[key]

    def costs(self, state: State, filling: Filling) -> Floats:
        """What each of the lines that read heads costs for not fitting what these move."""
        found = np.zeros(len(filling.lines))
        for at, (lines, heads) in enumerate(zip(filling.lines, filling.heads, strict=False)):
            reader = lines[-1]
            moved = state.column(reader.values) if isinstance(reader, Aggregate) else None
            fits = [self.fit(state.half // 2, head, moved) for head in heads]
            found[at] = COST * (1 - max(fits, default=1.0))
        return found

    @cached_property
    def left(self) -> dict[tuple[int, frozenset[bytes]], float | None]:
        """What is known of what lines leave of half-layers, by these and what lines say: see `evidence`."""
        return {}

    @cached_property
    def _fits(self) -> dict[tuple[int, int, bytes | None], float]:
        return {}

    def _fit(self, layer: int, head: int, moved: Column | None) -> float:
        """The smaller of two shares: of what is moved that lies between the values of a column, and of the
        column's indicators that are linear in what is moved.
        """
        values = self.values(layer, head)
        values = values - values.mean(axis=0)
        written = self.written(2 * layer)
        total, scale = float((values**2).sum()), float(((written - written.mean(axis=0)) ** 2).sum())
        if moved is None or total < LEAST_MOVED * scale:
            return float((moved is None) == (total < LEAST_MOVED * scale))
        return _linear_both_ways(values, moved)

    def key_fit(self, layer: int, head: int, key: Column) -> float:
        """How well what a head has of each site as a key fits a column, from 0 to 1."""
        keys = self.read[2 * layer] @ self.weights.W_K[layer, head].astype(np.float64)
        keys = keys - keys.mean(axis=0)
        return _linear_both_ways(keys, key) if keys.any() else 0.0


def _linear_both_ways(values: Floats, column: Column) -> float:
    own = indicators(column)
    left, singular, _ = np.linalg.svd(own, full_matrices=False)
    explained = left[:, singular > 1e-6 * max(float(singular.max(initial=0.0)), 1e-12)]
    between = float(((explained.T @ values) ** 2).sum()) / max(float((values**2).sum()), 1e-12)
    basis, sizes, _ = np.linalg.svd(values, full_matrices=False)
    basis = basis[:, sizes > 1e-2 * sizes[0]]
    linear = float(((basis.T @ own) ** 2).sum()) / max(float((own**2).sum()), 1e-12)
    return min(between, linear)
