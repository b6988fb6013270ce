"""Gaussian noise on every weight of a model, in units of the root mean square of its tensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from inverse_tracr.evaluate.cases import Case
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.model.names import stack, unstack


def noisy(model: TransformerProgram, level: float, *, seed: int) -> TransformerProgram:
    """The model with noise of standard deviation `level` times the root mean square of each tensor.

    Zeros get noise too; a tensor is one of TransformerLens's, of one layer.
    """
    random = np.random.default_rng(seed)
    arrays = {name: _noisy(array, level, random) for name, array in sorted(unstack(model.weights()).items())}
    weights: Weights = stack(model.config, arrays)
    return TransformerProgram(model.config, weights, model.input_encoder, model.output_encoder)


def _noisy(array: np.ndarray, level: float, random: np.random.Generator) -> np.ndarray:
    scale = level * float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 0.0
    return (array + scale * random.standard_normal(array.shape)).astype(np.float32)


def noisy_cases(cases: Iterable[Case], level: float) -> Iterator[Case]:
    """The cases with noise on their models, which are judged by what they then compute."""
    for case in cases:
        yield replace(case, model=noisy(case.model, level, seed=case.number)) if level else case
