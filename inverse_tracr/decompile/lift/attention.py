"""Reading attention heads: key, query, predicate, and what is moved or counted."""

from __future__ import annotations

import numpy as np

from inverse_tracr.decompile.lift.clues import head_queries, head_values
from inverse_tracr.decompile.lift.draft import AggregateDraft, Basis, Draft, SelectDraft, Variable
from inverse_tracr.decompile.lift.stream import Head, NotReadableError, Stream
from inverse_tracr.rasp.program import Ref

Widths = dict[int, tuple[Ref, Basis]]
"""Selector (and basis) of each dimension that holds 1/(1 + number of selected keys)."""


def read_head(stream: Stream, head: Head, draft: Draft, widths: Widths) -> None:
    """Add the lines of a head to the draft; raises NotReadableError."""
    moved = head_values(stream, head)
    written = np.nonzero((head.ov != 0).any(axis=0))[0].tolist()
    basis = Basis(2 * head.layer, (f"{head.layer}.{head.head}",), (), tuple(written))
    selector = _add_select(stream, head, draft, basis)
    if not moved:
        if len(written) != 1:
            raise NotReadableError(f"{head.name} writes BOS to {len(written)} dimensions")
        widths[written[0]] = (selector, basis)
        return
    source, targets = _moved(head, draft, moved)
    ref = draft.add_line(AggregateDraft(selector, source), basis)
    draft.own(Variable(ref, targets, source.encoding, source=source))


def _add_select(stream: Stream, head: Head, draft: Draft, basis: Basis) -> Ref:
    keys = _owner(draft, [d for d in head.key_dims if d not in stream.special], head, "keys")
    selecting = head_queries(stream, head)
    queries = _owner(draft, selecting, head, "queries") if selecting else keys
    threshold = np.abs(head.qk).max() / 2
    logits = head.qk[np.ix_(queries.dims, keys.dims)]
    rows = tuple(tuple(bool(x) for x in row) for row in logits > threshold * 1.001)
    return draft.add_line(SelectDraft(keys, queries, rows), basis)


def _owner(draft: Draft, dims: list[int], head: Head, role: str) -> Variable:
    """The one variable that owns all of `dims`."""
    owners = {id(draft.owner[d][0]): draft.owner[d][0] for d in dims if d in draft.owner}
    if len(owners) != 1 or any(d not in draft.owner for d in dims):
        raise NotReadableError(f"the {role} of {head.name} are not the values of one variable")
    return next(iter(owners.values()))


def _moved(head: Head, draft: Draft, moved: list[int]) -> tuple[Variable, tuple[int, ...]]:
    """The variable that a head moves, and where each of its values goes."""
    source = _owner(draft, moved, head, "values")
    targets: list[int] = []
    present = head.ov != 0
    for dim in source.dims:
        columns = np.nonzero(present[dim])[0]
        if len(columns) != 1:
            raise NotReadableError(f"{head.name} moves a value to {len(columns)} dimensions")
        targets.append(int(columns[0]))
    if len(set(targets)) != len(targets):
        raise NotReadableError(f"{head.name} moves two values to one dimension")
    return source, tuple(targets)
