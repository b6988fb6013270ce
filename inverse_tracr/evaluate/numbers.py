"""Verdicts on trained models that say numbers: what counts is the nearest number that can be meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Counterexample, Verdict, Verification
from inverse_tracr.decompile.verify import Outputs, model_outputs, program_outputs, same
from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.model import NumericalOutput, TransformerProgram
from inverse_tracr.model.trimmed import TrimmedModel
from inverse_tracr.rasp import Program, Signature, comparison_inputs
from inverse_tracr.rasp.fusion import build
from inverse_tracr.zoo import Kind

Numbers = NDArray[np.float64]


def meant_numbers(true: Program, signature: Signature) -> Numbers:
    """The value set of the true program's output, sorted."""
    built = build(true, signature, exact_means=True)
    return np.array(sorted({float(v) for v in built.values[built.program.output]}))  # pyright: ignore[reportArgumentType]


def says_numbers_roughly(model: TransformerProgram, kind: Kind) -> bool:
    """Whether a model's outputs are numbers that training has left inexact."""
    return kind is not Kind.STANDARD and isinstance(model.output_encoder, NumericalOutput)


def nearest(numbers: NDArray[np.floating], members: Numbers) -> Numbers:
    """The nearest member to each number."""
    return members[np.searchsorted((members[1:] + members[:-1]) / 2, numbers)]


class NumberVerifier:
    """The verifier of a model whose numbers are taken to the nearest of `members`, as those of a
    recompiled program are.
    """

    def __init__(self, model: TransformerProgram, members: Numbers) -> None:
        self._signature = model.signature
        self._members = members
        self._inputs = comparison_inputs(self._signature)
        trimmed = TrimmedModel(model)
        self._outputs = [self._read(trimmed, batch) for batch in self._inputs]

    def verify(self, program: Program) -> Verification:
        """The verdict on a program; raises ProgramError where it does not fit the model's signature."""
        recompiled = _recompiled(program, self._signature)
        agreed = 0
        counterexample: Counterexample | None = None
        for batch, truth in zip(self._inputs, self._outputs, strict=True):
            said = program_outputs(program, self._signature, batch)
            right = same(truth, said).all(axis=1)
            again = None
            if recompiled is not None:
                again = self._read(recompiled, batch)
                right &= same(truth, again).all(axis=1)
            agreed += int(right.sum())
            if counterexample is None and not right.all():
                row = int(np.argmin(right))
                tokens = tuple(self._signature.vocab[i] for i in batch[row].tolist())
                answers = truth.decode(row), said.decode(row), None if again is None else again.decode(row)
                counterexample = Counterexample(tokens, *answers)
        checked = len(self._inputs)
        complete = self._inputs.exhaustive and recompiled is not None
        verdict = Verdict.EQUIVALENT if complete else Verdict.NO_COUNTEREXAMPLE
        if counterexample is not None:
            verdict = Verdict.REFUTED
        return Verification(verdict, checked, agreed / checked, counterexample)

    def _read(self, model: TrimmedModel, batch: NDArray[np.int64]) -> Outputs:
        outputs = model_outputs(model, batch)
        if outputs.values:
            return outputs
        return replace(outputs, numbers=nearest(outputs.numbers, self._members))


def _recompiled(program: Program, signature: Signature) -> TrimmedModel | None:
    try:
        return TrimmedModel(compile_program(program, signature, mode=Mode.FIXED))
    except (BadInputError, CapExceededError):
        return None
