"""A hash of compiled weights that no permutation of dimensions, neurons or heads changes.

Every residual dimension carries a number that starts from what embeds into it and what reads it out, and
takes up, round by round, what heads and neurons exchange with the other dimensions (colour refinement, as
in the test of Weisfeiler and Leman, with sums of smooth functions for multisets).
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import Weights

Array = NDArray[np.float64]

_NAMES = ("W_E", "W_pos", "W_Q", "W_K", "W_V", "W_O", "W_in", "W_out", "W_U")

ROUNDS = 3
DIGITS = 5


def weights_hash(weights: Weights) -> bytes:
    """Hash, 16 bytes; equal for weights that differ by a permutation of dimensions, neurons or heads only."""
    squashed = {name: _squashed(getattr(weights, name)) for name in _NAMES}
    marks = _marks(squashed["W_E"], 1) + _marks(squashed["W_pos"], 2) + _marks(squashed["W_U"].T, 3)
    colours = _mixed(marks)
    found = [_summary(colours)]
    for _ in range(ROUNDS):
        taken = _heads(squashed, colours) + _neurons(squashed, colours)
        # Array stay of order 1, so that rounding errors do not grow from round to round.
        colours = _mixed(colours + taken / (1 + np.abs(taken).max()))
        found.append(_summary(colours))
    sizes = np.array([*weights.W_Q.shape, weights.W_in.shape[-1]], dtype="<i8").tobytes()
    return hashlib.blake2b(sizes + np.array(found).tobytes(), digest_size=16).digest()


def _squashed(weights: NDArray[np.float32]) -> Array:
    """Weights in float64, the large ones of ladders and queries brought down to order 1."""
    exact = weights.astype(np.float64)
    return np.sign(exact) * np.log1p(np.abs(exact))


def _marks(rows: Array, salt: int) -> Array:
    """A number for every dimension from what each numbered row has there; rows do not permute."""
    numbers = np.sin(salt + 1.7 * np.arange(1, len(rows) + 1))
    return numbers @ rows


def _bounded(numbers: Any) -> Any:
    """Numbers within ±4, steep nowhere: rounding errors stay what they were."""
    return 4 * numbers / (1 + np.abs(numbers))


def _mixed(colours: Array) -> Array:
    return np.sin(3.1 * colours + 0.7) + 0.3 * np.cos(7.3 * colours)


def _summary(colours: Array) -> Array:
    """Symmetric functions of all colours, rounded so that the order of sums does not matter."""
    moments = (colours.sum(), (colours**2).sum(), (colours**3).sum(), np.cos(5 * colours).sum())
    return np.round(np.array(moments, dtype=np.float64), DIGITS) + 0.0


def _heads(weights: dict[str, Array], colours: Array) -> Array:
    taken = np.zeros_like(colours)
    layers, heads = weights["W_Q"].shape[:2]
    for layer in range(layers):
        for head in range(heads):
            w_q, w_k, w_v, w_o = (weights[name][layer, head] for name in ("W_Q", "W_K", "W_V", "W_O"))
            queries, keys = w_q.T @ colours, w_k.T @ colours
            read, written = w_v.T @ colours, w_o @ colours
            own = np.sin(layer + _bounded(queries @ keys + 2 * (read @ written)))
            taken += own * (w_q @ keys + 2 * (w_k @ queries) + 3 * (w_v @ written) + 5 * (read @ w_o))
    return taken


def _neurons(weights: dict[str, Array], colours: Array) -> Array:
    taken = np.zeros_like(colours)
    for layer, (w_in, w_out) in enumerate(zip(weights["W_in"], weights["W_out"], strict=True)):
        own = np.sin(layer + _bounded(1.3 * (colours @ w_in) + 2.1 * (w_out @ colours)))
        taken += w_in @ own + 2 * (np.cos(own) @ w_out)
    return taken
