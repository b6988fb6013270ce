"""The search for operands that fit what half-layers write best."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from inverse_tracr.metamodel.coarser.draft import Draft
from inverse_tracr.metamodel.coarser.maps import maps_between
from inverse_tracr.metamodel.coarser.readers import nats, reading
from inverse_tracr.metamodel.evidence import misfit
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.program import Program, Ref, Select, SequenceMap, operands

LINE_COST = 1.5
"""Nats of a line more."""

LEAST_GAIN = 1.0
"""Nats that an edit must gain."""

MOST_ROUNDS = 4
MOST_TRIED = 60
"""Edits of a draft that are tried."""

WIDTH = 4
"""Drafts that are followed: of two edits the first alone may be none the better."""


def coarser(program: Program, state: State, moves: Moves) -> tuple[Program, State]:
    """The program of a state with coarser operands where they fit better, and its state."""
    start = Draft.of(state, program.output)
    best, least = start, _cost(start, moves) - LEAST_GAIN
    followed, seen = [start], {start.key}
    for _ in range(MOST_ROUNDS):
        grown: list[tuple[float, Draft]] = []
        for draft in followed:
            for edited in islice(_edits(draft), MOST_TRIED):
                if edited.key not in seen:
                    seen.add(edited.key)
                    grown.append((_cost(edited, moves), edited))
        grown.sort(key=lambda pair: pair[0])
        followed = [draft for _, draft in grown[:WIDTH]]
        if not followed:
            break
        if grown[0][0] < least:
            least, best = grown[0]
        elif best is not start:
            break
    return (program, state) if best is start else best.written()


def _cost(draft: Draft, moves: Moves) -> float:
    program, _ = draft.program()
    cost = misfit(program, draft.state.signature, draft.state.view.sites, moves)
    for key in draft.live():
        if key not in draft.nats:
            draft.nats[key] = nats(draft, key)
        cost += draft.nats[key]
    return cost + LINE_COST * draft.added


def _edits(draft: Draft) -> Iterator[Draft]:
    """Drafts in which one reader has another operand."""
    for key in draft.live():
        line = draft.lines[key]
        if not isinstance(line, Select | SequenceMap):
            continue
        for slot in (0, 1):
            yield from _rereading(draft, key, slot)


def _rereading(draft: Draft, key: Ref, slot: int) -> Iterator[Draft]:
    refs = operands(draft.lines[key])
    read, half = refs[slot], draft.reading_half(key)
    for ref, column in draft.columns.items():
        if ref not in refs and column.made < half and not column.numerical:
            yield from _read_by(draft, key, slot, ref)
    for line, column in maps_between(draft, key, slot, read):
        added, ref = draft.with_map(line, column)
        yield from _read_by(added, key, slot, ref)


def _read_by(draft: Draft, key: Ref, slot: int, ref: Ref) -> Iterator[Draft]:
    first, second = operands(draft.lines[key])
    found = reading(draft, key, (ref, second) if slot == 0 else (first, ref))
    if found is not None:
        yield draft.with_reader(key, *found)
