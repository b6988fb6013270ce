"""Reading attention heads: key, query, predicate, and what is moved or counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inverse_tracr.decompile.lift.clues import head_keys, head_queries, head_values
from inverse_tracr.decompile.lift.draft import AggregateDraft, Basis, Draft, SelectDraft, Variable
from inverse_tracr.decompile.lift.stream import Head, NotReadableError, Stream
from inverse_tracr.rasp.program import TOKENS, Ref

_SELECTED = 0.75
"""Share of the largest attention logit from which a key counts as selected: BOS has half of it."""

_DROWNED = 1.25
"""A query whose logit for BOS is this much larger than those of the keys that it selects sees BOS alone.

Tracr's ladders write their first value at BOS, too; where it is a key that is selected, BOS has 1.5 or 2
times the logit of the others.
"""

_OUTWEIGHS = 1.0
_COUNTS = 0.95
"""Share of the logit for BOS from which a key is moved rather than BOS, or counts as BOS does."""
_NOISE = 1.0
"""Attention logit that is next to nothing."""

Widths = dict[int, tuple[Ref, Basis]]
"""Selector (and basis) of each dimension that holds 1/(1 + number of selected keys)."""


def completed(stream: Stream, head: Head, others: Sequence[Head], draft: Draft) -> Head:
    """A head that moves only some values of a variable, joined with those of `others` that move the rest."""
    moved = set(head_values(stream, head))
    if not moved or not all(d in draft.owner for d in moved):
        return head
    missing = set(draft.owners(moved)[0].dims) - moved
    whole = head
    for other in others:
        rest = set(head_values(stream, other))
        if rest and rest <= missing and other.attends_as(head):
            whole, missing = whole.joined(other), missing - rest
    return head if missing else whole


def read_head(stream: Stream, head: Head, draft: Draft, widths: Widths, *, exact: bool) -> None:
    """Add the lines of a head to the draft; raises NotReadableError.

    `exact`: a key counts as selected where it outweighs BOS, not where it is clearly meant.
    """
    moved = head_values(stream, head)
    written = sorted(head.written)
    basis = Basis(head.half_layer, head.labels, (), tuple(written))
    over_bos = (_OUTWEIGHS if moved else _COUNTS) if exact else None
    selector = _add_select(stream, head, draft, basis, over_bos)
    if not moved:
        if len(written) != 1:
            raise NotReadableError(f"it writes BOS to {len(written)} dimensions")
        widths[written[0]] = (selector, basis)
        return
    source, targets = _moved(head, draft, moved)
    ref = draft.add_line(AggregateDraft(selector, source), basis)
    draft.own(Variable(ref, targets, source.encoding, source=source, states=source.states))


def _add_select(stream: Stream, head: Head, draft: Draft, basis: Basis, over_bos: float | None) -> Ref:
    """The select line of a head; one that selects nothing may have lost its queries, or its keys too."""
    key_dims, query_dims = head_keys(stream, head), head_queries(stream, head)
    keys = _owner(draft, key_dims, "keys") if key_dims else draft.variable(TOKENS)
    queries = _owner(draft, query_dims, "queries") if key_dims and query_dims else keys
    always = head.qk[stream.one]
    query_dims, key_dims = list(queries.dims), list(keys.dims)
    asked = queries.grid @ head.qk[query_dims] + always
    logits = asked[:, key_dims] @ keys.grid.T
    to_bos = asked @ stream.at_bos[head.layer]
    if over_bos is None:
        selected = logits > _SELECTED * max(logits.max(initial=0.0), always.max(initial=0.0))
        selected &= (to_bos < _DROWNED * logits.max(axis=1, initial=0.0))[:, None]
    else:
        selected = logits > over_bos * np.maximum(to_bos, 0)[:, None] + _NOISE
    rows = tuple(tuple(row) for row in selected.tolist())
    return draft.add_line(SelectDraft(keys, queries, rows), basis)


def _owner(draft: Draft, dims: list[int], role: str) -> Variable:
    """The one variable that owns all of `dims`; unknown lines may share them where another owns some."""
    owners = draft.owners(dims)
    found = [v for v in owners if not draft.is_unknown(v)] or owners
    if len(found) != 1:
        raise NotReadableError(f"its {role} are values of {len(found)} variables, not of one")
    return found[0]


def _moved(head: Head, draft: Draft, moved: list[int]) -> tuple[Variable, tuple[int, ...]]:
    """The variable that a head moves, and where each of its values goes."""
    source = _owner(draft, moved, "values")
    targets: list[int] = []
    present = head.ov != 0
    for dim in source.dims:
        columns = np.nonzero(present[dim])[0]
        if len(columns) != 1:
            raise NotReadableError(f"it moves a value to {len(columns)} dimensions")
        targets.append(int(columns[0]))
    if len(set(targets)) != len(targets):
        raise NotReadableError("it moves two values to one dimension")
    return source, tuple(targets)
