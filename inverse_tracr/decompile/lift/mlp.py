"""Reading MLPs by executing them: what each written dimension is as a function of the variables read."""

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
    Variable,
    WidthDraft,
)
from inverse_tracr.decompile.lift.joins import neurons_of
from inverse_tracr.decompile.lift.ladder import steps_at
from inverse_tracr.decompile.lift.numbers import snapped
from inverse_tracr.decompile.lift.stream import Floats, Mlp, NotReadableError, Stream
from inverse_tracr.rasp.program import TOKENS, Encoding

PURE = 0.05
"""How far a categorical dimension may be from 0 or 1 and still count as it."""


@dataclass(frozen=True)
class _Function:
    """A written dimension: the neurons behind it, and its value in every case of its operands."""

    dim: int
    neurons: tuple[int, ...]
    operands: tuple[int, ...]
    heights: Floats

    @property
    def cases(self) -> frozenset[int]:
        """Cases in which the dimension is set."""
        return frozenset(np.nonzero(self.heights > 0.5)[0].tolist())

    @property
    def binary(self) -> bool:
        """Whether every height is 0 or 1."""
        return bool(np.all(np.minimum(np.abs(self.heights), np.abs(self.heights - 1)) < PURE))


class MlpReader:
    """Adds the lines of one MLP to a draft; what it cannot read goes to `unexplained`."""

    def __init__(self, stream: Stream, mlp: Mlp, draft: Draft, widths: Widths, clues: Clues) -> None:
        self._mlp, self._draft, self._widths, self._clues = mlp, draft, widths, clues
        self._reads = [neuron.reads for neuron in neurons_of(stream, mlp)]
        self._always = mlp.always
        self.unexplained: list[str] = []

    def read(self) -> None:
        """Read every written dimension and add the lines found."""
        categorical: dict[tuple[int, ...], list[_Function]] = {}
        for dim, neurons in self._written():
            try:
                self._read_dim(dim, neurons, categorical)
            except NotReadableError as error:
                self.unexplained.append(str(error))
        for operands, functions in categorical.items():
            self._add_categorical(operands, functions)

    def _written(self) -> list[tuple[int, list[int]]]:
        """Written dimensions with the neurons that write them at positions other than BOS."""
        present = self._mlp.w_out != 0
        acting = [bool(r) or self._always[n] > 1e-6 for n, r in enumerate(self._reads)]
        found: list[tuple[int, list[int]]] = []
        for dim in np.nonzero(present.any(axis=0))[0].tolist():
            neurons = [n for n in np.nonzero(present[:, dim])[0].tolist() if acting[n]]
            if neurons:
                found.append((dim, neurons))
        return found

    def _read_dim(
        self, dim: int, neurons: list[int], categorical: dict[tuple[int, ...], list[_Function]]
    ) -> None:
        read = sorted({d for n in neurons for d in self._reads[n]})
        scratch = [d for d in read if d in self._widths]
        if scratch:
            if len(read) != 1:
                raise NotReadableError(self._where(dim, "reads a count and something else"))
            function = self._at_widths(dim, neurons, scratch[0])
        else:
            operands = self._operands(dim, read)
            if all(v.encoding is Encoding.NUMERICAL for v in operands) and self._is_linear(neurons):
                self._add_linear(dim, neurons, operands)
                return
            function = self._tabulated(dim, neurons, operands)
        if dim in self._clues.numerical or not function.binary:
            self._add_numerical(function)
        else:
            categorical.setdefault(function.operands, []).append(function)

    def _where(self, dim: int, problem: str) -> str:
        return f"mlp {self._mlp.layer}, residual dimension {dim}: {problem}"

    def _operands(self, dim: int, read: list[int]) -> list[Variable]:
        missing = [d for d in read if d not in self._draft.owner]
        if missing:
            raise NotReadableError(self._where(dim, f"reads dimension {missing[0]}, which no line explains"))
        found = {self._draft.owner[d][0].ref: self._draft.owner[d][0] for d in read}
        if len(found) > 2:
            raise NotReadableError(self._where(dim, f"reads {len(found)} variables at once"))
        if not found:
            return [next(v for v in self._draft.variables if v.ref == TOKENS)]
        return [found[ref] for ref in sorted(found)]

    # -- execution -------------------------------------------------------------------------------

    def _execute(self, dim: int, neurons: Sequence[int], inputs: Floats, read: Sequence[int]) -> Floats:
        """Value written to `dim` for each row of `inputs`, which holds the dimensions `read`."""
        columns = list(neurons)
        hidden = inputs @ self._mlp.w_in[np.ix_(list(read), columns)] + self._always[columns]
        return np.maximum(hidden, 0) @ self._mlp.w_out[columns, dim]

    def _tabulated(self, dim: int, neurons: list[int], operands: list[Variable]) -> _Function:
        """The dimension in every case of one or two operands, rows by the first."""
        grids = [self._settings(v) for v in operands]
        if len(grids) == 1 and operands[0].encoding is Encoding.NUMERICAL:
            heights = self._at_numbers(dim, neurons, operands[0].dims[0], grids[0][:, 0])
        elif len(grids) == 1:
            heights = self._execute(dim, neurons, grids[0], operands[0].dims)
        else:
            if any(v.encoding is Encoding.NUMERICAL for v in operands):
                raise NotReadableError(self._where(dim, "combines a number with something else"))
            first, second = grids
            inputs = np.concatenate(
                [np.repeat(first, len(second), axis=0), np.tile(second, (len(first), 1))], axis=1
            )
            heights = self._execute(dim, neurons, inputs, [*operands[0].dims, *operands[1].dims])
        return _Function(dim, tuple(neurons), tuple(v.ref for v in operands), heights)

    def _settings(self, variable: Variable) -> Floats:
        """The states of a variable: one-hot rows, or its numbers."""
        if variable.encoding is Encoding.CATEGORICAL:
            return np.eye(len(variable.dims))
        return np.array(self._draft.number_values(variable))[:, None]

    def _at_numbers(self, dim: int, neurons: list[int], read: int, numbers: Floats) -> Floats:
        """A function of one number: by its steps, or executed where it is no ladder.

        Long ladders have ramps wider than the gaps between their numbers; which value they stand for is
        read from the steps, and whether the model then computes it is for the verifier to say.
        """
        w_in, w_out, always = self._mlp.w_in[read], self._mlp.w_out[:, dim], self._always
        steady = [n for n in neurons if w_in[n] == 0]
        ladder = [n for n in neurons if w_in[n] != 0]
        constant = float(np.maximum(always[steady], 0) @ w_out[steady])
        sharp = steps_at(numbers, w_in[ladder], always[ladder], w_out[ladder], constant)
        return self._execute(dim, neurons, numbers[:, None], [read]) if sharp is None else sharp

    def _at_widths(self, dim: int, neurons: list[int], scratch: int) -> _Function:
        counts = np.arange(self._draft.signature.max_seq_len + 1)
        heights = self._at_numbers(dim, neurons, scratch, 1 / (counts + 1))
        return _Function(dim, tuple(neurons), (-3 - scratch,), heights)

    # -- lines -----------------------------------------------------------------------------------

    def _basis(self, functions: Sequence[_Function]) -> Basis:
        neurons = sorted({n for f in functions for n in f.neurons})
        return Basis(
            2 * self._mlp.layer + 1,
            (),
            tuple(f"{self._mlp.layer}.{n}" for n in neurons),
            tuple(f.dim for f in functions),
        )

    def _variable(self, ref: int) -> Variable:
        return next(v for v in self._draft.variables if v.ref == ref)

    def _is_linear(self, neurons: list[int]) -> bool:
        return all(self._mlp.open[n] for n in neurons)

    def _add_linear(self, dim: int, neurons: list[int], operands: list[Variable]) -> None:
        factors: list[tuple[Variable, float]] = []
        for variable in operands:
            ups = [n for n in neurons if self._mlp.w_in[variable.dims[0], n] > 0]
            factors += [
                (variable, snapped(self._mlp.w_in[variable.dims[0], n] * self._mlp.w_out[n, dim])) for n in ups
            ]
        if len(factors) == 1:
            factors.append((factors[0][0], 0.0))
        if len(factors) != 2:
            raise NotReadableError(self._where(dim, f"adds {len(factors)} numbers"))
        (first, a), (second, b) = factors
        basis = self._basis([_Function(dim, tuple(neurons), (), np.zeros(0))])
        ref = self._draft.add_line(LinearDraft(first, second, (a, b)), basis)
        self._draft.own(Variable(ref, (dim,), Encoding.NUMERICAL))

    def _add_numerical(self, function: _Function) -> None:
        basis = self._basis([function])
        if len(function.operands) != 1:
            raise NotReadableError(self._where(function.dim, "gives a number from two variables"))
        results = tuple(snapped(h) for h in function.heights)
        if function.operands[0] < -2:
            self._add_count(function, results, basis)
            return
        operand = self._variable(function.operands[0])
        ref = self._draft.add_line(MapDraft(operand, results, self._numbers(operand)), basis)
        self._draft.own(Variable(ref, (function.dim,), Encoding.NUMERICAL))

    def _numbers(self, operand: Variable) -> tuple[float, ...] | None:
        if operand.encoding is Encoding.CATEGORICAL:
            return None
        return self._draft.number_values(operand)

    def _add_count(self, function: _Function, results: tuple[float, ...], basis: Basis) -> None:
        """A number of selected keys as a number, or a function of it."""
        selector, head = self._widths[-3 - function.operands[0]]
        basis = _joined(head, basis)
        plain = results == tuple(range(len(results)))
        encoding = Encoding.NUMERICAL if plain else Encoding.CATEGORICAL
        ref = self._draft.add_line(WidthDraft(selector, encoding), basis)
        if plain:
            self._draft.own(Variable(ref, (function.dim,), Encoding.NUMERICAL))
            return
        counts = Variable(ref, (), Encoding.CATEGORICAL, tuple(range(len(results))))
        self._draft.variables.append(counts)
        ref = self._draft.add_line(MapDraft(counts, results), basis)
        self._draft.own(Variable(ref, (function.dim,), Encoding.NUMERICAL))

    def _add_categorical(self, operands: tuple[int, ...], functions: list[_Function]) -> None:
        for group in self._variables_of(functions):
            dims = tuple(f.dim for f in group)
            cases = len(group[0].heights)
            results: list[int | None] = [None] * cases
            for position, function in enumerate(group):
                for case in function.cases:
                    results[case] = position
            self._add_group(operands, dims, tuple(results), self._basis(group))

    def _add_group(
        self, operands: tuple[int, ...], dims: tuple[int, ...], results: tuple[int | None, ...], basis: Basis
    ) -> None:
        draft = self._draft
        if operands[0] < -2:
            self._add_counts(operands[0], dims, results, basis)
            return
        variables = [self._variable(ref) for ref in operands]
        if len(variables) == 2:
            ref = draft.add_line(PairDraft(variables[0], variables[1], results), basis)
        else:
            ref = draft.add_line(MapDraft(variables[0], results, self._numbers(variables[0])), basis)
        draft.own(Variable(ref, dims, Encoding.CATEGORICAL))

    def _add_counts(
        self, operand: int, dims: tuple[int, ...], results: tuple[int | None, ...], basis: Basis
    ) -> None:
        """A number of selected keys; a map of it where several numbers share a dimension."""
        draft = self._draft
        selector, head = self._widths[-3 - operand]
        basis = _joined(head, basis)
        ref = draft.add_line(WidthDraft(selector, Encoding.CATEGORICAL), basis)
        counts = tuple(range(len(results)))
        if None not in results and len(set(results)) == len(results):
            ordered = tuple(dims[r] for r in results if r is not None)
            draft.own(Variable(ref, ordered, Encoding.CATEGORICAL, counts))
            return
        plain = Variable(ref, (), Encoding.CATEGORICAL, counts)
        draft.variables.append(plain)
        ref = draft.add_line(MapDraft(plain, results), basis)
        draft.own(Variable(ref, dims, Encoding.CATEGORICAL))

    def _variables_of(self, functions: list[_Function]) -> list[list[_Function]]:
        """Sort functions of the same operands into variables."""
        whole: dict[frozenset[int], list[_Function]] = {}
        joined: dict[int, list[_Function]] = {}
        for function in functions:
            known = self._clues.whole.get(function.dim)
            if known is not None:
                whole.setdefault(known, []).append(function)
            else:
                joined.setdefault(self._clues.groups.find(function.dim), []).append(function)
        components = list(joined.values())
        cases = [frozenset[int]().union(*(f.cases for f in c)) for c in components]
        kinds = [frozenset(self._clues.kind(f.dim) for f in c) for c in components]
        every = frozenset(range(len(functions[0].heights)))
        groups = sort_into_variables(cases, kinds, every)
        return [*whole.values(), *([f for i in group for f in components[i]] for group in groups)]


def _joined(head: Basis, mlp: Basis) -> Basis:
    return Basis(head.half_layer, head.heads, mlp.neurons, (*head.dims, *mlp.dims))
