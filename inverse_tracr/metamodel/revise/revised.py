"""The program of a state, revised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inverse_tracr.metamodel.columns import Column, Selection, execute, select
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.revise.answers import completed_map, completed_sequence_map
from inverse_tracr.metamodel.revise.choices import completed_predicate
from inverse_tracr.metamodel.revise.classes import with_classes_merged
from inverse_tracr.metamodel.revise.means import with_means_mirrored
from inverse_tracr.metamodel.revise.streams import Streams
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.program import (
    Aggregate,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)


def revised(program: Program, state: State, moves: Moves) -> tuple[Program, State]:
    """The program of a state, with classes, means and entries as the model's parameters have them, and its
    state.
    """
    streams = Streams(state, moves)
    for revise in (with_classes_merged, with_means_mirrored, _with_entries):
        streams = replace(streams, state=_rewritten(streams.state, revise(streams)))
    return replace(program, lines=streams.state.lines), streams.state


def completed(program: Program, state: State, moves: Moves) -> Program:
    """The program of a state with the entries that no site reaches as the model's parameters have them."""
    streams = Streams(state, moves)
    return replace(program, lines=_rewritten(state, _with_entries(streams)).lines)


def _with_entries(streams: Streams) -> list[Line]:
    """Entries of predicates and tables that no site reaches."""
    lines = list(streams.state.lines)
    for selection in streams.state.selections:
        lines[selection.ref] = replace(selection.line, predicate=completed_predicate(streams, selection))
    for column in streams.state.columns:
        line = None if column.twin else streams.line(column)
        if isinstance(line, SequenceMap):
            lines[column.ref] = completed_sequence_map(streams, line, column)
        elif isinstance(line, Map):
            lines[column.ref] = completed_map(streams, line, column)
    return lines


def _rewritten(state: State, lines: Sequence[Line]) -> State:
    """The state with other functions in its lines, executed again."""
    columns: dict[Ref, Column] = {c.ref: c for c in state.columns}
    selections: dict[Ref, Selection] = {s.ref: s for s in state.selections}
    for ref, line in enumerate(lines):
        if isinstance(line, Select):
            selections[ref] = select(ref, line, columns[line.keys], columns[line.queries], state.view.sites)
            continue
        counting = isinstance(line, Aggregate | SelectorWidth)
        selection = selections[line.selector] if counting else None
        read = tuple(columns[operand] for operand in operands(line)[counting:])
        old = columns[ref]
        made = execute(ref, line, read, selection, state.signature, state.view.sites, made=old.made)
        columns[ref] = replace(made, twin=old.twin)
    return replace(
        state, lines=tuple(lines), columns=tuple(columns.values()), selections=tuple(selections.values())
    )
