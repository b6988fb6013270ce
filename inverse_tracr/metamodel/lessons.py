"""Lessons: what the network should say, step by step, to write the known program of a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, Plan, plan
from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.columns import Column, first_seen
from inverse_tracr.metamodel.context import Floats
from inverse_tracr.metamodel.fillings import Filling, fillings
from inverse_tracr.metamodel.memory import Memory
from inverse_tracr.metamodel.operands import NONE, next_operands
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.metamodel.state import State, begin, output_match
from inverse_tracr.metamodel.view import view
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
    with_operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.tables import binary_table, predicate_table, unary_table

Table = NDArray[np.intp]


@dataclass(frozen=True)
class Decision:
    """One choice: features of the possibilities and how good each is.

    `grades`: 0 wrong, 1 right on the sites, 2 on all values of the operands, 3 with the true values too. Of
    a choice of operands `kinds` is None, and the last grade is that of leaving the half-layer.
    """

    features: Floats
    context: Floats
    kinds: Table | None
    grades: Table


def lesson(
    program: Program, signature: Signature, model: TransformerProgram, *, key: int, blur: Blur | None = None
) -> list[Decision]:
    """The choices that write `program` off `model`, in one of its orders; `key` draws order and probes.

    `blur`: noise on what half-layers write.

    Lines that the half-layers of the model do not show, or that no possibility fits, are written all the
    same, so that later lines can read them.
    """
    layout = plan(program, signature, mode=Mode.FIXED)
    state = begin(signature, view(model, draw_sites(signature, key=key), key=key, blur=blur))
    return Teacher(layout, state, np.random.default_rng([13, key])).decisions()


class Teacher:
    """Walks through the half-layers of a known program."""

    def __init__(self, layout: Plan, state: State, random: np.random.Generator) -> None:
        self._layout, self._state, self._random = layout, state, random
        self._lines = layout.program.lines
        self._refs: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES}
        self._named: dict[Ref, Ref] = dict(self._refs)
        self._found: list[Decision] = []
        self._memory = Memory()

    @property
    def state(self) -> State:
        """The lines that were written so far."""
        return self._state

    def decisions(self) -> list[Decision]:
        """All choices in order."""
        while not self._state.over:
            left = [at for at in range(len(self._lines)) if self._half_of(at) == self._state.half]
            while left:
                chosen = int(self._random.integers(len(left)))
                self._choose_operands(left)
                self._write(left.pop(chosen))
            self._choose_operands([])
            self._state, self._memory = self._state.advanced(), Memory()
        return self._found

    def _half_of(self, at: int) -> int:
        """The half-layer that writes a line; of a selector width the one with its head; -1 for a select."""
        if at in self._layout.heads:
            return 2 * self._layout.heads[at][0]
        if at in self._layout.neurons:
            return 2 * self._layout.neurons[at][0] + 1
        return -1

    def _choose_operands(self, left: list[int]) -> None:
        found = next_operands(self._state, self._memory)
        wanted = {self._pair_of(at) for at in left}
        grades = 3 * np.array([*(pair in wanted for pair in found.pairs), not left], np.intp)
        if grades.any() and len(grades) > 1:
            self._found.append(Decision(found.features, found.context, None, grades))

    def _pair_of(self, at: int) -> tuple[Ref, Ref]:
        line = self._lines[at]
        refs = [self._refs[ref] for ref in operands(line) if ref in self._refs]
        if isinstance(line, Aggregate | SelectorWidth):
            select = self._lines[line.selector]
            assert isinstance(select, Select)
            return self._refs[select.keys], self._refs[select.queries]
        if isinstance(line, Map):
            return self._named[line.operand], NONE
        return _in_order(self._state, refs[0], refs[1])

    def _write(self, at: int) -> None:
        line, pair = self._lines[at], self._pair_of(at)
        state, selected = self._state, None
        if isinstance(line, Aggregate | SelectorWidth):
            select = self._lines[line.selector]
            selected = with_operands(select, pair)
            assert isinstance(selected, Select)
            state, ref = state.with_select(selected)
            moved = (self._refs[line.values],) if isinstance(line, Aggregate) else ()
            own = with_operands(line, (ref, *moved))
        elif isinstance(line, Map):
            own = with_operands(line, pair[:1])
        else:
            own = with_operands(line, tuple(self._refs[ref] for ref in operands(line)))
        after, column = self._with_line(state, own)
        self._choose_filling(fillings(self._state, pair, self._memory), selected, own, column, at)
        twin = after.columns[-1]
        self._named[at] = column.ref
        self._refs[at] = twin.ref if self._layout.program.encoding(at) is Encoding.NUMERICAL else column.ref
        self._state = after

    @staticmethod
    def _with_line(state: State, line: Line) -> tuple[State, Column]:
        """The state with a line, in both encodings where it can have both, and its column."""
        if isinstance(line, Map | SelectorWidth) and line.encoding is Encoding.NUMERICAL:
            both = state.with_line(replace(line, encoding=Encoding.CATEGORICAL))
            if both.columns[-1].twin:
                return both, both.columns[-2]
        after = state.with_line(line)
        return after, after.columns[-2] if after.columns[-1].twin else after.columns[-1]

    def _choose_filling(
        self, found: Filling, selected: Select | None, line: Line, column: Column, at: int
    ) -> None:
        grades = _grades(self._state, found, selected, line, column)
        if at == self._layout.program.output:
            grades *= np.array([output_match(c, self._state.view) == 1 for c in found.columns])
        if grades.any() and len(grades) > 1:
            self._found.append(Decision(found.features, found.context, found.kinds, grades))


def _in_order(state: State, first: Ref, second: Ref) -> tuple[Ref, Ref]:
    """A pair as `next_operands` writes it: in the order of the columns."""
    refs = [c.ref for c in state.columns]
    return (first, second) if refs.index(first) <= refs.index(second) else (second, first)


def _grades(state: State, found: Filling, selected: Select | None, line: Line, column: Column) -> Table:
    """How good each line is beside the true one."""
    wanted = _partition(column)
    values, table = _whole(state, selected, line)
    grades = np.zeros(len(found.lines), np.intp)
    for at, (lines, own) in enumerate(zip(found.lines, found.columns, strict=True)):
        if not _same_kind(lines[-1], line) or own.numerical != column.numerical or _partition(own) != wanted:
            continue
        first = lines[0]
        own_values, own_table = _whole(state, first if isinstance(first, Select) else None, lines[-1])
        grades[at] = 1
        if bool((first_seen(own_table) == first_seen(table)).all()):
            grades[at] = 3 if own_values == values and bool((own_table == table).all()) else 2
    return grades


def _same_kind(candidate: Line, line: Line) -> bool:
    if type(candidate) is not type(line):
        return False
    if isinstance(candidate, Aggregate) and isinstance(line, Aggregate):
        return candidate.values == line.values
    return True


def _partition(column: Column) -> bytes:
    return first_seen(column.labels).tobytes()


def _whole(state: State, selected: Select | None, line: Line) -> tuple[object, Table]:
    """Values and table of a line's function (of a head's predicate) on the values of its operands."""
    match line:
        case Map():
            found = unary_table(line.function, state.column(line.operand).values)
            return found.values, found.table
        case SequenceMap():
            first, second = state.column(line.first), state.column(line.second)
            found = binary_table(line.function, first.values, second.values)
            refs = [c.ref for c in state.columns]
            straight = refs.index(line.first) <= refs.index(line.second)
            return found.values, (found.table if straight else found.table.T).ravel()
        case LinearSequenceMap():
            # Either order of the operands is the same sum.
            factors = {line.first: line.first_factor, line.second: line.second_factor}
            return tuple(sorted(factors.items())), np.zeros(1, np.intp)
        case _:
            assert selected is not None
            keys, queries = state.column(selected.keys), state.column(selected.queries)
            return None, predicate_table(selected.predicate, keys.values, queries.values).ravel()
