"""How far heads and ladders may be off, given how far what they read may be off.

Softmax and ramps are bounded; the rounding of float32 is estimated by what single steps can lose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from inverse_tracr.compile.emit import COLDNESS
from inverse_tracr.compile.faults import FaultKind
from inverse_tracr.compile.ladders import Ladder, Numbers

ROUNDING = 2.0**-22
"""Relative error of what float32 computes in a few steps."""
CLEAN = 1e-3
"""How much may stand at BOS without being dirt."""

VECTOR_TOLERANCE = 0.05
"""How much the vector of a categorical s-op may lack of its value."""
EXACT = 1e-6
"""How far a ladder may be off at a number, without rounding."""

_LARGEST_EXPONENT = 50.0


class Fact(NamedTuple):
    """What holds of an s-op on every input.

    `error`: what its vector may lack of its value, and have of all others together, or how far its number
    may be off, BOS aside. `size`: how large its vector (1) or number can be. `bos`: how much may stand there,
    and `dirt`, where that is more than next to nothing, the fault and the line that put it there. `numbers`:
    all that a numerical s-op can be, None where that is not known.
    """

    error: float = 0.0
    size: float = 1.0
    bos: float = 0.0
    dirt: tuple[FaultKind, int] | None = None
    may_be_none: bool = False
    numbers: tuple[float, ...] | None = ()


class Attention(NamedTuple):
    """Bounds for a head, all as shares of the whole attention.

    `leak`: what is not selected gets when something is; `empty_leak`: what is not BOS gets when nothing is;
    `spread`: how far the weights of what is selected are from equal; `into_bos`: what BOS sees of the others.
    """

    leak: float
    empty_leak: float
    spread: float
    into_bos: float


def attention(
    keys: Fact, queries: Fact, *, longest: int, scale: float, to_bos: float, causal: bool
) -> Attention:
    """Bounds for softmax over `longest` positions and BOS, for logits of COLDNESS times `scale`.

    `to_bos` is BOS's own logit, as a share of that of a selected key. The keys at BOS are taken to be clean.
    """
    return _attention(keys.error, keys.bos, queries.error, queries.bos, longest, scale, to_bos, causal)


@lru_cache(maxsize=10_000)
def _attention(
    keys_error: float,
    keys_bos: float,
    queries_error: float,
    queries_bos: float,
    longest: int,
    scale: float,
    to_bos: float,
    causal: bool,
) -> Attention:
    cold = COLDNESS * scale
    shift = cold * (keys_error + queries_error + keys_error * queries_error)
    bos_shift = cold * min(keys_bos, CLEAN) * (1 + queries_error)
    leak = longest * _exp(2 * shift - cold)
    if to_bos < 1:
        leak += _exp(shift + bos_shift - cold * (1 - to_bos))
    seen = longest * _exp(cold * min(queries_bos, CLEAN) * 2 + bos_shift - cold * to_bos)
    return Attention(
        leak=leak,
        empty_leak=longest * _exp(shift + bos_shift - cold * to_bos),
        spread=_exp(2 * (shift + bos_shift)) - 1,
        into_bos=0.0 if causal else seen,
    )


def _exp(exponent: float) -> float:
    return math.exp(min(exponent, _LARGEST_EXPONENT))


def distances(written: Numbers, wanted: Numbers) -> Numbers:
    """How far each row of `written` is off: what a one-hot lacks, or the difference of two numbers."""
    apart = np.abs(written - wanted).sum(axis=1)
    return apart if written.shape[1] == 1 else apart / 2


def ladder_error(read: Ladder, numbers: Numbers, radius: Numbers | float) -> float:
    """How far a ladder's output may be off when it is right at `numbers`, and reads what is `radius` away."""
    if not len(numbers):
        return 0.0
    reach = np.abs(numbers) * ROUNDING + radius
    moved = (read.steps(numbers + reach) - read.steps(numbers - reach)) @ read.jumps
    if not np.any(radius) and _steps_are_exact(read, numbers):
        return float(moved.max())
    return float(moved.max()) + rounding(read, float(np.abs(numbers).max()))


def rounding(read: Ladder, largest: float) -> float:
    """How far float32 may put a ladder's output off for numbers of up to `largest` in size.

    Exact steps leave the rounding of sums of what the neurons hold, and of that nothing in a one-hot.
    """
    if read.is_exact and read.heights.shape[1] > 1:
        return 0.0
    lost = read.slope * largest / (4 if read.is_exact else 1)
    return ROUNDING * (1 + lost) * float(read.jumps.max(initial=0.0))


def rounding_of(numbers: Iterable[int | float], size: float) -> float:
    """Error of numbers of at most `size` when float32 holds them: none for whole numbers and the like."""
    return (
        0.0
        if all(number * _GRAIN % 1 == 0 and abs(number) <= _GRAIN for number in numbers)
        else ROUNDING * size
    )


_GRAIN = 2.0**10
"""Multiples of 1/1024 up to 1024 are added and multiplied by small numbers without error."""


def _steps_are_exact(read: Ladder, numbers: Numbers) -> bool:
    """Whether float32 computes the steps at `numbers` without any error."""
    held = numbers.astype(np.float32)
    lifted = np.float32(read.slope) * held[:, None]
    up = np.maximum(lifted + (1 + read.offsets).astype(np.float32), 0)
    down = np.maximum(lifted + read.offsets.astype(np.float32), 0)
    return np.array_equal(held, numbers) and np.array_equal(up - down, read.steps(numbers))
