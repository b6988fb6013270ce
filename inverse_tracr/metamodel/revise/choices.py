"""What heads choose where values meet that never do on inputs: keys and queries of different inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import predicates
from inverse_tracr.metamodel.columns import Column, Selection, occurring
from inverse_tracr.metamodel.revise.streams import Streams, mean_streams
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.functions import NamedPredicate, Predicate, PredicateTable
from inverse_tracr.rasp.program import Aggregate, SelectorWidth
from inverse_tracr.sample.tables import predicate_table

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

CLEAR = 0.2
"""Distance of a score from the nearest level, in gaps between chosen and not, up to which it is clear."""


def completed_predicate(streams: Streams, selection: Selection) -> Predicate:
    """The predicate of a select with the entries of values that do not meet."""
    line, state = selection.line, streams.state
    head = _head_of(streams, selection)
    if head is None:
        return line.predicate
    key, query = state.column(line.keys), state.column(line.queries)
    scores = _scores(streams, key, query, head)
    now = predicate_table(line.predicate, key.values, query.values)[:-1, :-1] > 0
    reached = _reached(state, key, query)
    read, clear = _levels(scores, now, reached)
    if not (clear | reached | np.isnan(scores)).all() or (now == read)[clear].all():
        return line.predicate
    known = clear | reached
    truth = np.where(clear, read, now)
    named = predicates(key.values, query.values)
    for table, found in zip(named.tables, named.predicates, strict=True):
        if ((table[:-1, :-1] > 0) == truth)[known].all():
            return found
    occur = np.outer(occurring(query), occurring(key))
    if isinstance(line.predicate, NamedPredicate) and (now == truth)[occur].all():
        # What a compressed model makes of values that never occur may be anything.
        return line.predicate
    pairs = np.argwhere(truth).tolist()
    return PredicateTable(tuple((key.values[k], query.values[q]) for q, k in pairs))


def _head_of(streams: Streams, selection: Selection) -> tuple[int, int] | None:
    """Layer and head that a select explains, of the half-layers that read it."""
    for column in streams.state.columns:
        line = streams.line(column)
        if isinstance(line, Aggregate | SelectorWidth) and line.selector == selection.ref:
            head = streams.head_of(selection.ref, column)
            if head is not None:
                return head
    return None


def _scores(streams: Streams, key: Column, query: Column, head: tuple[int, int]) -> Floats:
    """Mean score of each query value and key value, whatever their inputs; NaN where nothing tells."""
    half, weights = 2 * head[0], streams.weights
    left = mean_streams(streams, query, half) @ weights.W_Q[head].astype(np.float64) + weights.b_Q[head]
    right = mean_streams(streams, key, half) @ weights.W_K[head].astype(np.float64) + weights.b_K[head]
    return left @ right.T


def _reached(state: State, key: Column, query: Column) -> Truth:
    """Which query value sees which key value on some site."""
    grid = state.view.sites.grid
    codes = query.labels.take(grid.queries) * key.size + key.labels.take(grid.keys)
    counts = np.bincount(codes, minlength=query.size * key.size)
    return counts.reshape(query.size, key.size)[:-1, :-1] > 0


def _levels(scores: Floats, now: Truth, reached: Truth) -> tuple[Truth, Truth]:
    """Which cells are chosen by their scores, and which cells that are not reached are clear.

    Levels of chosen and other keys are those of the cells that are reached, query by query where it has both.
    """
    low, high = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    for query, row in enumerate(scores):
        chosen, other = row[reached[query] & now[query]], row[reached[query] & ~now[query]]
        if len(chosen):
            high[query] = chosen.mean()
        if len(other):
            low[query] = other.mean()
    # Of queries that choose all or nothing one level is missing; then levels are those of all queries.
    if np.isnan(low).all() or np.isnan(high).all():
        return now, np.zeros_like(now)
    both = ~np.isnan(low) & ~np.isnan(high)
    gap = float(np.median((high - low)[both]) if both.any() else np.nanmedian(high) - np.nanmedian(low))
    middle = float(np.nanmedian(low))
    low = np.where(np.isnan(low), np.where(np.isnan(high), middle, high - gap), low)
    high = np.where(np.isnan(high), low + gap, high)
    share = (scores - low[:, None]) / np.maximum(high - low, 1e-9)[:, None]
    clear = ~reached & (np.minimum(np.abs(share), np.abs(share - 1)) < CLEAR)
    return share > 0.5, clear
