"""A hash of compiled weights that no permutation of dimensions, neurons or heads changes.

Every residual dimension carries a number that starts from what embeds into it and what reads it out, and
takes up, round by round, what heads and neurons exchange with the other dimensions (colour refinement, as
in the test of Weisfeiler and Leman, with sums of smooth functions for multisets).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import Weights

Colours = NDArray[np.float64]

ROUNDS = 4
DIGITS = 6
_SCALE = 100.0
"""Attention logits and ladders are multiples of 100; colours stay of order 1."""


def weights_hash(weights: Weights) -> bytes:
    """Hash, 16 bytes; equal for weights that differ by a permutation of dimensions, neurons or heads only."""
    colours = _mixed(_marks(weights.W_E, 1) + _marks(weights.W_pos, 2) + _marks(weights.W_U.T, 3))
    found = [_summary(colours)]
    for _ in range(ROUNDS):
        colours = _mixed(colours + _heads(weights, colours) + _neurons(weights, colours))
        found.append(_summary(colours))
    sizes = np.array([*weights.W_Q.shape, weights.W_in.shape[-1]], dtype="<i8").tobytes()
    return hashlib.blake2b(sizes + np.array(found).tobytes(), digest_size=16).digest()


def _marks(rows: NDArray[np.float32], salt: int) -> Colours:
    """A number for every dimension from what each numbered row has there; rows do not permute."""
    numbers = np.sin(salt + 1.7 * np.arange(1, len(rows) + 1))
    return numbers @ rows.astype(np.float64)


def _mixed(colours: Colours) -> Colours:
    return np.sin(3.1 * colours + 0.7) + 0.3 * np.cos(7.3 * colours)


def _summary(colours: Colours) -> Colours:
    """Symmetric functions of all colours, rounded so that the order of sums does not matter."""
    moments = (colours.sum(), (colours**2).sum(), (colours**3).sum(), np.cos(5 * colours).sum())
    return np.round(np.array(moments, dtype=np.float64), DIGITS) + 0.0


def _heads(weights: Weights, colours: Colours) -> Colours:
    taken = np.zeros_like(colours)
    for layer in range(len(weights.W_Q)):
        for head in range(weights.W_Q.shape[1]):
            w_q = weights.W_Q[layer, head].astype(np.float64) / _SCALE
            w_k = weights.W_K[layer, head].astype(np.float64)
            w_v = weights.W_V[layer, head].astype(np.float64)
            w_o = weights.W_O[layer, head].astype(np.float64)
            queries, keys = w_q.T @ colours, w_k.T @ colours
            read, written = w_v.T @ colours, w_o @ colours
            own = np.sin(layer + queries @ keys + 2 * (read @ written))
            taken += own * (w_q @ keys + 2 * (w_k @ queries) + 3 * (w_v @ written) + 5 * (read @ w_o))
    return taken


def _neurons(weights: Weights, colours: Colours) -> Colours:
    taken = np.zeros_like(colours)
    for layer in range(len(weights.W_in)):
        w_in, w_out = weights.W_in[layer].astype(np.float64) / _SCALE, weights.W_out[layer].astype(np.float64)
        read, written = colours @ w_in, w_out @ colours
        own = np.sin(layer + 1.3 * read + 2.1 * written)
        taken += w_in @ own + 2 * (np.cos(own) @ w_out)
    return taken
