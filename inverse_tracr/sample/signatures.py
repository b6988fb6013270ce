"""Random signatures."""

from __future__ import annotations

import string

from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draws import Draws


def draw_signature(draws: Draws, config: SamplerConfig) -> Signature:
    """A signature within the ranges of `config`."""
    vocab = config.vocab
    if vocab is None:
        vocab = _vocabulary(draws, draws.between(*config.vocab_size))
    return Signature(vocab, draws.between(*config.max_seq_len), draws.chance(config.causal))


def _vocabulary(draws: Draws, size: int) -> tuple[Value, ...]:
    """Letters, whole numbers from 0 or 1, or, where two tokens are enough, the truth values."""
    drawn = draws.uniform()
    if drawn < 0.05:
        return (False, True)
    if drawn < 0.5:
        return tuple(string.ascii_lowercase[:size])
    first = draws.below(2)
    return tuple(range(first, first + size))
