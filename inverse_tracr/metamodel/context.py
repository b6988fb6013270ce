"""What the network sees of the half-layer at hand and of the program so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.heads import correlations
from inverse_tracr.metamodel.kernels import between
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.program import Ref

Floats = NDArray[np.float32]
Shares = NDArray[np.float64]

CONTEXT_SIZE = 20


def context(state: State) -> Floats:
    """What is known of the half-layer at hand and of the program so far."""
    half, view, signature = state.written, state.view, state.signature
    explained, linear = explained_jointly(state), _linearly_explained(state)
    heads = unexplained_heads(state)
    unused = [c for c in state.columns if c.ref >= 0 and c.ref not in state.used]
    return np.array(
        [
            state.half / max(len(view.halves) - 1, 1),
            len(view.halves) / 20,
            float(state.attention),
            len(state.lines) / 15,
            len(signature.vocab) / 15,
            signature.max_seq_len / 15,
            float(signature.causal),
            explained,
            nines(explained),
            linear,
            nines(linear),
            (half.coarse.max() + 1) / 16,
            (half.fine.max() + 1) / 64,
            float(half.constant),
            len(state.written_here) / 4,
            len(unused) / 5,
            len(half.scores) / 5,
            float(heads.max(initial=0.0)),
            float(heads.mean()) if len(heads) else 0.0,
            float(view.numbers is not None),
        ],
        np.float32,
    )


def nines(share: Shares | float) -> Shares:
    """0 for 0, 1 for a share within 1e-4 of 1: how many nines it has."""
    return np.asarray(-np.log10(1.0001 - np.minimum(share, 1.0)) / 4)


def explained_jointly(state: State) -> float:
    """Share of what the half-layer writes that lies between the joint values of the lines written here."""
    rows = state.written.rows
    if state.known_size < 2:
        return 0.0
    n = len(rows)
    seen, ids = np.zeros(state.known_size + 1, np.uint8), np.zeros(state.known_size + 1, np.int32)
    return float(between(state.known, rows, seen, ids, np.zeros(rows.shape), np.zeros(n)))


def _linearly_explained(state: State) -> float:
    """Share of what the half-layer writes that is a sum over the lines written here."""
    total = float((state.written.rows**2).sum())
    return 1 - float((state.unexplained**2).sum()) / total if total else 1.0


def unexplained_heads(state: State) -> NDArray[np.float64]:
    """For each head the share of its scores that no select of this half-layer explains."""
    scores = state.written.scores
    if state.view.loose is not None:
        return np.array([float(head not in state.taken) for head in range(len(scores))])
    if not state.truths:
        return np.ones(len(scores))
    return 1 - correlations(np.array(state.truths), scores).max(axis=0)


def explained_heads(state: State, selector: Ref, layer: int) -> tuple[str, ...]:
    """The heads of a layer whose scores a select explains by half or more, as `layer.head`."""
    chosen = next(s.chosen for s in state.selections if s.ref == selector)
    shares = correlations(chosen[None], state.view.halves[2 * layer].scores)[0]
    return tuple(f"{layer}.{head}" for head in np.flatnonzero(shares >= 0.5).tolist())
