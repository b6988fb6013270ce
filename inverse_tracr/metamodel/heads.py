"""Which heads choose as a select does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.view import View

Shares = NDArray[np.float64]

LEAST_CORRELATION = 0.5
"""Squared correlation of a select with a head's scores from which the head may be its own."""

ALIKE = 0.05
"""Difference of such correlations up to which heads choose alike."""

LEAST_SPREAD = 1e-3
"""Spread of the scores of a head, below which it chooses all keys alike."""


EXACT = 1 - 1e-4
"""Correlation from which a head's scores are a select's where streams are loose."""


def correlations(truths: Index, scores: NDArray[np.float64], *, signed: bool = False) -> NDArray[np.float64]:
    """Squared correlation of selections [selects, pairs] with scores [heads, pairs]: [selects, heads].

    `signed`: none where a head chooses what a selection leaves out.
    """
    centred = truths - truths.mean(axis=1, keepdims=True)
    products = centred @ scores.T
    norms = (centred**2).sum(axis=1)[:, None] * (scores**2).sum(axis=1)[None, :]
    return squared(products, signed=signed) / np.maximum(norms, 1e-9)


def squared(products: Shares, *, signed: bool) -> Shares:
    """Squares of products, 0 for negative ones where they are `signed`."""
    return (np.maximum(products, 0) if signed else products) ** 2


def own_heads(view: View, half: int, chosen: Index) -> list[int]:
    """The heads of a half-layer whose scores a selection explains best."""
    scores, loose = view.halves[half].scores, view.loose is not None
    shares = correlations(chosen[None], scores, signed=loose)[0]
    return heads_of(shares, scores, everything=bool(chosen.all()), exact=loose)


def heads_of(shares: Shares, scores: Shares, *, everything: bool, exact: bool = False) -> list[int]:
    """`own_heads`, by squared correlations with their scores; of `everything` heads that do not choose.

    `exact`: those only that choose just so.
    """
    if everything:
        shares = (np.ptp(scores, axis=1) < LEAST_SPREAD).astype(np.float64)
    least = EXACT if exact else max(LEAST_CORRELATION, float(shares.max(initial=0.0)) - ALIKE)
    return np.flatnonzero(shares >= least).tolist()
