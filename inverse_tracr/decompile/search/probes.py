"""Inputs on which a model is executed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.inputs import count_inputs
from inverse_tracr.rasp.signature import Signature

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Probes:
    """Inputs of several lengths in one array: vocabulary indices [inputs, positions], 0 beyond the length."""

    tokens: Labels
    lengths: Labels

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which positions are part of an input."""
        return np.arange(self.tokens.shape[1]) < self.lengths[:, None]

    def with_input(self, tokens: Labels) -> Probes:
        """These probes and one more."""
        row = np.zeros((1, self.tokens.shape[1]), dtype=np.int64)
        row[0, : len(tokens)] = tokens
        return Probes(np.concatenate([row, self.tokens]), np.concatenate([[len(tokens)], self.lengths]))


def draw_probes(signature: Signature, count: int, *, seed: int) -> Probes:
    """Every input where there are at most `count`, else `count` drawn with long ones preferred."""
    longest, vocab = signature.max_seq_len, len(signature.vocab)
    random = np.random.default_rng([seed, vocab, longest])
    if count_inputs(signature) <= count:
        return _every(vocab, longest)
    weights = np.minimum(float(vocab) ** np.arange(1, longest + 1), 4.0 * np.arange(1, longest + 1) ** 2)
    lengths = random.choice(np.arange(1, longest + 1), size=count, p=weights / weights.sum())
    tokens = random.integers(0, vocab, size=(count, longest))
    few = random.random(count) < 0.3
    pool = random.integers(0, vocab, size=(count, 2))
    narrow = np.take_along_axis(pool, random.integers(0, 2, size=(count, longest)), axis=1)
    tokens[few] = narrow[few]
    tokens[np.arange(longest) >= lengths[:, None]] = 0
    return Probes(tokens, lengths)


def _every(vocab: int, longest: int) -> Probes:
    rows: list[Labels] = []
    lengths: list[int] = []
    for length in range(1, longest + 1):
        grid = np.stack([a.ravel() for a in np.meshgrid(*[np.arange(vocab)] * length, indexing="ij")], axis=1)
        padded = np.zeros((len(grid), longest), dtype=np.int64)
        padded[:, :length] = grid
        rows.append(padded)
        lengths += [length] * len(grid)
    return Probes(np.concatenate(rows), np.array(lengths))
