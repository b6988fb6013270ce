"""The first step of writing a line: its operands, or that the half-layer at hand is explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.context import (
    Floats,
    Shares,
    context,
    explained_jointly,
    nines,
    unexplained_heads,
)
from inverse_tracr.metamodel.kernels import pair_shares, pattern_shares
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.program import INDICES, TOKENS, Ref

PAIR_SIZE = 26

NONE: Ref = -3
"""Stands for the second operand of a map."""


@dataclass(frozen=True)
class Operands:
    """The first step: `pairs` of operands (keys and queries; or one, with NONE), and `features` of each.

    The possibility after the last pair is to leave the half-layer; it is seen by `context` alone.
    """

    pairs: tuple[tuple[Ref, Ref], ...]
    features: Floats
    context: Floats


def next_operands(state: State) -> Operands:
    """The pairs of operands that the half-layer at hand may read."""
    own = context(state)
    if state.written.constant and not state.written.scores.any():
        return Operands((), np.zeros((0, PAIR_SIZE), np.float32), own)
    columns = state.readable()
    pairs = _head_pairs(columns) if state.attention else _neuron_pairs(columns)
    labels = np.array([c.labels for c in columns])
    sizes = np.array([c.size for c in columns])
    firsts, seconds = np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])
    first, second = _operand_features(state, columns, firsts), _operand_features(state, columns, seconds)
    shares = _head_shares if state.attention else _neuron_shares
    measured = shares(state, labels, sizes, firsts, seconds)
    same = (firsts == seconds).astype(np.float64)[:, None]
    features = np.concatenate([measured, first, second, same], axis=1).astype(np.float32)
    refs = [c.ref for c in columns] + [NONE]
    return Operands(tuple((refs[i], refs[j]) for i, j in pairs), features, own)


def _head_pairs(columns: tuple[Column, ...]) -> list[tuple[int, int]]:
    at = [i for i, c in enumerate(columns) if not c.numerical]
    return [(k, q) for k in at for q in at]


def _neuron_pairs(columns: tuple[Column, ...]) -> list[tuple[int, int]]:
    count = len(columns)
    singles = [(i, -1) for i in range(count) if not columns[i].twin]
    return singles + [
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if columns[i].numerical == columns[j].numerical
    ]


def _operand_features(state: State, columns: tuple[Column, ...], places: Index) -> Shares:
    """Of each operand: which input it is, its values, how long ago it was written, whether it is read."""
    nothing = [0.0] * 7
    rows = [
        [
            float(c.ref == TOKENS),
            float(c.ref == INDICES),
            float(c.ref >= 0 and c.ref not in state.used),
            c.size / 16,
            (state.half - c.made) / 10,
            float(c.numerical),
            1.0,
        ]
        for c in columns
    ]
    return np.array([*rows, nothing])[places]


def _head_shares(state: State, labels: Index, sizes: Index, firsts: Index, seconds: Index) -> Shares:
    grid, scores = state.view.sites.grid, state.written.scores
    shares = pattern_shares(labels, sizes, firsts, seconds, grid.queries, grid.keys, scores)
    absent = np.full(len(labels), -1)
    alone = np.arange(len(labels))
    keys = pattern_shares(labels, sizes, alone, absent, grid.queries, grid.keys, scores)
    queries = pattern_shares(labels, sizes, absent, alone, grid.queries, grid.keys, scores)
    weighted = shares * unexplained_heads(state)
    best = weighted.argmax(axis=1)
    at = np.arange(len(firsts))
    found, k, q = shares[at, best], keys[firsts, best], queries[seconds, best]
    gain = found - np.maximum(k, q)
    columns = (weighted[at, best], found, nines(found), k, q, gain, shares.mean(axis=1), shares.max(axis=1))
    nothing = np.zeros(len(firsts))
    return np.stack([*columns, nines(shares.max(axis=1)), nothing, nothing], axis=1)


def _neuron_shares(state: State, labels: Index, sizes: Index, firsts: Index, seconds: Index) -> Shares:
    rows = state.written.rows
    shares = pair_shares(labels, sizes, firsts, seconds, state.known, state.known_size, rows)
    alone, known = shares[:, 0], shares[:, 1]
    single = {int(i): alone[at] for at, (i, j) in enumerate(zip(firsts, seconds, strict=True)) if j < 0}
    first = np.array([single.get(int(i), 0.0) for i in firsts])
    second = np.array([single.get(int(j), 0.0) for j in seconds])
    gain = alone - np.maximum(first, second) * (seconds >= 0)
    more = known - explained_jointly(state)
    nothing = np.zeros(len(rows), np.intp)
    left = pair_shares(labels, sizes, firsts, seconds, nothing, 1, state.unexplained)[:, 0]
    columns = (alone, nines(alone), known, nines(known), gain, more, first, second)
    return np.stack([*columns, (seconds < 0).astype(float), left, nines(left)], axis=1)
