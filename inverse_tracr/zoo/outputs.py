"""Where two outputs on a batch agree: what a model decodes, what the interpreter says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.interpreter import Column, Numerical
from inverse_tracr.rasp.values import is_number

TOLERANCE = 1e-4
Batch = NDArray[np.int64]


def agreement(
    model: TransformerProgram,
    logits: NDArray[np.float32],
    said: Column,
    members: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    """Where logits without BOS, shape [inputs, positions, columns], decode to what the interpreter said.

    Numbers agree within 1e-4, or, where `members` (rising) are given, when they are nearest to the same one.
    """
    if isinstance(model.output_encoder, CategoricalOutput) and not isinstance(said, Numerical):
        place = {value: index for index, value in enumerate(model.output_encoder.values)}
        table = np.array([*(place.get(value, -2) for value in said.values), -1])
        return model.output_encoder.indices(logits) == table[said.index]
    if isinstance(model.output_encoder, CategoricalOutput) or not isinstance(said, Numerical):
        decoded = model.output_encoder.decode(logits)
        pairs = zip(decoded, said.decode(), strict=True)
        return np.array([[_same(a, b) for a, b in zip(x, y, strict=True)] for x, y in pairs])
    numbers = said.numbers
    if members is not None:
        between = (members[1:] + members[:-1]) / 2
        return np.searchsorted(between, logits[..., 0]) == np.searchsorted(between, numbers)
    return np.abs(logits[..., 0] - numbers) <= TOLERANCE * (1 + np.abs(numbers))


def _same(first: object, second: object) -> bool:
    if is_number(first) and is_number(second):
        return abs(float(first) - float(second)) <= TOLERANCE * (1 + abs(float(second)))  # pyright: ignore[reportArgumentType]
    return first == second
