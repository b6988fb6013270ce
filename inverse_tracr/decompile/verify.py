"""The verifier: a program, interpreted and recompiled, against the given weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import DEFAULT_CAP, Mode, compile_program
from inverse_tracr.decompile.outcome import Counterexample, Verdict, Verification
from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.model.trimmed import TrimmedModel
from inverse_tracr.rasp.inputs import Batch, InputSet, comparison_inputs
from inverse_tracr.rasp.interpreter import Categorical, Column, Trace
from inverse_tracr.rasp.program import Aggregate, Encoding, Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, Value, is_number

TOLERANCE = 1e-4
_CELLS = 2_000_000
"""Selector cells that the interpreter may hold at once."""
_FEW, _SOME = 16, 81
"""Inputs of each length on which a program that makes means of values is run, first and then: functions are
tabulated on all values of a batch, so that it runs input by input."""
_SAMPLE = 8
"""Inputs of each length on which the trimmed forward pass is compared with the model's own."""


@dataclass(frozen=True)
class Outputs:
    """Outputs on a batch in one form: `values[index]`, or numbers where `index` is -2; -1 is no value."""

    values: tuple[Value, ...]
    index: NDArray[np.int64]
    numbers: NDArray[np.float64]

    def every(self, step: int) -> Outputs:
        """Outputs on the first input and every `step`-th one after it."""
        return Outputs(self.values, self.index[::step], self.numbers[::step])

    def decode(self, row: int) -> tuple[Maybe, ...]:
        """Values of one input."""
        pairs = zip(self.index[row].tolist(), self.numbers[row].tolist(), strict=True)
        return tuple(n if i == -2 else None if i == -1 else self.values[i] for i, n in pairs)


def model_outputs(model: TrimmedModel | TransformerProgram, batch: NDArray[np.int64]) -> Outputs:
    """What a model says on inputs given as indices into its signature's vocabulary."""
    logits = model.logits_for(batch)
    encoder = model.output_encoder
    if isinstance(encoder, CategoricalOutput):
        return categorical_outputs(encoder.values, encoder.indices(logits).astype(np.int64))
    numbers = logits[..., 0].astype(np.float64)
    return Outputs((), np.full(numbers.shape, -2), numbers)


