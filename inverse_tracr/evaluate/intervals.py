"""Confidence intervals: Wilson's for shares, the bootstrap for means."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""Normal quantile of a two-sided level of 95 %."""
RESAMPLES = 2_000
SEED = 95


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A share or a mean of `count` models with its interval at 95 %."""

    value: float
    low: float
    high: float
    count: int

    def to_json(self) -> list[float]:
        """Bounds of the interval."""
        return [self.low, self.high]


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)
"""The estimate from no models."""


def share(flags: Sequence[bool]) -> Estimate:
    """The share of true flags, with Wilson's interval (Wilson 1927)."""
    count = len(flags)
    if not count:
        return NOTHING
    observed = sum(flags) / count
    centre = (observed + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z * math.sqrt(observed * (1 - observed) / count + Z**2 / (4 * count**2)) / (1 + Z**2 / count)
    low = 0.0 if observed == 0 else max(0.0, centre - half)
    high = 1.0 if observed == 1 else min(1.0, centre + half)
    return Estimate(observed, low, high, count)


def mean(values: Sequence[float]) -> Estimate:
    """The mean, with the percentile interval of its bootstrap, resampled from a fixed seed."""
    return _bootstrap(values, lambda drawn: drawn.mean(axis=-1))


def median(values: Sequence[float]) -> Estimate:
    """The median, with the percentile interval of its bootstrap."""
    return _bootstrap(values, lambda drawn: np.asarray(np.median(drawn, axis=-1)))


def _bootstrap(values: Sequence[float], statistic: Callable[[Floats], Floats]) -> Estimate:
    if not values:
        return NOTHING
    found = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng([SEED, len(found)])
    drawn = found[random.integers(0, len(found), size=(RESAMPLES, len(found)))]
    low, high = np.quantile(statistic(drawn), [0.025, 0.975]).tolist()
    return Estimate(float(statistic(found)), low, high, len(found))


def percentile(values: Sequence[float], share_below: float) -> float:
    """The value below which this share of the values lies; NaN where there are none."""
    return float(np.quantile(np.asarray(values), share_below)) if values else math.nan
