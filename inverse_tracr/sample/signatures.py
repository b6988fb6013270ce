"""Random signatures."""

from __future__ import annotations

import string
from functools import lru_cache
from typing import NamedTuple

from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draws import Draws


def draw_signature(draws: Draws, config: SamplerConfig) -> Signature:
    """A signature within the ranges of `config`."""
    tokens = _tokens(draws, config) if config.vocab is None else None
    max_seq_len, causal = draws.between(*config.max_seq_len), draws.chance(config.causal)
    if tokens is None:
        return Signature(config.vocab or (), max_seq_len, causal)
    return _signature(tokens, max_seq_len, causal)


class Tokens(NamedTuple):
    """A vocabulary: letters, whole numbers from `first` on, or the truth values."""

    kind: type[bool] | type[int] | type[str]
    first: int
    size: int

    def vocab(self) -> tuple[Value, ...]:
        """The tokens."""
        if self.kind is bool:
            return (False, True)
        if self.kind is str:
            return tuple(string.ascii_lowercase[: self.size])
        return tuple(range(self.first, self.first + self.size))


def _tokens(draws: Draws, config: SamplerConfig) -> Tokens:
    size, drawn = draws.between(*config.vocab_size), draws.uniform()
    if drawn < 0.05:
        return Tokens(bool, 0, 2)
    if drawn < 0.5:
        return Tokens(str, 0, size)
    return Tokens(int, draws.below(2), size)


@lru_cache(maxsize=4096)
def _signature(tokens: Tokens, max_seq_len: int, causal: bool) -> Signature:
    return Signature(tokens.vocab(), max_seq_len, causal)
