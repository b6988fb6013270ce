"""Ladders: functions of a number as steps, sharp where the weights make them ramps."""

from __future__ import annotations

import numpy as np

from inverse_tracr.decompile.lift.stream import Floats


def steps_at(
    numbers: Floats, slopes: Floats, always: Floats, heights: Floats, constant: float
) -> Floats | None:
    """The function that neurons `relu(slope * x + always) * height` build, with its ramps made steps.

    A step is a pair of neurons of equal slope and opposite heights whose thresholds lie 1/slope apart; it
    stands at the upper threshold. Returns the function at `numbers`, shape [numbers]; None when the
    neurons are no such pairs.
    """
    kinks = -always / slopes
    order = np.lexsort((heights, kinks))
    free = list(order)
    total = np.full(numbers.shape, constant)
    while free:
        first = free.pop(0)
        partner = next(
            (
                n
                for n in free
                if abs(heights[n] + heights[first]) < 1e-5 * abs(heights[first])
                and abs(slopes[n] - slopes[first]) < 1e-4 * abs(slopes[first])
                and abs(kinks[n] - kinks[first] - 1 / slopes[first]) < 1e-3 / abs(slopes[first])
            ),
            None,
        )
        if partner is None:
            return None
        free.remove(partner)
        total += heights[first] * (numbers >= kinks[partner] - 1e-9)
    return total
