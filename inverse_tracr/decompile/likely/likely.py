"""The likeliest of the programs that differ from a verified one only where no input leads."""

from __future__ import annotations

import numpy as np

from inverse_tracr.decompile.likely.naming import Setting, best_assignment
from inverse_tracr.decompile.likely.reached import reached
from inverse_tracr.decompile.likely.written import written
from inverse_tracr.decompile.proposers import Judge
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp import Program, comparison_inputs

_INPUTS = 4_000
_ROUNDS = 4


def likeliest(program: Program, model: TransformerProgram, judge: Judge, *, read: bool = False) -> Program:
    """A verified program with the functions that it most likely has, verified too; itself if that fails.

    Arguments that occur are looked for on few inputs; counterexamples show others. `read`: tables were read
    off weights, which may have lost the difference between values that no line reads apart.
    """
    signature, encoder = model.signature, model.output_encoder
    outputs = frozenset(encoder.values) if isinstance(encoder, CategoricalOutput) else None
    batches = list(comparison_inputs(signature, limit=_INPUTS, samples=_INPUTS))
    places = {token: i for i, token in enumerate(signature.vocab)}
    verdict = judge(program).verdict
    for _ in range(_ROUNDS):
        try:
            setting = Setting(program, signature, reached(program, signature, batches), outputs, read)
            found = written(setting, best_assignment(setting))
        except InverseTracrError:  # values that cannot be listed
            return program
        verification = judge(found)
        if verification.verdict is verdict:
            return found
        if verification.counterexample is None:
            return program
        batches.append(np.array([[places[token] for token in verification.counterexample.tokens]]))
    return program
