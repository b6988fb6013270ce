"""Numbers read from float32 weights as the simple numbers that they were written as."""

from __future__ import annotations

from fractions import Fraction

_LARGEST_DENOMINATOR = 1_000


def snapped(number: float) -> float | int:
    """The simplest number that float32 cannot tell from `number`: whole, a small fraction, few digits."""
    number = float(number)
    scale = max(1.0, abs(number))
    if abs(number - round(number)) < 1e-5 * scale:
        return round(number)
    for digits in range(1, 5):
        if abs(number - round(number, digits)) < 2e-7 * scale:
            return round(number, digits)
    fraction = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(number - float(fraction)) < 2e-7 * scale:
        return float(fraction)
    return number
