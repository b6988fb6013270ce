"""Gaussian noise taken off weights whose residual dimensions each hold one thing.

The noise model: each tensor of a layer has noise of one standard deviation on every entry, zeros too. Most
entries of compiled weights are zero, so that deviation is read off the small ones; what lies clear of it is
one of few plain numbers. Where ladders make a tensor's noise as large as its ones, those that are left follow
from what the neurons write, which has little noise.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from inverse_tracr.decompile.lift.neurons import Around, plain_neurons
from inverse_tracr.decompile.lift.stream import Floats
from inverse_tracr.model import TransformerProgram, Weights

MOST_NOISE = 0.3
"""Deviation over root mean square of a tensor from which its zeros are none."""
_CLEAR = 0.12
"""Deviation up to which ones stand clear of zeros in every entry."""
_PLAIN = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
"""Denominators of plain numbers, the plainest first."""
_SURE = 8.0
"""Deviations from which an entry that is no plain number is none of noise."""
_NEAR = 3.5
"""Deviations within which a number may be a plain one."""


class NotNoisyError(Exception):
    """The weights are exact, or their small entries are no noise about zero."""


def denoised(model: TransformerProgram) -> tuple[TransformerProgram, float]:
    """The model without noise, and the largest share of a tensor's root mean square that the noise had.

    Raises NotNoisyError for a model without noise, or with weights that are not mostly zero.
    """
    found = {name: array.astype(np.float64) for name, array in vars(model.weights()).items()}
    deviations = {name: [_deviation(layer) for layer in _layers(name, found[name])] for name in found}
    shares = [
        deviation / float(np.sqrt((layer**2).mean()))
        for name, array in found.items()
        for deviation, layer in zip(deviations[name], _layers(name, array), strict=True)
        if deviation
    ]
    if not shares or max(shares) > MOST_NOISE:
        raise NotNoisyError
    for name in found.keys() - {"W_in"}:
        for deviation, layer in zip(deviations[name], _layers(name, found[name]), strict=True):
            layer[...] = plain(layer, deviation)
    for layer, deviation in enumerate(deviations["W_in"]):
        found["W_in"][layer] = _plain_w_in(model, found, layer, deviation, deviations["W_out"][layer])
    kept = Weights(**{name: array.astype(np.float32) for name, array in found.items()})
    quiet = TransformerProgram(model.config, kept, model.input_encoder, model.output_encoder)
    return quiet, max(shares)


def _plain_w_in(
    model: TransformerProgram, found: dict[str, Floats], layer: int, deviation: float, written: float
) -> Floats:
    """What an MLP reads; all else in `found` is without noise already."""
    w_in = found["W_in"][layer]
    one, bos = special_dims(model, found["W_E"], found["W_pos"])
    if deviation <= _CLEAR or one is None:
        return plain(w_in, deviation)
    live = _written(found["W_E"], found["W_pos"], *found["W_O"][: layer + 1], *found["W_out"][:layer])
    around = Around(one, bos, live, model.config.n_ctx - 1, written)
    return plain_neurons(w_in, found["W_out"][layer], deviation, around)


def _layers(name: str, array: Floats) -> list[Floats]:
    """A tensor of each layer."""
    return [array] if name in ("W_E", "W_pos", "W_U", "b_U") else list(array)


def _written(*matrices: Floats) -> frozenset[int]:
    """Dimensions that some row writes."""
    rows = np.concatenate([matrix.reshape(-1, matrix.shape[-1]) for matrix in matrices])
    return frozenset(np.nonzero(rows.any(axis=0))[0].tolist())


def special_dims(model: TransformerProgram, w_e: Floats, w_pos: Floats) -> tuple[int | None, int | None]:
    """The dimension that is 1 for every token, and that of BOS alone; None where there is none."""
    always = np.nonzero((w_e == 1).all(axis=0))[0]
    bos = w_e[model.input_encoder.bos] + w_pos[0]
    bos[always] = 0
    alone = np.nonzero(bos)[0]
    return (int(always[0]) if len(always) else None), (int(alone[0]) if len(alone) else None)


def _deviation(array: Floats) -> float:
    """Standard deviation of what scatters about zero, by clipping; 0 where zeros are exact."""
    sizes = np.abs(array.ravel())
    if not sizes.size or np.median(sizes) == 0:
        return 0.0
    deviation = float(np.median(sizes)) / 0.6745
    for _ in range(8):
        small = sizes[sizes < 4 * deviation]
        if not small.any():
            return 0.0
        deviation = float(np.sqrt((small**2).mean()))
    return deviation


def cut(count: int, deviation: float) -> float:
    """Size that the largest of `count` entries of noise hardly reaches."""
    return deviation * (np.sqrt(2 * np.log(max(count, 2))) + 1)


def plain(array: Floats, deviation: float) -> Floats:
    """Entries as plain numbers: zero below what noise reaches, else the plainest that is near enough."""
    if not deviation:
        return array
    least = cut(array.size, deviation)
    if deviation <= _CLEAR:
        least = min(least, 0.5)
    found = np.zeros_like(array)
    for place in zip(*np.nonzero(np.abs(array) > least), strict=True):
        number = float(array[place])
        near = plainest(number, deviation)
        if near != number or abs(number) > _SURE * deviation:
            found[place] = near
    return _levelled(found, deviation)


def plainest(number: float, deviation: float) -> float:
    """The fraction with the smallest denominator that is near enough to a number; itself if none is."""
    for parts in _PLAIN:
        near = round(number * parts) / parts
        if near and abs(number - near) <= _NEAR * deviation:
            return float(Fraction(round(number * parts), parts))
    return number


def _levelled(array: Floats, deviation: float) -> Floats:
    """Large entries that noise alone may tell apart, as their mean."""
    large = np.abs(array) > 20 * max(deviation, 1.0)
    values = np.sort(array[large])
    if not len(values):
        return array
    groups = np.split(values, np.nonzero(np.diff(values) > 2 * deviation)[0] + 1)
    for group in groups:
        inside = large & (array >= group[0]) & (array <= group[-1])
        array[inside] = plainest(float(group.mean()), deviation / np.sqrt(len(group)))
    return array
