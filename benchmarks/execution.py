"""Compiled models run on every input of a comparison, against the interpreter."""

from __future__ import annotations

import enum

import numpy as np

from inverse_tracr.compile import Compiled
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.inputs import comparison_inputs
from inverse_tracr.rasp.interpreter import Categorical, Numerical, Trace

AGREES_WITHIN = 1e-4
"""Largest difference of numbers, relative plus absolute."""
HAIR = 1e-3
"""A value that is named by less than this is named by chance: by the order of a tie, or by rounding."""

Array = np.ndarray


class Outcome(enum.Enum):
    """What running a model on all inputs says."""

    AGREES = "agrees"
    AGREES_BY_A_HAIR = "agrees by a hair"
    DISAGREES = "disagrees"


def outcome(compiled: Compiled) -> Outcome:
    """Whether the model of a program and the interpreter agree on all inputs of a comparison."""
    plan, model = compiled.plan, compiled.model
    by_a_hair = False
    for inputs in comparison_inputs(plan.signature):
        meant = Trace(plan.built.source, plan.signature, inputs).output
        logits = model.logits_for(inputs)
        if not _agrees(model, logits, meant):
            return Outcome.DISAGREES
        by_a_hair |= isinstance(meant, Categorical) and _is_by_a_hair(logits)
    return Outcome.AGREES_BY_A_HAIR if by_a_hair else Outcome.AGREES


def _agrees(model: TransformerProgram, logits: Array, meant: Categorical | Numerical) -> bool:
    if isinstance(meant, Numerical):
        apart = np.abs(logits[..., 0] - meant.numbers)  # a number that is None is NaN here, and no number is
        return bool((apart <= AGREES_WITHIN * (1 + np.abs(meant.numbers))).all())
    encoder = model.output_encoder
    assert isinstance(encoder, CategoricalOutput)
    return encoder.decode(logits) == meant.decode()


def _is_by_a_hair(logits: Array) -> bool:
    ranked = np.sort(logits, axis=-1)
    largest = np.abs(logits).max(axis=-1)
    tied = np.zeros(largest.shape, dtype=bool)
    if logits.shape[-1] > 1:
        tied = ranked[..., -1] - ranked[..., -2] < HAIR
    return bool(((np.abs(largest - 0.5) < HAIR) | (tied & (largest >= 0.5))).any())
