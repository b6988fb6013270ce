"""A program under construction: lines whose values are still positions, and what each rests on."""

from __future__ import annotations

from dataclasses import dataclass, field

from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.naming import name_predicate
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
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

Rows = tuple[tuple[bool, ...], ...]


@dataclass
class Variable:
    """An s-op of the draft: its dimensions, and the value that each stands for.

    `values` is None while they are free (the weights do not hold them); `source` is the variable that an
    aggregate moves, whose values are the same.
    """

    ref: Ref
    dims: tuple[int, ...]
    encoding: Encoding
    values: tuple[Value, ...] | None = None
    source: Variable | None = None


@dataclass(frozen=True)
class MapDraft:
    """For each value of the operand (by position, or at these numbers): position of the result, number or None."""

    operand: Variable
    results: tuple[int | float | None, ...]
    numbers: tuple[float, ...] | None = None


@dataclass(frozen=True)
class PairDraft:
    """For each pair of values, row by row, the position of the result or None."""

    first: Variable
    second: Variable
    results: tuple[int | None, ...]


@dataclass(frozen=True)
class LinearDraft:
    """Two numbers and their factors."""

    first: Variable
    second: Variable
    factors: tuple[float, float]


@dataclass(frozen=True)
class SelectDraft:
    """Which keys (columns) each query (row) selects, by position."""

    keys: Variable
    queries: Variable
    rows: Rows


@dataclass(frozen=True)
class AggregateDraft:
    """Selector and moved variable."""

    selector: Ref
    moved: Variable


@dataclass(frozen=True)
class WidthDraft:
    """Selector and encoding."""

    selector: Ref
    encoding: Encoding


LineDraft = MapDraft | PairDraft | LinearDraft | SelectDraft | AggregateDraft | WidthDraft


@dataclass(frozen=True)
class Basis:
    """What a line was read from."""

    half_layer: int
    heads: tuple[str, ...] = ()
    neurons: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()


@dataclass
class Draft:
    """Lines so far, the variable that owns each dimension, and the basis of each line."""

    signature: Signature
    lines: list[LineDraft] = field(default_factory=lambda: [])
    bases: list[Basis] = field(default_factory=lambda: [])
    owner: dict[int, tuple[Variable, int]] = field(default_factory=lambda: {})
    variables: list[Variable] = field(default_factory=lambda: [])

    def add_line(self, line: LineDraft, basis: Basis) -> Ref:
        """Append a line; its reference."""
        self.lines.append(line)
        self.bases.append(basis)
        return len(self.lines) - 1

    def own(self, variable: Variable) -> Variable:
        """Let a variable own its dimensions."""
        self.variables.append(variable)
        for position, dim in enumerate(variable.dims):
            self.owner[dim] = (variable, position)
        return variable

    def finish(self, output: Variable) -> Program:
        """The program, values filled in where they were free."""
        for variable in self.variables:
            if variable.values is None and variable.encoding is Encoding.CATEGORICAL:
                variable.values = _source_values(variable) or tuple(range(len(variable.dims)))
        lines: list[Line] = []
        for position, draft in enumerate(self.lines):
            lines.append(self._line(position, draft))
        return Program(tuple(lines), output.ref)

    def _line(self, position: int, draft: LineDraft) -> Line:
        match draft:
            case MapDraft():
                return self._map(position, draft)
            case PairDraft():
                out = _values(self._variable(position))
                pairs = [(x, y) for x in _values(draft.first) for y in _values(draft.second)]
                results = [None if r is None else out[r] for r in draft.results]
                table = BinaryTable(tuple(zip(pairs, results, strict=True)))
                return SequenceMap(draft.first.ref, draft.second.ref, table)
            case LinearDraft():
                return LinearSequenceMap(draft.first.ref, draft.second.ref, *draft.factors)
            case SelectDraft():
                predicate = name_predicate(_values(draft.keys), _values(draft.queries), draft.rows)
                return Select(draft.keys.ref, draft.queries.ref, predicate)
            case AggregateDraft():
                return Aggregate(draft.selector, draft.moved.ref)
            case WidthDraft():
                return SelectorWidth(draft.selector, draft.encoding)

    def _map(self, position: int, draft: MapDraft) -> Line:
        variable = self._variable(position)
        xs: tuple[Value, ...] = _values(draft.operand) if draft.numbers is None else draft.numbers
        if variable.encoding is Encoding.NUMERICAL:
            results: list[Maybe] = list(draft.results)
        else:
            out = _values(variable)
            results = [None if r is None else out[int(r)] for r in draft.results]
        table = UnaryTable(tuple(zip(xs, results, strict=True)))
        return Map(draft.operand.ref, table, variable.encoding)

    def _variable(self, ref: Ref) -> Variable:
        return next(v for v in self.variables if v.ref == ref)

    def number_values(self, variable: Variable) -> tuple[float, ...]:
        """The numbers that a numerical variable may take, in order.

        All means k/n where they can be listed, else what Tracr's inference gives.
        """
        program = self._prefix(variable)
        for exact in (True, False):
            try:
                values = ValueSets(program, self.signature, exact_means=exact)[variable.ref]
            except Exception:
                continue
            if not exact or len(values) <= _MAX_NUMBERS:
                return tuple(float(v) for v in values)  # pyright: ignore[reportArgumentType]
        return ()

    def _prefix(self, variable: Variable) -> Program:
        """The lines so far as a program that returns a numerical variable."""
        kept = [(v, v.values) for v in self.variables]
        try:
            for other in self.variables:
                if other.values is None and other.encoding is Encoding.CATEGORICAL:
                    other.values = _source_values(other) or tuple(range(len(other.dims)))
            lines = [self._line(p, d) for p, d in enumerate(self.lines[: variable.ref + 1])]
            return Program(tuple(lines), variable.ref)
        finally:
            for other, values in kept:
                other.values = values


_MAX_NUMBERS = 20_000


def _values(variable: Variable) -> tuple[Value, ...]:
    assert variable.values is not None
    return variable.values


def _source_values(variable: Variable) -> tuple[Value, ...] | None:
    source = variable.source
    while source is not None:
        if source.values is not None:
            return source.values
        source = source.source
    return None


def new_draft(signature: Signature, token_dims: tuple[int, ...], index_dims: tuple[int, ...]) -> Draft:
    """A draft that owns the inputs."""
    draft = Draft(signature)
    draft.own(Variable(TOKENS, token_dims, Encoding.CATEGORICAL, signature.vocab))
    positions = tuple(range(signature.max_seq_len))
    draft.own(Variable(INDICES, index_dims, Encoding.CATEGORICAL, positions))
    return draft
