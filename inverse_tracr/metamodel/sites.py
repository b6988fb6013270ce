"""Sites: the positions of the probe inputs on which models and programs are executed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.grid import Grid, ragged_grid

Index = NDArray[np.intp]

SITES = 400
"""Positions that the probes of a model have, or a few more."""

_LENGTHS = 4
_KEYS = 64


@dataclass(frozen=True)
class Sites:
    """The positions of probes one behind the other, and the same probes in batches of one length.

    `batches` are pairs: the sites of a batch [inputs, length] and their token indices [inputs, length].
    """

    grid: Grid
    batches: tuple[tuple[Index, Index], ...]

    @property
    def count(self) -> int:
        """Number of sites."""
        return len(self.grid.tokens)


def draw_sites(
    signature: Signature, *, key: int, count: int = SITES, inputs: tuple[tuple[int, ...], ...] = ()
) -> Sites:
    """At least `count` sites: those of `inputs` (vocabulary indices) and of one of `_KEYS` fixed draws."""
    vocab, longest = len(signature.vocab), signature.max_seq_len
    return _draw(vocab, longest, signature.causal, key % _KEYS, count, inputs)


@lru_cache(maxsize=2048)
def _draw(
    vocab: int, longest: int, causal: bool, key: int, least: int, inputs: tuple[tuple[int, ...], ...]
) -> Sites:
    """Inputs of at most five lengths, half of full length; a third use up to three different tokens."""
    random = np.random.default_rng([7, vocab, longest, key])
    shorter = random.permutation(np.arange(1, longest))[: _LENGTHS - 1]
    rows = [np.array(row, np.intp) for row in inputs]
    total = 0
    while total < least:
        length = longest if len(rows) % 2 == 0 or not len(shorter) else int(random.choice(shorter))
        row = random.integers(0, vocab, size=length)
        if random.random() < 1 / 3:
            few = random.integers(0, vocab, size=int(random.integers(1, 4)))
            row = few[random.integers(0, len(few), size=length)]
        rows.append(row.astype(np.intp))
        total += length
    rows.sort(key=len)
    return Sites(ragged_grid(rows, causal=causal), _batches(rows))


def _batches(rows: list[Index]) -> tuple[tuple[Index, Index], ...]:
    batches: list[tuple[Index, Index]] = []
    begin = 0
    for length in sorted({len(row) for row in rows}):
        tokens = np.stack([row for row in rows if len(row) == length])
        sites = begin + np.arange(tokens.size).reshape(tokens.shape)
        batches.append((sites, tokens))
        begin += tokens.size
    return tuple(batches)
