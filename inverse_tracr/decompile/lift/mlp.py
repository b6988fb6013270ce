"""Reading MLPs: the lines behind the dimensions that they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.attention import Widths
from inverse_tracr.decompile.lift.clues import Clues
from inverse_tracr.decompile.lift.cover import sort_into_variables
from inverse_tracr.decompile.lift.draft import (
    Basis,
    Draft,
    LinearDraft,
    MapDraft,
    PairDraft,
    UnknownDraft,
    Variable,
    WidthDraft,
)
from inverse_tracr.decompile.lift.joins import neurons_of
from inverse_tracr.decompile.lift.numbers import snapped
from inverse_tracr.decompile.lift.stream import Floats, Mlp, NothingKnownError, NotReadableError, Stream
from inverse_tracr.decompile.lift.tabulate import PURE, Function, Tabulator
from inverse_tracr.rasp.program import Encoding

Results = tuple[int | None, ...]

_MOST_BLENDS = 200
"""Values of a line that are no dimension alone."""


@dataclass(frozen=True)
class Linear:
    """A written dimension that is a sum of numbers with factors."""

    dim: int
    neurons: tuple[int, ...]
    terms: tuple[tuple[Variable, int | float], tuple[Variable, int | float]]


class MlpReader:
    """Adds the lines of one MLP to a draft: unknown ones for what it cannot read.

    `exact`: as its neurons are executed, not as what they stand for.
    """

    def __init__(
        self, stream: Stream, mlp: Mlp, draft: Draft, widths: Widths, clues: Clues, *, exact: bool
    ) -> None:
        self._mlp, self._draft, self._widths, self._clues = mlp, draft, widths, clues
        self._reads = [neuron.reads for neuron in neurons_of(stream, mlp)]
        self._exact = exact
        self._tabulator = Tabulator(mlp, draft, widths, exact=exact)

    def read(self) -> None:
        """Read every written dimension and add the lines found."""
        categorical: dict[object, list[Function]] = {}
        for part in self._written():
            try:
                found = [self._read_dim(dim, neurons) for dim, neurons in part.items()]
            except NotReadableError as error:
                self._add_unknown(part, error)
                continue
            for function in found:
                if isinstance(function, Linear):
                    self._add_linear(function)
                elif self._is_number(function):
                    self._add_number(function)
                else:
                    categorical.setdefault((function.operands, function.width), []).append(function)
        for functions in categorical.values():
            for group in self._variables_of(functions):
                try:
                    self._add_categorical(group)
                except NotReadableError as error:
                    self._add_unknown({f.dim: list(f.neurons) for f in group}, error)

    def _written(self) -> list[dict[int, list[int]]]:
        """Written dimensions that belong together, each with the neurons that write it outside of BOS."""
        acting = [bool(read) or self._mlp.always[n] > 0 for n, read in enumerate(self._reads)]
        parts: dict[int, dict[int, list[int]]] = {}
        written = self._mlp.w_out != 0
        for dim in written.any(axis=0).nonzero()[0].tolist():
            neurons = [n for n in written[:, dim].nonzero()[0].tolist() if acting[n]]
            if neurons:
                parts.setdefault(self._clues.groups.find(dim), {})[dim] = neurons
        return list(parts.values())

    # -- what a dimension is -----------------------------------------------------------------------

    def _read_dim(self, dim: int, neurons: list[int]) -> Function | Linear:
        read = sorted({d for n in neurons for d in self._reads[n]})
        if read and all(d in self._clues.numerical and d not in self._widths for d in read):
            variables = self._draft.owners(read)
            if all(self._mlp.open[n] for n in neurons):
                return self._linear(dim, neurons, variables)
        function = self._tabulator.function(dim, neurons, read)
        if self._is_number(function):
            if len(function.operands) > 1:
                raise NotReadableError("a number depends on two variables")
            if self._clues.is_joined(dim):
                raise NotReadableError("a value is neither 0 nor 1")
        return function

    def _is_number(self, function: Function) -> bool:
        if function.dim in self._clues.numerical:
            return True
        return not function.binary and not (self._exact and self._clues.is_joined(function.dim))

    def _linear(self, dim: int, neurons: list[int], operands: list[Variable]) -> Linear:
        terms: list[tuple[Variable, int | float]] = []
        for variable in operands:
            read = self._mlp.w_in[variable.dims[0]]
            terms += [(variable, snapped(read[n] * self._mlp.w_out[n, dim])) for n in neurons if read[n] > 0]
        if not 1 <= len(terms) <= 2:
            raise NotReadableError(f"{len(terms)} numbers are added")
        return Linear(dim, tuple(neurons), (terms[0], terms[1] if len(terms) > 1 else (terms[0][0], 0)))

    def _variables_of(self, functions: list[Function]) -> list[list[Function]]:
        """Sort functions of the same operands into variables."""
        whole: dict[frozenset[int], list[Function]] = {}
        joined: dict[int, list[Function]] = {}
        for function in functions:
            known = self._clues.whole.get(function.dim)
            if known is not None:
                whole.setdefault(known, []).append(function)
            else:
                joined.setdefault(self._clues.groups.find(function.dim), []).append(function)
        components = list(joined.values())
        cases = [frozenset[int]().union(*(f.cases for f in c)) for c in components]
        kinds = [frozenset(self._clues.kind(f.dim) for f in c) for c in components]
        every = frozenset(np.nonzero(functions[0].pure)[0].tolist())
        groups = sort_into_variables(cases, kinds, every)
        return [*whole.values(), *([f for i in group for f in components[i]] for group in groups)]

    # -- lines -------------------------------------------------------------------------------------

    def _basis(self, dims: Sequence[int], neurons: Sequence[int], width: int | None = None) -> Basis:
        """What a line rests on; a number of selected keys rests on its head, too."""
        names = tuple(f"{self._mlp.layer}.{n}" for n in sorted(set(neurons)))
        if width is None:
            return Basis(2 * self._mlp.layer + 1, (), names, tuple(dims))
        head = self._widths[width][1]
        return Basis(head.half_layer, head.heads, names, (*head.dims, *dims))

    def _add_unknown(self, part: dict[int, list[int]], error: NotReadableError) -> None:
        """Own what could not be read: as one variable, or number by number."""
        suffers = isinstance(error, NothingKnownError)
        for dims, encoding in self._clues.variables(d for d in part if d not in self._draft.owner):
            basis = self._basis(dims, [n for d in dims for n in part[d]])
            self._draft.add_unknown(UnknownDraft(self._mlp.name, str(error), encoding, suffers), basis)

    def _add_linear(self, linear: Linear) -> None:
        (first, a), (second, b) = linear.terms
        basis = self._basis([linear.dim], linear.neurons)
        ref = self._draft.add_line(LinearDraft(first, second, (a, b)), basis)
        self._draft.own(Variable(ref, (linear.dim,), Encoding.NUMERICAL))

    def _add_number(self, function: Function) -> None:
        results = tuple(snapped(h) for h in function.real)
        basis = self._basis([function.dim], function.neurons, function.width)
        if function.width is not None and results == tuple(range(len(results))):
            ref = self._draft.add_line(WidthDraft(self._widths[function.width][0], Encoding.NUMERICAL), basis)
        else:
            operand, numbers = self._operand(function, basis)
            ref = self._draft.add_line(MapDraft(operand, results, numbers), basis)
        self._draft.own(Variable(ref, (function.dim,), Encoding.NUMERICAL))

    def _operand(self, function: Function, basis: Basis) -> tuple[Variable, tuple[float, ...] | None]:
        """The variable that a map reads, and its numbers where it holds numbers."""
        if function.width is not None:
            return self._counts(function, basis, ()), None
        operand = self._draft.variable(function.operands[0])
        if operand.encoding is Encoding.CATEGORICAL:
            return operand, None
        return operand, self._draft.number_values(operand)

    def _counts(self, function: Function, basis: Basis, dims: tuple[int, ...]) -> Variable:
        """A line with the number of selected keys; `dims` are those of its values that are in the stream."""
        assert function.width is not None
        ref = self._draft.add_line(WidthDraft(self._widths[function.width][0], Encoding.CATEGORICAL), basis)
        values = tuple(range(len(function.heights)))
        return self._draft.own(Variable(ref, dims, Encoding.CATEGORICAL, values))

    def _add_categorical(self, group: list[Function]) -> None:
        draft, dims = self._draft, tuple(f.dim for f in group)
        results, states = _sorted_out(np.stack([f.real for f in group], axis=1))
        basis = self._basis(dims, [n for f in group for n in f.neurons], group[0].width)
        if group[0].width is not None and states is None and None not in results:
            ordered = tuple(dims[r] for r in results if r is not None)
            if len(set(ordered)) == len(results):
                self._counts(group[0], basis, ordered)
                return
        if len(group[0].operands) > 1:
            first, second = (draft.variable(ref) for ref in group[0].operands)
            ref = draft.add_line(PairDraft(first, second, results), basis)
        else:
            operand, numbers = self._operand(group[0], basis)
            ref = draft.add_line(MapDraft(operand, results, numbers), basis)
        draft.own(Variable(ref, dims, Encoding.CATEGORICAL, states=states))


def _sorted_out(heights: Floats) -> tuple[Results, Floats | None]:
    """For each case the value that its heights (shape [cases, dims]) are, None where all are 0.

    Value i is dimension i alone; what is neither gets values of its own, and all states are returned then.
    """
    states = list(np.eye(heights.shape[1]))
    results: list[int | None] = []
    for case in heights:
        if np.abs(case).max() < PURE:
            results.append(None)
            continue
        near = [i for i, state in enumerate(states) if np.abs(case - state).max() < PURE]
        if not near:
            states.append(case)
        results.append(near[0] if near else len(states) - 1)
    if len(states) > heights.shape[1] + _MOST_BLENDS:
        raise NotReadableError("values are blended in too many ways")
    return tuple(results), np.array(states) if len(states) > heights.shape[1] else None
