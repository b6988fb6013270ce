"""Verdicts on answers: the verifier's, and a second opinion on every verdict without a counterexample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile import Verdict, Verification
from inverse_tracr.decompile.verify import Verifier, program_outputs, same
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.evaluate.fresh import Batch, fresh_inputs
from inverse_tracr.evaluate.numbers import NumberVerifier, meant_numbers, nearest, says_numbers_roughly
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, Trace, comparison_inputs, count_inputs
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.interpreter import Numerical
from inverse_tracr.zoo import Kind
from inverse_tracr.zoo.outputs import TOLERANCE, agreement

FRESH = 3_000
"""Inputs of a second opinion: all where there are no more, else as many fresh ones."""


@dataclass(frozen=True)
class Verdicts:
    """What becomes of a found program on its model.

    `ceiling` is the verdict of the true program. `overturned`: the verifier saw no counterexample, and the
    second opinion did. `teacher_agreement`: share of the inputs of the comparison on which found and true
    program say the same at every position.
    """

    found: Verification
    ceiling: Verification
    overturned: bool
    teacher_agreement: float


REFUSED = Verification(Verdict.REFUTED, 0, 0.0)


class VerdictJudge:
    """Judges programs on one model, whose true program is known.

    The outputs of a trained model with a numerical output are taken to the nearest member of the value set
    of the true program first (design, section 3).
    """

    def __init__(self, model: TransformerProgram, true: Program, kind: Kind) -> None:
        self._model = model
        self._signature = model.signature
        self._true = true
        self._members = meant_numbers(true, model.signature) if says_numbers_roughly(model, kind) else None
        self._verifier: Verifier | NumberVerifier = (
            Verifier(model) if self._members is None else NumberVerifier(model, self._members)
        )

    def judge(self, program: Program | None) -> Verdicts:
        """The verdicts on a program; on none, that of the true program alone."""
        if program is None:
            return Verdicts(REFUSED, self._verified(self._true), False, 0.0)
        found = self._verified(program)
        one_form = canonical(program, self._signature) == canonical(self._true, self._signature)
        return Verdicts(
            found,
            found if one_form else self._verified(self._true),
            found.verified and not self._second_opinion(program),
            1.0 if one_form else self._teacher_agreement(program),
        )

    def _verified(self, program: Program) -> Verification:
        try:
            return self._verifier.verify(program)
        except InverseTracrError as error:
            return Verification(Verdict.REFUTED, 0, 0.0, note=str(error))

    def _second_opinion(self, program: Program) -> bool:
        """Whether the interpreter agrees with the model's own forward pass, nothing left out of it."""
        few = count_inputs(self._signature) <= FRESH
        inputs: Iterable[Batch] = (
            comparison_inputs(self._signature) if few else fresh_inputs(self._signature, FRESH)
        )
        return all(self._agrees(program, batch) for batch in inputs)

    def _agrees(self, program: Program, batch: Batch) -> bool:
        logits = self._model.logits_for(batch)
        said = Trace(program, self._signature, batch).output
        if self._members is None or not isinstance(said, Numerical):
            return bool(agreement(self._model, logits, said).all())
        meant = nearest(logits[..., 0], self._members)
        return bool((np.abs(meant - said.numbers) <= TOLERANCE * (1 + np.abs(said.numbers))).all())

    def _teacher_agreement(self, program: Program) -> float:
        inputs = comparison_inputs(self._signature)
        equal = [_equal(program, self._true, self._signature, batch) for batch in inputs]
        return float(np.concatenate(equal).mean())


def _equal(first: Program, second: Program, signature: Signature, batch: Batch) -> NDArray[np.bool_]:
    """Inputs on which two programs say the same at every position."""
    agreed = same(program_outputs(first, signature, batch), program_outputs(second, signature, batch))
    return np.asarray(agreed.all(axis=1))
