"""A program under construction: lines whose values are still positions, and what each rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from inverse_tracr.decompile.lift.stream import Floats, NotReadableError
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
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
    aggregate moves, whose values are the same. `states[i]` is what stands in the dimensions for value i,
    where that is not dimension i alone: shape [values, dims].
    """

    ref: Ref
    dims: tuple[int, ...]
    encoding: Encoding
    values: tuple[Value, ...] | None = None
    source: Variable | None = None
    states: Floats | None = None

    @property
    def grid(self) -> Floats:
        """What stands in the dimensions for each value; shape [values, dims]."""
        return np.eye(len(self.dims)) if self.states is None else self.states

    @property
    def free_values(self) -> tuple[Value, ...]:
        """The simplest values that it can have."""
        return _source_values(self) or tuple(range(len(self.grid)))


@dataclass(frozen=True)
class MapDraft:
    """For each value of the operand (by position, or at `numbers`): position of the result, or number."""

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
    factors: tuple[int | float, int | float]


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


@dataclass(frozen=True)
class UnknownDraft:
    """A line that could not be read: the part of the model, and why.

    `suffers` when it reads what could not be read and is not itself to blame.
    """

    part: str
    problem: str
    encoding: Encoding
    suffers: bool = False


LineDraft = MapDraft | PairDraft | LinearDraft | SelectDraft | AggregateDraft | WidthDraft | UnknownDraft


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
    lines: list[LineDraft] = field(default_factory=list[LineDraft])
    bases: list[Basis] = field(default_factory=list[Basis])
    owner: dict[int, tuple[Variable, int]] = field(default_factory=dict[int, tuple[Variable, int]])
    variables: list[Variable] = field(default_factory=list[Variable])
    _numbers: dict[Ref, tuple[float, ...]] = field(default_factory=dict[Ref, tuple[float, ...]])

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

    def variable(self, ref: Ref) -> Variable:
        """The variable of a line or an input."""
        return next(v for v in self.variables if v.ref == ref)

    def owners(self, dims: Iterable[int]) -> list[Variable]:
        """The variables that own `dims`, in order of their lines.

        Raises NotReadableError for a dimension that belongs to no variable.
        """
        found: dict[Ref, Variable] = {}
        for dim in dims:
            if dim not in self.owner:
                raise NotReadableError(f"residual dimension {dim} is read, but nothing readable writes it")
            variable = self.owner[dim][0]
            found[variable.ref] = variable
        return [found[ref] for ref in sorted(found)]

    def add_unknown(self, line: UnknownDraft, basis: Basis) -> None:
        """Append a line that could not be read, which owns the dimensions of its basis."""
        self.own(Variable(self.add_line(line, basis), basis.dims, line.encoding))

    def is_unknown(self, variable: Variable) -> bool:
        """Whether a variable is a line that could not be read."""
        return variable.ref >= 0 and isinstance(self.lines[variable.ref], UnknownDraft)

    def finish(self, output: Variable) -> Program:
        """The program, values filled in where they were free; lines that are unknown have no value."""
        for variable in self.variables:
            if variable.values is None and variable.encoding is Encoding.CATEGORICAL:
                variable.values = variable.free_values
        lines: list[Line] = []
        for position, draft in enumerate(self.lines):
            lines.append(self._line(position, draft))
        return Program(tuple(lines), output.ref)

    def _line(self, position: int, draft: LineDraft) -> Line:
        match draft:
            case MapDraft():
                return self._map(position, draft)
            case PairDraft():
                out = _values(self.variable(position))
                results = tuple(None if r is None else out[r] for r in draft.results)
                function = name_binary(_values(draft.first), _values(draft.second), results)
                return SequenceMap(draft.first.ref, draft.second.ref, function)
            case LinearDraft():
                return LinearSequenceMap(draft.first.ref, draft.second.ref, *draft.factors)
            case SelectDraft():
                predicate = name_predicate(_values(draft.keys), _values(draft.queries), draft.rows)
                return Select(draft.keys.ref, draft.queries.ref, predicate)
            case AggregateDraft():
                return Aggregate(draft.selector, draft.moved.ref)
            case WidthDraft():
                return SelectorWidth(draft.selector, draft.encoding)
            case UnknownDraft():
                return Map(TOKENS, UnaryTable(()), draft.encoding)

    def _map(self, position: int, draft: MapDraft) -> Line:
        variable = self.variable(position)
        xs: tuple[Value, ...] = _values(draft.operand) if draft.numbers is None else draft.numbers
        if variable.encoding is Encoding.NUMERICAL:
            results: tuple[Maybe, ...] = draft.results
        else:
            out = _values(variable)
            results = tuple(None if r is None else out[int(r)] for r in draft.results)
        if draft.numbers is None:
            return Map(draft.operand.ref, name_unary(xs, results), variable.encoding)
        return Map(draft.operand.ref, UnaryTable(tuple(zip(xs, results, strict=True))), variable.encoding)

    def number_values(self, variable: Variable) -> tuple[float, ...]:
        """The numbers that a numerical variable may take, in order.

        All means k/n where they can be listed, else what Tracr's inference gives.
        """
        if variable.ref not in self._numbers:
            self._numbers[variable.ref] = self._infer_numbers(self._prefix(variable), variable.ref)
        return self._numbers[variable.ref]

    def _infer_numbers(self, program: Program, ref: Ref) -> tuple[float, ...]:
        for exact in (True, False):
            try:
                values = ValueSets(program, self.signature, exact_means=exact)[ref]
            except InverseTracrError:  # Tracr cannot infer them, or they are too many
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
                    other.values = other.free_values
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
