"""How columns that a half-layer may write fit what it writes, alone and beside what is written already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inverse_tracr.metamodel.columns import Column
from inverse_tracr.metamodel.kernels import joint_scores, label_scores, linear_shares, pair_shares
from inverse_tracr.metamodel.memory import Memory, Shares, here
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.state import State, output_match


def measured(state: State, columns: Sequence[Column], counted: Sequence[bool], memory: Memory) -> Shares:
    """What is measured of columns [columns, 15], of which a head counts those that are `counted`.

    As `label_scores` and `joint_scores` have them: variance of what is written between their values, the same
    with the lines written here; whether clusters tell them, finer and coarser, and they the coarser, with
    these lines; share of the commonest value; whether they tell the outputs. Then the share of sites where
    they are the output; six linear shares (`_linear`, `_beside`); and the number of their values over 16.
    """
    lines = list(zip(columns, counted, strict=True))
    alone = memory.measured(
        [("alone", c.key, counts) for c, counts in lines], lambda at: _alone(state, [lines[i] for i in at])
    )
    written = here(state)
    beside = memory.measured([(written, c.key) for c in columns], lambda at: _beside(state, columns, at))
    scores = [alone[:, 0], beside[:, 0], alone[:, 1], alone[:, 2], beside[:, 1], alone[:, 3], alone[:, 4]]
    return np.column_stack([*scores, alone[:, 5:10], beside[:, 2:], alone[:, 10]])


def _alone(state: State, lines: Sequence[tuple[Column, bool]]) -> Shares:
    half, columns = state.written, [column for column, _ in lines]
    labels, sizes = _labels(columns)
    fine, coarse = int(half.fine.max()) + 1, int(half.coarse.max()) + 1
    targets = _output_classes(state)
    scores = label_scores(labels, sizes, half.rows, half.fine, fine, half.coarse, coarse, targets)
    match = [output_match(column, state.view) for column in columns]
    return np.column_stack([scores, match, _linear(state, lines, labels, sizes), sizes / 16])


def _labels(columns: Sequence[Column]) -> tuple[Index, Index]:
    labels = np.array([c.labels for c in columns]).reshape(len(columns), -1)
    return labels, np.maximum([c.size for c in columns], labels.max(axis=1) + 1)


def _output_classes(state: State) -> Index:
    view = state.view
    if view.numbers is None:
        return view.outputs + 1
    return np.unique(np.round(view.numbers, 3), return_inverse=True)[1].astype(np.intp)


def _linear(state: State, lines: Sequence[tuple[Column, bool]], labels: Index, sizes: Index) -> Shares:
    """How linear columns are in what the half-layer writes [columns, 4]: the share of the indicators of their
    values, all and the least, in the exact and in the noisy basis.

    Of numbers, and of the 1 / (1 + width) that a counting head writes, the share of the number.
    """
    half = state.written
    found = np.zeros((len(lines), 4))
    found[:, 0:2] = linear_shares(labels, sizes, half.exact)
    found[:, 2:4] = linear_shares(labels, sizes, half.noisy)
    at = [i for i, (column, counts) in enumerate(lines) if column.numerical or counts]
    if at:
        numbers = np.array([1 / (1 + lines[i][0].labels) if lines[i][1] else lines[i][0].numbers for i in at])
        numbers = np.nan_to_num(numbers)
        numbers = numbers - numbers.mean(axis=1, keepdims=True)
        squares = np.maximum((numbers**2).sum(axis=1), 1e-12)
        for first, basis in ((0, half.exact), (2, half.noisy)):
            inside = np.minimum(((numbers @ basis) ** 2).sum(axis=1) / squares, 1.0)
            found[at, first] = found[at, first + 1] = inside
    return found


def _beside(state: State, columns: Sequence[Column], places: list[int]) -> Shares:
    """What depends on the lines written here [places, 4]: what `joint_scores` says with them, what is new in
    the columns, and what they explain, linearly, of what these lines do not.
    """
    half = state.written
    labels, sizes = _labels([columns[at] for at in places])
    coarse = int(half.coarse.max()) + 1
    scores = joint_scores(labels, sizes, state.known, state.known_size, half.rows, half.coarse, coarse)
    new = 1 - linear_shares(labels, sizes, state.explained)[:, 0]
    left = state.unexplained
    alone, absent, nothing = np.arange(len(labels)), np.full(len(labels), -1), np.zeros(len(left), np.intp)
    share = float((left**2).sum()) / max(float((half.rows**2).sum()), 1e-12)
    gained = share * pair_shares(labels, sizes, alone, absent, nothing, 1, left)[:, 0]
    return np.column_stack([scores, new, gained])
