"""What neurons read where noise is as large as ones: ladders from pairs of them, the rest by likelihood."""

from __future__ import annotations

from dataclasses import dataclass

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
    that something writes before, `longest` is the number of positions.
    """

    one: int | None
    bos: int | None
    live: frozenset[int]
    longest: int

    @property
    def values(self) -> list[int]:
        """The dimensions that hold values."""
        return sorted(self.live - {self.one, self.bos})


def plain_neurons(w_in: Floats, w_out: Floats, deviation: float, around: Around) -> Floats:
    """`w_in` [dims, neurons] without noise; `w_out` [neurons, dims] is without it already."""
    found = np.zeros_like(w_in)
    one, bos, dims = around.one, around.bos, around.values
    steep = [n for n in range(w_in.shape[1]) if _is_steep(w_in[dims, n], deviation) and w_out[n].any()]
    if one is None:
        return found
    slope_of = {n: dims[int(np.abs(w_in[dims, n]).argmax())] for n in steep}
    slopes = _slopes({n: float(w_in[slope_of[n], n]) for n in steep}, deviation)
    pairs = _pairs(steep, slope_of, w_in[one], w_out)
    rising = _orientated(pairs, w_in[one], slope_of, slopes, w_out)
    offsets = _offsets(rising, w_in[one], slope_of, slopes, deviation, around.longest)
    for (first, second), offset in zip(rising, offsets, strict=True):
        for neuron, extra in ((first, 1.0), (second, 0.0)):
            found[slope_of[neuron], neuron] = slopes[neuron]
            found[one, neuron] = offset + extra
            if bos is not None and abs(w_in[bos, neuron]) > _STEEP / 2 * deviation:
                found[bos, neuron] = -found[one, neuron]
    laddered = w_out[steep].any(axis=0)
    for neuron in range(w_in.shape[1]):
        if neuron not in slope_of and (w_out[neuron, laddered] > 0).any():
            found[one, neuron] = 1
        elif neuron not in slope_of and w_out[neuron].any():
            found[:, neuron] = _likeliest(w_in[:, neuron], w_out[neuron], around)
    return found


def _is_steep(reads: Floats, deviation: float) -> bool:
    return bool(np.abs(reads).max(initial=0.0) > _STEEP * max(deviation, 1.0))


def _slopes(slopes: dict[int, float], deviation: float) -> dict[int, float]:
    """Slopes as powers of two where they are near one, or 100."""
    found: dict[int, float] = {}
    for neuron, slope in slopes.items():
        power = 2.0 ** np.round(np.log2(abs(slope)))
        near = min((power, 100.0), key=lambda plain: abs(abs(slope) - plain))
        right = abs(abs(slope) - near) <= 4 * deviation
        found[neuron] = float(np.sign(slope)) * near if right else slope
    return found


def _pairs(
    steep: list[int], slope_of: dict[int, int], offsets: Floats, w_out: Floats
) -> list[tuple[int, int]]:
    """Neurons that read one number and write opposite rows, those with the nearest offsets together."""
    options = [
        (abs(float(offsets[a] - offsets[b])), a, b)
        for i, a in enumerate(steep)
        for b in steep[i + 1 :]
        if slope_of[a] == slope_of[b] and np.allclose(w_out[a], -w_out[b], atol=1e-6)
    ]
    taken: set[int] = set()
    found: list[tuple[int, int]] = []
    for _, a, b in sorted(options):
        if a not in taken and b not in taken:
            taken |= {a, b}
            found.append((a, b))
    return found


def _orientated(
    pairs: list[tuple[int, int]],
    offsets: Floats,
    slope_of: dict[int, int],
    slopes: dict[int, float],
    w_out: Floats,
) -> list[tuple[int, int]]:
    """Each pair with the neuron that rises first in front.

    Its offset is larger by 1. Where noise may hide that, what a step takes away must stand there: something
    that starts the ladder writes it, or an earlier step.
    """
    ladder = set(slope_of)
    stands = [
        {int(d) for d in np.nonzero(w_out[n] > 0)[0]}
        for n in range(len(w_out))
        if n not in ladder and w_out[n].any()
    ]
    standing = set[int]().union(*stands)
    found: list[tuple[int, int]] = []
    for a, b in sorted(pairs, key=lambda pair: -float(offsets[list(pair)].sum()) / slopes[pair[0]]):
        first, second = (a, b) if offsets[a] >= offsets[b] else (b, a)
        taken = {int(d) for d in np.nonzero(w_out[first] < 0)[0]}
        given = {int(d) for d in np.nonzero(w_out[first] > 0)[0]}
        if given and taken and not taken <= standing and given <= standing:
            first, second, taken, given = second, first, given, taken
        standing = (standing - taken) | given
        found.append((first, second))
    return found


def _offsets(
    pairs: list[tuple[int, int]],
    offsets: Floats,
    slope_of: dict[int, int],
    slopes: dict[int, float],
    deviation: float,
    longest: int,
) -> list[float]:
    """The offset of the second neuron of each pair, whole; those of widths lie between 1/n and 1/(n + 1)."""
    middles = [float(offsets[list(pair)].mean()) - 0.5 for pair in pairs]
    found = [float(np.round(middle)) for middle in middles]
    for dim in {slope_of[first] for first, _ in pairs}:
        own = [i for i, (first, _) in enumerate(pairs) if slope_of[first] == dim]
        slope = slopes[pairs[own[0]][0]]
        known = -np.round(slope * np.array([(1 / n + 1 / (n + 1)) / 2 for n in range(1, longest + 1)]))
        if len(own) != longest:
            continue
        order = sorted(own, key=lambda i: middles[i])
        gaps = np.abs(np.array([middles[i] for i in order]) - np.sort(known))
        if gaps.max() <= _NEAR * deviation + 1:
            for i, offset in zip(order, np.sort(known).tolist(), strict=True):
                found[i] = offset
    return found


def _likeliest(reads: Floats, writes: Floats, around: Around) -> Floats:
    """One read of 1, or two with a threshold; what takes things away reads BOS."""
    one, bos, values = around.one, around.bos, around.values
    found = np.zeros_like(reads)
    if bos is not None and (writes < 0).any() and not (writes > 0).any():
        found[bos] = 1
        return found
    first, second = np.argsort(-reads[values])[:2].tolist()
    single = float(reads[values[first]])
    scores = {
        (): float(reads[one]) - 0.5 if one is not None else -np.inf,
        (values[first],): single - 0.5,
        (values[first], values[second]): single
        + float(reads[values[second]] - reads[one if one is not None else 0])
        - 1.5,
    }
    best = max(scores, key=lambda key: scores[key])
    found[list(best)] = 1
    if one is not None and len(best) != 1:
        found[one] = 1 if not best else -1
    return found
