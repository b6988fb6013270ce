"""Noise on what a compiled model does, so that it looks like a trained one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEATURES = 32
"""Random functions of the residual stream that errors of a trained half-layer are sums of."""

LEAST_SHARE = 0.01
"""Noise of the cleanest half-layer of a student over that of the noisiest, at least."""

ON_SCORES = 10.0
"""Noise on attention scores for noise of 1 on what half-layers write, where it is the same everywhere."""


@dataclass(frozen=True)
class Blur:
    """`size`: standard deviation of the noise over that of what a half-layer writes.

    `student`: what a student trained from nothing is like. Its residual stream is half as wide, a random
    linear image of the compiled one; errors depend on the stream, equal streams have equal ones; `size` is
    that of the noisiest half-layer; scores are hardly off. Or else noise is drawn anew everywhere.
    """

    size: float
    student: bool = False

    def projection(self, width: int, random: np.random.Generator) -> Floats:
        """A map of the residual stream [width, width or less]."""
        return random.standard_normal((width, -(-width // 2))) if self.student else np.eye(width)

    def on_rows(self, rows: Floats, embedded: Floats, random: np.random.Generator) -> Floats:
        """Noise for what half-layers write, `rows` [halves, sites, width]; `embedded` [sites, width]."""
        if not self.student:
            return self.size * rows.std(axis=1, keepdims=True) * random.standard_normal(rows.shape)
        noise = np.zeros_like(rows)
        stream = embedded.copy()
        for half, written in enumerate(rows):
            stream += written
            spread = np.sqrt(written.var(axis=0).mean())
            if spread:
                size = self.size * LEAST_SHARE ** random.random()
                noise[half] = size * spread * _errors(stream, random)
        return noise

    def on_scores(self, scores: Floats, random: np.random.Generator) -> Floats:
        """Noise for attention scores."""
        size = self.size if self.student else ON_SCORES * self.size
        return size * random.standard_normal(scores.shape)


def _errors(stream: Floats, random: np.random.Generator) -> Floats:
    """A random network of one hidden layer, of variance 1: [sites, width]."""
    scaled = (stream - stream.mean(axis=0)) / np.maximum(stream.std(axis=0), 1e-6)
    width = stream.shape[1]
    hidden = scaled @ random.standard_normal((width, FEATURES)) / np.sqrt(width)
    hidden = np.maximum(hidden + random.standard_normal(FEATURES), 0)
    found = (hidden - hidden.mean(axis=0)) @ random.standard_normal((FEATURES, width))
    return found / max(float(found.std()), 1e-9)
