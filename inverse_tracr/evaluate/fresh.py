"""Inputs that no decompiler has seen: for the judgement of mechanisms, and for checks of verdicts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp import Signature

SEED = 20_261_121
"""Of the streams of this module alone."""

Batch = NDArray[np.int64]


def fresh_inputs(signature: Signature, count: int, *, seed: int = SEED) -> Iterator[Batch]:
    """`count` inputs, one batch a length [inputs, length]: indices into the vocabulary, lengths uniform."""
    vocab, longest = len(signature.vocab), signature.max_seq_len
    random = np.random.default_rng([seed, vocab, longest])
    lengths = random.integers(1, longest + 1, size=count)
    for length in range(1, longest + 1):
        inputs = int((lengths == length).sum())
        if inputs:
            yield random.integers(0, vocab, size=(inputs, length))
