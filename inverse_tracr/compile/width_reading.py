"""How well a selector width is read from the share of attention that BOS is left with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from inverse_tracr.compile.bounds import (
    EXACT,
    VECTOR_TOLERANCE,
    Attention,
    distances,
    ladder_error,
    rounding,
)
from inverse_tracr.compile.ladders import Ladder, Numbers, width_ladder
from inverse_tracr.compile.mode import Mode

_SMALL = 1e-2
"""A leak that ladders of mode `fixed` stand."""


@dataclass(frozen=True)
class WidthReading:
    """How well the widths 0 to the longest are read from their shares of attention.

    `blurred`: some are not; `slack`: how far the others are off without any leak; `is_wide`: a leak below
    `_SMALL` does not matter.
    """

    ladder: Ladder
    shares: Numbers
    blurred: bool
    slack: float
    is_wide: bool

    def error(self, head: Attention) -> float:
        """How far the result may be off for a head with these bounds."""
        if self.is_wide and head.leak <= _SMALL and head.spread <= _SMALL:
            return self.slack + self._rounding
        moved = self.shares * (head.leak + head.spread * (1 - self.shares))
        return self.slack + ladder_error(self.ladder, self.shares, moved)

    def error_at_bos(self, head: Attention) -> float:
        """How much of the result stays at BOS, which sees itself alone."""
        if self.is_wide and head.into_bos <= _SMALL:
            return self._rounding
        return ladder_error(self.ladder, np.ones(1), head.into_bos)

    @cached_property
    def _rounding(self) -> float:
        """Exact steps round at no share above a third: a half is a power of two."""
        return rounding(self.ladder, 1 / 3 if self.ladder.is_exact else 1.0)


@lru_cache(maxsize=1_000)
def reading_of_widths(longest: int, numerical: bool, mode: Mode) -> WidthReading:
    """The reading of a selector width under these conditions."""
    read = width_ladder(longest, categorical=not numerical, mode=mode)
    widths = np.arange(longest + 1, dtype=np.float64)
    shares = 1 / (widths + 1)
    off = distances(read.output(shares), widths[:, None] if numerical else np.eye(len(widths)))
    wrong = off > (EXACT if numerical else VECTOR_TOLERANCE)
    right = shares[~wrong]
    slack = 0.0 if wrong.all() else float(off[~wrong].max())
    moved = ladder_error(read, right, right * _SMALL * (2 - right)) - rounding(read, 1.0)
    return WidthReading(read, right, bool(wrong.any()), slack, is_wide=moved <= 0)
