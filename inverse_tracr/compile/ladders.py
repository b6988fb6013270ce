"""How an MLP reads a number: steps at thresholds between the numbers that it may be.

Two neurons make a step, ReLU(L x - L t + 1) - ReLU(L x - L t): 0 up to t - 1/L, 1 from t on, a ramp between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.mode import Mode
from inverse_tracr.rasp.functions import UnaryFunction
from inverse_tracr.rasp.tabulated import tabulated_unary
from inverse_tracr.rasp.values import Value, as_number

EXACTNESS = 100.0
"""Tracr's slope L. Its ramps blur numbers that lie closer together than 2 / L."""

RESOLUTION = 2.0**20
"""Largest slope times number in mode `fixed`: float32 then still holds steps to a sixteenth."""

USUAL = 128.0
"""Slope in mode `fixed` where nothing speaks for another."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Ladder:
    """What an MLP makes of a number: slope L, -L t for every rising threshold t, and the values written.

    `heights` has a row for every number between the thresholds and a column for every output dimension.
    """

    slope: float
    offsets: Numbers
    heights: Numbers

    @property
    def is_exact(self) -> bool:
        """Whether float32 computes the steps without error."""
        return self.slope != EXACTNESS

    @cached_property
    def rises(self) -> Numbers:
        """What each step adds to the output; shape [thresholds, dimensions]."""
        return np.diff(self.heights, axis=0)

    @cached_property
    def jumps(self) -> Numbers:
        """How far each step moves the output: a number by that much, a one-hot by what changes its place."""
        rises = np.abs(self.rises).sum(axis=1)
        return rises if self.heights.shape[1] == 1 else rises / 2

    def steps(self, numbers: Numbers) -> Numbers:
        """How far each step is taken at each number, 0 to 1; shape [numbers, thresholds]."""
        return np.clip(self.slope * numbers[:, None] + self.offsets + 1, 0, 1)

    def output(self, numbers: Numbers) -> Numbers:
        """What is written at each number, without rounding; shape [numbers, dimensions]."""
        return self.heights[0] + self.steps(numbers) @ self.rises


@lru_cache(maxsize=20_000)
def map_ladder(
    function: UnaryFunction, numbers: tuple[Value, ...], *, categorical: bool, mode: Mode
) -> Ladder:
    """The ladder of a map of a number in the set `numbers`.

    Numbers where the function has no value are left out, as in Tracr.
    """
    table = tabulated_unary(function, numbers)
    steps = [(as_number(n), r) for n, r in zip(numbers, table.results, strict=True) if r is not None]
    values = table.values if categorical else None
    return _ladder([n for n, _ in steps], _heights([r for _, r in steps], values), mode)


@lru_cache(maxsize=20_000)
def is_map_readable(function: UnaryFunction, numbers: tuple[Value, ...]) -> bool:
    """Whether `map_ladder` of mode `fixed` tells the numbers apart in float32."""
    results = tabulated_unary(function, numbers).results
    return is_readable([as_number(n) for n, r in zip(numbers, results, strict=True) if r is not None])


@lru_cache(maxsize=1_000)
def width_ladder(widest: int, *, categorical: bool, mode: Mode) -> Ladder:
    """The ladder that finds the width w of a selection, up to `widest`, from 1 / (w + 1)."""
    widths = range(widest, -1, -1)
    results: list[Value] = list(widths)
    heights = _heights(results, list(range(widest + 1)) if categorical else None)
    return _ladder([1 / (w + 1) for w in widths], heights, mode)


def _heights(results: Sequence[Value], values: Sequence[Value] | None) -> Numbers:
    if values is None:
        return np.array(results, dtype=np.float64)[:, None]
    column = {value: i for i, value in enumerate(values)}
    heights = np.zeros((len(results), len(values)))
    heights[np.arange(len(results)), [column[r] for r in results]] = 1
    return heights


def _ladder(numbers: Sequence[float], heights: Numbers, mode: Mode) -> Ladder:
    """Steps between neighbours of the rising `numbers`.

    Mode `tracr`: Tracr's slope, thresholds half way. Mode `fixed`: the slope is a power of two and L t is
    whole, so that float32 makes no error, and every ramp lies in the middle half of its gap.
    """
    points = np.array(numbers, dtype=np.float64)
    middles = (points[:-1] + points[1:]) / 2
    if mode is Mode.TRACR:
        return Ladder(EXACTNESS, -EXACTNESS * middles, heights)
    slope = _slope(points)
    return Ladder(slope, -np.round(slope * middles + 0.5), heights)


@lru_cache(maxsize=1_000)
def are_widths_readable(widest: int) -> bool:
    """Whether `width_ladder` of mode `fixed` tells all widths apart in float32."""
    return is_readable([1 / (w + 1) for w in range(widest, -1, -1)])


def is_readable(numbers: Sequence[float]) -> bool:
    """Whether a ladder of mode `fixed` tells all the rising `numbers` apart in float32."""
    points = np.array(numbers, dtype=np.float64)
    return _slope(points) * float(np.abs(points).max()) <= RESOLUTION


def _slope(points: Numbers) -> float:
    """The power of two next to Tracr's slope; more where numbers lie close, less where they are large."""
    largest = max(float(np.abs(points).max()), 1.0)
    flattest = 0.0 if len(points) < 2 else 4 / float((points[1:] - points[:-1]).min())
    steepest = 2.0 ** math.floor(math.log2(RESOLUTION / largest))
    return max(min(USUAL, steepest), 2.0 ** math.ceil(math.log2(max(flattest, 1.0))))
