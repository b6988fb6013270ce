"""A program half written, half-layer by half-layer, and executed on the sites."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.metamodel.columns import Column, Selection, execute, input_columns, select
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.metamodel.view import Half, View
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    operands,
)
from inverse_tracr.rasp.readable import rename_values
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

Floats = NDArray[np.float64]

NO_DIRECTIONS: Mapping[Value, int] = {}

MOST_KNOWN = 200
"""Joint values of the lines of a half-layer that are told apart."""

LEAST_LEFT = 1e-9
"""Share of what a half-layer writes below which what its lines leave is nothing."""

LEAST_TOLD = 0.8
"""Share of the outputs that the line must tell which a program returns, or it returns the last."""


@dataclass(frozen=True)
class State:
    """Lines written so far, the half-layer that is being explained, and what explains it already.

    `columns` are the s-ops, tokens and indices first; `known` [sites] are the joint values of those that the
    half-layer at hand writes, `known_size` their number, `written_here` these columns. `truths` are the
    selects whose heads are in it. `used` are the columns that a line reads. `taken`: heads, or
    directions, of the half-layer at hand whose lines are written, where the streams are loose.
    """

    signature: Signature
    view: View
    lines: tuple[Line, ...] = ()
    columns: tuple[Column, ...] = ()
    selections: tuple[Selection, ...] = ()
    half: int = 0
    known: Index = field(default_factory=lambda: np.zeros(0, np.intp))
    known_size: int = 1
    written_here: tuple[Column, ...] = ()
    truths: tuple[Index, ...] = ()
    used: frozenset[Ref] = frozenset()
    taken: frozenset[int] = frozenset()

    @property
    def over(self) -> bool:
        """Whether no half-layer is left."""
        return self.half >= len(self.view.halves)

    @property
    def attention(self) -> bool:
        """Whether the half-layer at hand has heads."""
        return self.half % 2 == 0

    @property
    def written(self) -> Half:
        """What the half-layer at hand writes."""
        return self.view.halves[self.half]

    def readable(self) -> tuple[Column, ...]:
        """The columns that the half-layer at hand can read."""
        return tuple(c for c in self.columns if c.made < self.half)

    @cached_property
    def explained(self) -> Floats:
        """An orthonormal basis of what is linear in the values of the lines written here [sites, rank]."""
        parts = [indicators(column) for column in self.written_here]
        if not parts:
            return np.zeros((self.view.sites.count, 0))
        everything = np.concatenate(parts, axis=1)
        squares, directions = np.linalg.eigh(everything.T @ everything)
        kept = squares > 1e-6 * squares[-1]
        return everything @ (directions[:, kept] / np.sqrt(squares[kept]))

    @cached_property
    def unexplained(self) -> Floats:
        """What the half-layer at hand writes less what is linear in the lines written here."""
        rows, basis = self.written.rows, self.explained
        left = rows - basis @ (basis.T @ rows)
        # What is left by rounding has no shape of its own.
        return left if (left**2).sum() > LEAST_LEFT * (rows**2).sum() else np.zeros_like(rows)

    def advanced(self) -> State:
        """The state at the next half-layer."""
        half, columns, view, loose = self.half + 1, self.columns, self.view, self.view.loose
        if loose is not None:
            columns = tuple(loose.behind(c.made, c) if c.made == self.half else c for c in columns)
            view = replace(view, outputs=loose.outputs[half])
        here = tuple(c for c in columns if c.made == half and not c.twin)
        codes, size = np.zeros(self.view.sites.count, np.intp), 1
        for column in here:
            codes, size = _joined(codes, size, column)
        return replace(
            self,
            view=view,
            columns=columns,
            half=half,
            known=codes,
            known_size=size,
            written_here=here,
            truths=(),
            taken=frozenset(),
        )

    def with_line(
        self, line: Line, head: int | None = None, directions: Mapping[Value, int] = NO_DIRECTIONS
    ) -> State:
        """The state with a line that is no select, written by the half-layer at hand; where streams are loose
        by a `head`, or with `directions` for its values.

        Zeros and ones, and widths, are written in both encodings.
        """
        column, taken = self._executed(line, head, directions)
        codes, size = _joined(self.known, self.known_size, column)
        truths = self.truths
        if isinstance(line, Aggregate | SelectorWidth):
            truths = (*truths, self._selection(line.selector).chosen)
        state = replace(
            self,
            lines=(*self.lines, line),
            columns=(*self.columns, column),
            known=codes,
            known_size=size,
            written_here=(*self.written_here, column),
            truths=truths,
            used=self.used | set(operands(line)),
            taken=self.taken | taken,
        )
        return state._with_twin(line, column)

    def _with_twin(self, line: Line, column: Column) -> State:
        counts = isinstance(line, Map) and set(column.values) <= {0, 1}
        if self.view.loose is not None or column.numerical:
            return self
        if not (counts or isinstance(line, SelectorWidth)):
            return self
        assert isinstance(line, Map | SelectorWidth)
        ref = len(self.lines)
        twin = replace(column, ref=ref, numerical=True, twin=True)
        return replace(
            self,
            lines=(*self.lines, replace(line, encoding=Encoding.NUMERICAL)),
            columns=(*self.columns, twin),
            used=self.used | {ref},
        )

    def with_select(self, line: Select) -> tuple[State, Ref]:
        """The state with a select, and its reference; one that is there already is not written twice."""
        for selection in self.selections:
            if selection.line == line:
                return self, selection.ref
        ref = len(self.lines)
        made = select(ref, line, self.column(line.keys), self.column(line.queries), self.view.sites)
        used = self.used | {line.keys, line.queries}
        state = replace(self, lines=(*self.lines, line), selections=(*self.selections, made), used=used)
        return state, ref

    def column(self, ref: Ref) -> Column:
        """The column of an s-op."""
        return next(c for c in self.columns if c.ref == ref)

    def _selection(self, ref: Ref) -> Selection:
        return next(s for s in self.selections if s.ref == ref)

    def with_unchosen(self) -> State:
        """The state with lines for the heads of the half-layer at hand that choose nothing on the sites."""
        state, loose, layer = self, self.view.loose, self.half // 2
        if loose is None or not self.attention:
            return self
        for at, head in sorted(loose.never):
            if at != layer or head in state.taken:
                continue
            columns = [column for column in state.readable() if not column.numerical]
            key = max(columns, key=lambda column: loose.key_fit(layer, head, column))
            query, predicate = loose.wiring.query(layer, head, key, columns)
            state, ref = state.with_select(Select(key.ref, query.ref, predicate))
            line: Line = SelectorWidth(ref)
            if (layer, head) in loose.moved:
                moved = max(columns, key=lambda column: loose.moves.fit(layer, head, column))
                line = Aggregate(ref, moved.ref)
            state = state.with_line(line, head)
        return state

    def _executed(
        self, line: Line, head: int | None, directions: Mapping[Value, int]
    ) -> tuple[Column, set[int]]:
        """What a line says on the sites; its head, or directions, where the streams are loose."""
        # A selector width is counted by a head and named by the MLP of the same layer.
        made = self.half + 1 if isinstance(line, SelectorWidth) else self.half
        selection = None
        refs = operands(line)
        if isinstance(line, Aggregate | SelectorWidth):
            selection = self._selection(line.selector)
            refs = refs[1:]
        read = tuple(self.column(ref) for ref in refs)
        sites, loose = self.view.sites, self.view.loose
        if loose is not None and selection is not None and head is not None:
            widths = tuple(range(self.signature.max_seq_len + 1))
            column = loose.attended(self.half // 2, head, read[0] if read else None, widths)
            return replace(column, ref=len(self.lines), made=made), {head}
        column = execute(len(self.lines), line, read, selection, self.signature, sites, made=made)
        if loose is None:
            return column, set()
        places = [directions[value] for value in column.values if value in directions]
        vectors = loose.wiring.directions[self.half].vectors[places]
        return replace(column, vectors=vectors, directions=tuple(places)), set(directions.values())

    def program(self) -> Program | None:
        """The program that returns the line that tells the outputs best; None without lines.

        Where none tells most of them it is the last line: what is right is what was seen, not what was said.
        """
        own = [c for c in self.columns if c.ref >= 0]
        if not own:
            return None
        match = {c.ref: round(output_match(c, self.view), 3) for c in own}
        best = max(own, key=lambda c: (match[c.ref], c.ref))
        if match[best.ref] < LEAST_TOLD:
            numbers = self.view.numbers is not None
            best = max(own, key=lambda c: (c.numerical == numbers, c.made, match[c.ref], c.ref))
        return Program(self.lines, best.ref)


def begin(signature: Signature, view: View) -> State:
    """The state before the first line."""
    columns = input_columns(signature, view.sites)
    if view.loose is not None:
        columns = view.loose.inputs(columns)
    return State(signature, view, columns=columns, known=np.zeros(view.sites.count, np.intp))


def output_match(column: Column, view: View) -> float:
    """Share of sites at which a column has the model's output; 0 where one is a number and one is not.

    Where streams are loose a column need not have its values, but tell it.
    """
    if view.loose is not None:
        return _told_both_ways(column.labels, view.outputs + 1)
    if column.numerical != (view.numbers is not None):
        return 0.0
    if view.numbers is not None:
        tolerance = 1e-2 * (1 + np.abs(view.numbers))
        return float((np.abs(column.numbers - view.numbers) <= tolerance).mean())
    places = {value: i for i, value in enumerate(view.values)}
    table = np.array([*(places.get(v, -2) for v in column.values), -1])
    return float((table[column.labels] == view.outputs).mean())


def with_told_values(program: Program, state: State) -> Program:
    """The program of a state, of which streams are loose, with the values that the output says of what it
    writes.
    """
    source: Ref = program.output
    while source >= 0 and isinstance(line := program.lines[source], Aggregate):
        source = line.values
    loose, column, names = state.view.loose, state.column(program.output), state.view.values
    if loose is None or column.vectors is None or len(column.vectors) < len(column.values):
        return program
    renamed = [names[at] for at in loose.wiring.named(column.vectors)]
    renaming = dict(zip(column.values, renamed, strict=True))
    if source < 0 or len(set(renamed)) < len(renamed):
        return program
    with suppress(InverseTracrError):
        return rename_values(program, source, renaming, state.signature)
    return program


def _told_both_ways(labels: Index, outputs: Index) -> float:
    """Share of sites where the label is the commonest one of the output, and the output that of the label."""
    counts = np.zeros((int(labels.max()) + 1, int(outputs.max()) + 1), np.intp)
    np.add.at(counts, (labels, outputs), 1)
    mutual = (counts == counts.max(axis=0)) & (counts == counts.max(axis=1, keepdims=True))
    return float(counts[mutual].sum() / len(labels))


def indicators(column: Column) -> Floats:
    """What is linear in an s-op: indicators of its values, or its number; centred [sites, values]."""
    found = column.numbers[:, None] if column.numerical else np.eye(column.size)[column.labels]
    found = np.nan_to_num(found)
    return found - found.mean(axis=0)


def _joined(codes: Index, size: int, column: Column) -> tuple[Index, int]:
    if size >= MOST_KNOWN:
        return codes, size
    found, joint = np.unique(codes * column.size + column.labels, return_inverse=True)
    return joint.astype(np.intp), len(found)
