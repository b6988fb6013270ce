"""A program whose lines are edited, on the sites."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import Column, Selection, execute, select
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.fusion import live_positions
from inverse_tracr.rasp.program import (
    Aggregate,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    operands,
    with_operands,
)

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Draft:
    """Lines by key, in the order of a program but for new ones; on the sites they say what they said.

    `columns` are those of the inputs and of all lines but selects; `nats` those of tables, as far as known.
    """

    state: State
    lines: dict[Ref, Line]
    columns: dict[Ref, Column]
    output: Ref
    nats: dict[Ref, float]
    added: int = 0

    @staticmethod
    def of(state: State, output: Ref) -> Draft:
        """The lines of a state."""
        return Draft(state, dict(enumerate(state.lines)), {c.ref: c for c in state.columns}, output, {})

    def with_reader(self, key: Ref, line: Line, nats: float) -> Draft:
        """The draft with another line that says the same, and the nats of its table."""
        return replace(self, lines=self.lines | {key: line}, nats=self.nats | {key: nats})

    def with_map(self, line: Map, column: Column) -> tuple[Draft, Ref]:
        """The draft with one more line, and its key."""
        key = len(self.lines)
        columns = self.columns | {key: replace(column, ref=key)}
        return replace(self, lines=self.lines | {key: line}, columns=columns, added=self.added + 1), key

    @property
    def key(self) -> frozenset[tuple[Ref, Line]]:
        """The same for drafts with the same lines."""
        return frozenset(self.lines.items())

    @property
    def order(self) -> list[Ref]:
        """The keys, each behind those of its operands."""
        found: dict[Ref, None] = {}

        def emit(key: Ref) -> None:
            if key >= 0 and key not in found:
                for ref in operands(self.lines[key]):
                    emit(ref)
                found[key] = None

        for key in self.lines:
            emit(key)
        return list(found)

    def program(self) -> tuple[Program, list[Ref]]:
        """The program, and the keys of its lines."""
        order = self.order
        place: dict[Ref, Ref] = {-2: -2, -1: -1} | {key: at for at, key in enumerate(order)}
        lines = [self.lines[key] for key in order]
        moved = tuple(with_operands(line, tuple(place[ref] for ref in operands(line))) for line in lines)
        return Program(moved, place[self.output]), order

    def live(self) -> list[Ref]:
        """The keys of the lines that the output depends on."""
        program, order = self.program()
        return [order[at] for at in live_positions(list(program.lines), program.output)]

    def reading_half(self, key: Ref) -> int:
        """The half-layer in which a line reads its operands."""
        line = self.lines[key]
        if not isinstance(line, Select):
            return self.columns[key].made
        halves = [
            self.columns[at].made - isinstance(reader, SelectorWidth)
            for at, reader in self.lines.items()
            if isinstance(reader, Aggregate | SelectorWidth) and reader.selector == key
        ]
        return min(halves, default=-1)

    def written(self) -> tuple[Program, State]:
        """The program, and its state."""
        program, order = self.program()
        state, sites = self.state, self.state.view.sites
        columns: dict[Ref, Column] = {c.ref: c for c in state.columns if c.ref < 0}
        selections: dict[Ref, Selection] = {}
        for ref, (key, line) in enumerate(zip(order, program.lines, strict=True)):
            if isinstance(line, Select):
                selections[ref] = select(ref, line, columns[line.keys], columns[line.queries], sites)
                continue
            attends = isinstance(line, Aggregate | SelectorWidth)
            chosen = selections[line.selector] if attends else None
            read = tuple(columns[operand] for operand in operands(line)[attends:])
            old = self.columns[key]
            made = execute(ref, line, read, chosen, state.signature, sites, made=old.made)
            columns[ref] = replace(made, twin=old.twin)
        parts = tuple(columns.values()), tuple(selections.values())
        return program, replace(state, lines=program.lines, columns=parts[0], selections=parts[1])