def program_outputs(program: Program, signature: Signature, batch: NDArray[np.int64]) -> Outputs:
    """What the interpreter says."""
    rows = max(1, _CELLS // batch.shape[1] ** 2)
    if makes_means(program, signature, batch):
        rows = 1
    parts = [
        _from_column(Trace(program, signature, batch[start : start + rows]).output)
        for start in range(0, len(batch), rows)
    ]
    if len(parts) == 1:
        return parts[0]
    values = tuple(dict.fromkeys(v for part in parts for v in part.values))
    indices = np.concatenate([_reindexed(part, values) for part in parts])
    return Outputs(values, indices, np.concatenate([part.numbers for part in parts]))


def makes_means(program: Program, signature: Signature, batch: Batch) -> bool:
    """Whether a categorical aggregate makes new values, the means of several, on some inputs of a batch."""
    trace = Trace(program, signature, batch[:: -(-len(batch) // _FEW)])
    for position, line in enumerate(program.lines):
        if isinstance(line, Aggregate) and program.encoding(position) is Encoding.CATEGORICAL:
            made, given = trace.column(position), trace.column(line.values)
            assert isinstance(made, Categorical)
            assert isinstance(given, Categorical)
            if len(made.values) > len(given.values):
                return True
    return False


def _from_column(column: Column) -> Outputs:
    if isinstance(column, Categorical):
        return categorical_outputs(column.values, column.index)
    return number_outputs(column.numbers)


def number_outputs(numbers: NDArray[np.float64]) -> Outputs:
    """Numbers as outputs, NaN for no value."""
    return Outputs((), np.where(np.isnan(numbers), -1, -2), numbers)


def categorical_outputs(values: tuple[Value, ...], index: NDArray[np.int64]) -> Outputs:
    """Values as outputs, given by their index; -1 for no value."""
    table = [float(v) if is_number(v) else np.nan for v in values]
    return Outputs(values, index, np.array([*table, np.nan])[index])


def _reindexed(outputs: Outputs, values: tuple[Value, ...]) -> NDArray[np.int64]:
    """Indices into `values`; -3 for a value that is not among them."""
    place = {v: i for i, v in enumerate(values)}
    table = np.array([*(place.get(v, -3) for v in outputs.values), -2, -1], dtype=np.int64)
    return table[outputs.index] if outputs.values else outputs.index


def same(first: Outputs, second: Outputs) -> NDArray[np.bool_]:
    """Where two outputs agree, shape [inputs, positions]: equal values, or numbers within tolerance."""
    if not first.values and not second.values:
        near = np.abs(first.numbers - second.numbers) <= TOLERANCE * (1 + np.abs(second.numbers))
        return np.where((first.index == -2) & (second.index == -2), near, first.index == second.index)
    if first.values and second.values:
        return first.index == _reindexed(second, first.values)
    with np.errstate(invalid="ignore"):
        near = np.abs(first.numbers - second.numbers) <= TOLERANCE * (1 + np.abs(second.numbers))
    return near | ((first.index == -1) & (second.index == -1))


def _gap(first: Outputs, second: Outputs) -> float:
    """The largest difference where both are numbers and not values."""
    both = (first.index == -2) & (second.index == -2)
    return float(np.abs(first.numbers - second.numbers)[both].max(initial=0.0))


@dataclass(frozen=True)
class _Compared:
    """Inputs checked, those on which all positions agree, and the first of the others, as a batch of one.

    `gap` is the largest difference of two numbers.
    """

    checked: int
    agreed: int
    first: Batch | None
    gap: float


class Verifier:
    """Compares programs with one model, whose outputs are computed once.

    `inputs` are those of a comparison (design section 3) unless others are given.
    """

    def __init__(self, model: TransformerProgram, inputs: InputSet | None = None) -> None:
        self._signature = model.signature
        self._inputs = comparison_inputs(self._signature) if inputs is None else inputs
        self._model = _truth(model, self._inputs)
        self._size = model.config.parameter_count
        self._outputs: list[Outputs] = []

    def verify(self, program: Program) -> Verification:
        """The verdict on a program; raises ProgramError where it does not fit the model's signature.

        The recompiled model runs on all inputs where the interpreter finds no difference; else on the
        counterexample alone.
        """
        recompiled, note = _recompile(program, self._signature, 2 * self._size)
        compared = self._interpret(program)
        if compared.first is None and recompiled is not None:
            trimmed = TrimmedModel(recompiled)
            again = self._compare(lambda batch: model_outputs(trimmed, batch))
            complete = self._inputs.exhaustive and compared.checked == again.checked
            again = replace(again, checked=compared.checked) if again.first is None else again
            return self._judge(again, program, recompiled, note, complete=complete)
        return self._judge(compared, program, recompiled, note, complete=False)

    def _interpret(self, program: Program) -> _Compared:
        """The interpreter against the model; on a part of the inputs for a program that makes means.

        Values multiply there, and every input takes long.
        """

        def answer(batch: Batch) -> Outputs:
            return program_outputs(program, self._signature, batch)

        if not any(makes_means(program, self._signature, batch) for batch in self._inputs):
            return self._compare(answer)
        compared = self._compare(answer, most=_FEW)
        return compared if compared.first is not None else self._compare(answer, most=_SOME)

    def _compare(self, answer: Callable[[Batch], Outputs], most: int | None = None) -> _Compared:
        """Answers on all inputs, or some `most` of each length, against the model's."""
        checked = agreed = 0
        gap = 0.0
        first: Batch | None = None
        for number, batch in enumerate(self._inputs):
            step = 1 if most is None else -(-len(batch) // most)
            truth, said = self._truth_on(number, batch).every(step), answer(batch[::step])
            right = same(truth, said).all(axis=1)
            gap = max(gap, _gap(truth, said))
            checked += right.size
            agreed += int(right.sum())
            if first is None and not right.all():
                first = batch[[step * int(np.argmin(right))]]
        return _Compared(checked, agreed, first, gap)

    def _judge(
        self,
        compared: _Compared,
        program: Program,
        recompiled: TransformerProgram | None,
        note: str,
        *,
        complete: bool,
    ) -> Verification:
        if compared.first is None:
            agreement = 1.0 if compared.checked else 0.0
            verdict = Verdict.EQUIVALENT if complete else Verdict.NO_COUNTEREXAMPLE
            return Verification(verdict, compared.checked, agreement, None, note)
        agreement = compared.agreed / compared.checked
        if compared.gap:
            note = "; ".join([*filter(None, [note]), f"numbers differ by {compared.gap:.2g} at most"])
        row = compared.first
        again = None if recompiled is None else model_outputs(recompiled, row).decode(0)
        counterexample = Counterexample(
            tuple(self._signature.vocab[i] for i in row[0].tolist()),
            model_outputs(self._model, row).decode(0),
            program_outputs(program, self._signature, row).decode(0),
            again,
        )
        return Verification(Verdict.REFUTED, compared.checked, agreement, counterexample, note)

    def outputs(self) -> Iterator[tuple[NDArray[np.int64], Outputs]]:
        """The inputs, batch by batch, with what the model says of them."""
        for number, batch in enumerate(self._inputs):
            yield batch, self._truth_on(number, batch)

    def _truth_on(self, number: int, batch: NDArray[np.int64]) -> Outputs:
        if number == len(self._outputs):
            self._outputs.append(model_outputs(self._model, batch))
        return self._outputs[number]


def verify(model: TransformerProgram, program: Program, inputs: InputSet | None = None) -> Verification:
    """Compare a program with a model on the inputs of a comparison, or on `inputs`.

    Raises ProgramError where the program does not fit the model's signature.
    """
    return Verifier(model, inputs).verify(program)


def _truth(model: TransformerProgram, inputs: InputSet) -> TrimmedModel | TransformerProgram:
    """The forward pass, zeros left out where a sample of inputs shows that this changes nothing."""
    trimmed = TrimmedModel(model)
    for batch in inputs:
        sample = batch[:: max(1, len(batch) // _SAMPLE)]
        if not np.allclose(trimmed.logits_for(sample), model.logits_for(sample), rtol=1e-5, atol=1e-5):
            return model
    return trimmed


def _recompile(program: Program, signature: Signature, size: int) -> tuple[TransformerProgram | None, str]:
    """The program's own model, Tracr's faults mended where they can be; it may be twice `size`."""
    cap = max(DEFAULT_CAP, size)
    try:
        return compile_program(program, signature, mode=Mode.FIXED, cap=cap), ""
    except (BadInputError, CapExceededError) as fixed_error:
        try:
            recompiled = compile_program(program, signature, mode=Mode.TRACR, cap=cap)
            return recompiled, f"recompiled as Tracr does: {fixed_error}"
        except (BadInputError, CapExceededError) as error:
            return None, f"interpreted only, not recompiled: {error}"
