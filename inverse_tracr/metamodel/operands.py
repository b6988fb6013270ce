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
from inverse_tracr.metamodel.memory import Asked, Memory, here
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


def next_operands(state: State, memory: Memory) -> Operands:
    """The pairs of operands that the half-layer at hand may read; `memory` is of this half-layer."""
    own = context(state)
    loose = state.view.loose
    left = loose.left(state.half, state.taken) if loose is not None else []
    if state.written.constant and not state.written.scores.any() and not left:
        return Operands((), np.zeros((0, PAIR_SIZE), np.float32), own)
    columns = state.readable()
    pairs = _head_pairs(columns) if state.attention else _neuron_pairs(columns)
    firsts, seconds = np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])
    first, second = _operand_features(state, columns, firsts), _operand_features(state, columns, seconds)
    shares = _head_shares if state.attention else _neuron_shares
    measured = shares(state, columns, firsts, seconds, memory)
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


def _head_shares(
    state: State, columns: tuple[Column, ...], firsts: Index, seconds: Index, memory: Memory
) -> Shares:
    grid, scores = state.view.sites.grid, state.written.scores
    labels, sizes = np.array([c.labels for c in columns]), np.array([c.size for c in columns])

    def shares(keys: Index, queries: Index) -> Shares:
        return memory.measured(
            _asked("chosen", columns, keys, queries),
            lambda at: pattern_shares(labels, sizes, keys[at], queries[at], grid.queries, grid.keys, scores),
        )

    absent, alone = np.full(len(columns), -1), np.arange(len(columns))
    both, keys, queries = shares(firsts, seconds), shares(alone, absent), shares(absent, alone)
    weighted = both * unexplained_heads(state)
    best = weighted.argmax(axis=1)
    at = np.arange(len(firsts))
    found, k, q = both[at, best], keys[firsts, best], queries[seconds, best]
    gain = found - np.maximum(k, q)
    largest = both.max(axis=1)
    nothing = np.zeros(len(firsts))
    parts = weighted[at, best], found, nines(found), k, q, gain, both.mean(axis=1), largest, nines(largest)
    return np.stack([*parts, nothing, nothing], axis=1)


def _asked(what: object, columns: tuple[Column, ...], firsts: Index, seconds: Index) -> list[Asked]:
    keys = [*(c.key for c in columns), b""]
    return [(what, keys[i], keys[j]) for i, j in zip(firsts.tolist(), seconds.tolist(), strict=True)]


def _neuron_shares(
    state: State, columns: tuple[Column, ...], firsts: Index, seconds: Index, memory: Memory
) -> Shares:
    rows, left, nothing = state.written.rows, state.unexplained, np.zeros(state.view.sites.count, np.intp)
    labels, sizes = np.array([c.labels for c in columns]), np.array([c.size for c in columns])

    def alone_of(at: list[int]) -> Shares:
        return pair_shares(labels, sizes, firsts[at], seconds[at], nothing, 1, rows)[:, :1]

    def beside_of(at: list[int]) -> Shares:
        known = pair_shares(labels, sizes, firsts[at], seconds[at], state.known, state.known_size, rows)[:, 1]
        more = pair_shares(labels, sizes, firsts[at], seconds[at], nothing, 1, left)[:, 0]
        return np.column_stack([known, more])

    alone = memory.measured(_asked("read", columns, firsts, seconds), alone_of)[:, 0]
    beside = memory.measured(_asked(here(state), columns, firsts, seconds), beside_of)
    single = {int(i): alone[at] for at, (i, j) in enumerate(zip(firsts, seconds, strict=True)) if j < 0}
    first = np.array([single.get(int(i), 0.0) for i in firsts])
    second = np.array([single.get(int(j), 0.0) for j in seconds])
    gain = alone - np.maximum(first, second) * (seconds >= 0)
    known, more = beside.T
    parts = alone, nines(alone), known, nines(known), gain, known - explained_jointly(state), first, second
    return np.stack([*parts, (seconds < 0).astype(float), more, nines(more)], axis=1)
