"""Ladders: functions of a number as steps, sharp where the weights make them ramps.

A step is a pair of neurons relu(a (x - s)) and -relu(a (x - s - g)): a ramp of width g whose height is a g
times what the neurons write. All ramps of a ladder have the same width, whatever the scale of its neurons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.stream import Floats

_NEARNESS = (1e-3, 0.1)
"""Kinks closer together than this share of the width of a ramp are one; coarser where rounding needs it."""
_TAKEN = 0.98
"""Share of its ramp after which a step counts as taken: thresholds are exact only up to rounding."""
_ROUNDING = 1e-4
"""Share of the steepest slope below which a slope is zero."""

_LARGEST_SCALE = 100
"""By how much a neuron may be scaled up before the ReLU and down behind it."""

Turns = list[tuple[float, float]]
"""Places where the slope of a function changes, in order, and by how much."""


@dataclass(frozen=True)
class Ramps:
    """The width of all ramps of a ladder, and how far apart two kinks may be to count as one."""

    width: float
    near: float


def find_ramps(slopes: Floats, always: Floats) -> Ramps | None:
    """The ramps that neurons `relu(slope * x + always)` build; None when they build none.

    Their width is the smallest for which the kinks pair up, and no less than neurons of this slope can have.
    """
    if not len(slopes):
        return None
    kinks = np.unique(-always / slopes).tolist()
    least = 1 / (_LARGEST_SCALE * float(slopes.max()))
    widths = [kink - kinks[0] for kink in kinks[1:] if kink - kinks[0] > least]
    found = (Ramps(width, near * width) for near in _NEARNESS for width in widths)
    return next((ramps for ramps in found if _pair_up(kinks, ramps)), None)


def _pair_up(kinks: list[float], ramps: Ramps) -> bool:
    """Whether each kink that ends no ramp starts one whose end is another kink."""

    def meets(start: float, kink: float) -> bool:
        return abs(start - kink) <= ramps.near

    starts: list[float] = []
    ended = 0
    for kink in kinks:
        if ended < len(starts) and meets(starts[ended] + ramps.width, kink):
            ended += 1
        elif ended < len(starts) and starts[ended] + ramps.width < kink:
            return False
        elif not (ended and meets(starts[ended - 1] + ramps.width, kink)) and not (
            starts and meets(starts[-1], kink)
        ):
            starts.append(kink)
    return ended == len(starts)


def steps_at(
    numbers: Floats, slopes: Floats, always: Floats, heights: Floats, constant: float, ramps: Ramps | None
) -> Floats | None:
    """The function that neurons `relu(slope * x + always) * height` build, its ramps made steps.

    A step stands at the upper end of its ramp. Returns the function at `numbers`, shape [numbers]; None
    when the neurons make no such ramps.
    """
    total = np.full(numbers.shape, constant)
    if not len(slopes):
        return total
    if ramps is None or (slopes <= 0).any():
        return None
    turns = sorted(zip((-always / slopes).tolist(), (slopes * heights).tolist(), strict=True))
    tolerance = _ROUNDING * max(abs(turn) for _, turn in turns)
    ends: Turns = []
    while turns:
        at = min([*turns[:1], *ends[:1]])[0]
        slope = _taken(turns, at + ramps.near) + _taken(ends, at + ramps.near)
        if abs(slope) > tolerance:
            total += slope * ramps.width * (numbers >= at + _TAKEN * ramps.width)
            ends.append((at + ramps.width, slope))
    return None if ends else total


def _taken(turns: Turns, limit: float) -> float:
    """The sum of the turns up to `limit`, which are removed."""
    count = next((i for i, (at, _) in enumerate(turns) if at > limit), len(turns))
    taken = sum((turn for _, turn in turns[:count]), start=0.0)
    del turns[:count]
    return taken
