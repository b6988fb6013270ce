"""What neurons read where noise is as large as ones: ladders from pairs of them, the rest by likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from inverse_tracr.decompile.lift.stream import Floats

_NEAR = 3.0
"""Deviations within which offsets may be those that are known."""
_STEEP = 8.0
"""Deviations above which an entry is a slope."""


@dataclass(frozen=True)
class Around:
    """What is known of the model around an MLP.

    `one` is the dimension that is always 1, `bos` that of BOS (None where there is none); `live` are those
    that something writes before, `longest` is the number of positions; `written` is the deviation of the
    noise that W_out had.
    """

    one: int
    bos: int | None
    live: frozenset[int]
    longest: int
    written: float

    @property
    def values(self) -> list[int]:
        """The dimensions that hold values."""
        return sorted(self.live - {self.one, self.bos})


@dataclass(frozen=True)
class _Step:
    """Two neurons that read a number: `first` rises from its threshold on, `second` ends the rise."""

    dim: int
    slope: float
    first: int
    second: int
    middle: float

    def turned(self) -> _Step:
        """The other of them first."""
        return replace(self, first=self.second, second=self.first)


def plain_neurons(w_in: Floats, w_out: Floats, deviation: float, around: Around) -> Floats:
    """`w_in` [dims, neurons] without noise; `w_out` [neurons, dims] is without it already."""
    found = np.zeros_like(w_in)
    acting = [n for n in range(w_in.shape[1]) if w_out[n].any()]
    steep = [n for n in acting if _is_steep(w_in[around.values, n], deviation)]
    others = [n for n in acting if n not in steep]
    steps = _orientated(_steps(steep, w_in, w_out, deviation, around), w_out, others)
    for step, offset in zip(steps, _offsets(steps, deviation, around.longest), strict=True):
        for neuron, extra in ((step.first, 1.0), (step.second, 0.0)):
            found[step.dim, neuron] = step.slope
            found[around.one, neuron] = offset + extra
            if around.bos is not None and abs(w_in[around.bos, neuron]) > _STEEP / 2 * deviation:
                found[around.bos, neuron] = -found[around.one, neuron]
    laddered = w_out[steep].any(axis=0)
    for neuron in others:
        if (w_out[neuron, laddered] > 0).any():
            found[around.one, neuron] = 1
        else:
            found[:, neuron] = _likeliest(w_in[:, neuron], w_out[neuron], around)
    return found


def _is_steep(reads: Floats, deviation: float) -> bool:
    return bool(np.abs(reads).max(initial=0.0) > _STEEP * max(deviation, 1.0))


def _plain_slope(slope: float, deviation: float) -> float:
    """A power of two, or 100, where it is near enough."""
    power = 2.0 ** np.round(np.log2(abs(slope)))
    near = min((power, 100.0), key=lambda plain: abs(abs(slope) - plain))
    return float(np.sign(slope)) * near if abs(abs(slope) - near) <= 4 * deviation else slope


def _steps(steep: list[int], w_in: Floats, w_out: Floats, deviation: float, around: Around) -> list[_Step]:
    """Neurons that read one number and write opposite rows, those with the nearest offsets together."""
    values, offsets = around.values, w_in[around.one]
    dims = {n: values[int(np.abs(w_in[values, n]).argmax())] for n in steep}
    near = max(_NEAR * around.written, 1e-6)
    options = [
        (abs(float(offsets[a] - offsets[b])), a, b)
        for a, b in combinations(steep, 2)
        if dims[a] == dims[b] and np.abs(w_out[a] + w_out[b]).max() <= near
    ]
    taken: set[int] = set()
    found: list[_Step] = []
    for _, a, b in sorted(options):
        if a not in taken and b not in taken:
            taken |= {a, b}
            first, second = (a, b) if offsets[a] >= offsets[b] else (b, a)
            slope = _plain_slope(float(w_in[dims[a], [a, b]].mean()), deviation)
            middle = float(offsets[[a, b]].mean()) - 0.5
            found.append(_Step(dims[a], slope, first, second, middle))
    return sorted(found, key=lambda step: -step.middle / step.slope)


def _orientated(steps: list[_Step], w_out: Floats, others: list[int]) -> list[_Step]:
    """Steps with the neuron that rises first in front.

    Its offset is larger by 1. Where noise may hide that, what a step takes away must stand there: one of
    `others`, which starts the ladder, writes it, or an earlier step.
    """
    standing = {int(d) for n in others for d in np.nonzero(w_out[n] > 0)[0]}
    found: list[_Step] = []
    for step in steps:
        taken = {int(d) for d in np.nonzero(w_out[step.first] < 0)[0]}
        given = {int(d) for d in np.nonzero(w_out[step.first] > 0)[0]}
        if given and taken and not taken <= standing and given <= standing:
            step, taken, given = step.turned(), given, taken
        standing = (standing - taken) | given
        found.append(step)
    return found


def _offsets(steps: list[_Step], deviation: float, longest: int) -> list[float]:
    """The offset of the second neuron of each step, whole; those of widths lie between 1/n and 1/(n + 1)."""
    found = [float(np.round(step.middle)) for step in steps]
    middles = np.array([(1 / n + 1 / (n + 1)) / 2 for n in range(1, longest + 1)])
    for dim in {step.dim for step in steps}:
        own = sorted((i for i, s in enumerate(steps) if s.dim == dim), key=lambda i: steps[i].middle)
        if len(own) != longest:
            continue
        known = np.sort(-np.round(steps[own[0]].slope * middles))
        gaps = np.abs(np.array([steps[i].middle for i in own]) - known)
        if gaps.max() <= _NEAR * deviation + 1:
            for i, offset in zip(own, known.tolist(), strict=True):
                found[i] = offset
    return found


def _likeliest(reads: Floats, writes: Floats, around: Around) -> Floats:
    """One read of 1, or two with a threshold; what takes things away reads BOS."""
    found = np.zeros_like(reads)
    if around.bos is not None and (writes < 0).any() and not (writes > 0).any():
        found[around.bos] = 1
        return found
    best = sorted(around.values, key=lambda dim: -float(reads[dim]))[:2]
    always = float(reads[around.one])
    scores = {(): always - 0.5, tuple(best[:1]): float(reads[best[:1]].sum()) - 0.5}
    if len(best) == 2:
        scores[tuple(best)] = float(reads[best].sum()) - always - 1.5
    chosen = max(scores, key=lambda dims: scores[dims])
    found[list(chosen)] = 1
    found[around.one] = {0: 1, 1: 0, 2: -1}[len(chosen)]
    return found
