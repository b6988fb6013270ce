"""How an MLP reads a number: steps at thresholds between the numbers that it may be.

Two neurons make a step, ReLU(L x - L t + 1) - ReLU(L x - L t): 0 up to t - 1/L, 1 from t on, a ramp between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.mode import Mode

EXACTNESS = 100.0
"""Tracr's slope L. Its ramps blur numbers that lie closer together than 2 / L."""

RESOLUTION = 2.0**20
"""Largest slope times number in mode `fixed`: float32 then still holds steps to a sixteenth."""

_CLOSE = 2.2 / EXACTNESS
"""Numbers closer together than this get a steeper ladder in mode `fixed`."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Ladder:
    """Slope L, and -L t for every threshold t, rising."""

    slope: float
    offsets: Numbers

    def steps(self, numbers: Numbers) -> Numbers:
        """How far each step is taken at each number, 0 to 1; shape [numbers, thresholds]."""
        lifted = self.slope * numbers[:, None] + self.offsets
        return np.clip(lifted + 1, 0, 1)


def ladder(numbers: Sequence[float], mode: Mode) -> Ladder:
    """Steps between neighbours of the rising `numbers`.

    Mode `tracr`: Tracr's slope, thresholds half way. Mode `fixed`: the same where that reads every number
    without a ramp; otherwise the slope is a power of two and L t whole, so that float32 makes no error.
    """
    points = np.array(numbers, dtype=np.float64)
    middles = (points[:-1] + points[1:]) / 2
    if mode is Mode.TRACR or _reads_all(points):
        return Ladder(EXACTNESS, -EXACTNESS * middles)
    slope = _slope(points)
    return Ladder(slope, -np.round(slope * middles + 0.5))  # the ramp lies half way


def is_readable(numbers: Sequence[float]) -> bool:
    """Whether a ladder of mode `fixed` tells all the rising `numbers` apart in float32."""
    points = np.array(numbers, dtype=np.float64)
    return _reads_all(points) or _slope(points) * float(np.abs(points).max()) <= RESOLUTION


def _reads_all(points: Numbers) -> bool:
    if len(points) < 2:
        return True
    return bool(np.diff(points).min() >= _CLOSE and np.abs(points).max() * EXACTNESS <= RESOLUTION)


def _slope(points: Numbers) -> float:
    """A power of two that leaves a quarter of the smallest gap on both sides of every ramp."""
    return 2.0 ** math.ceil(math.log2(4 / float(np.diff(points).min())))
