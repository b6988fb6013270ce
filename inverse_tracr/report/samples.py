"""Inputs that show something: long ones with many different tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.inputs import comparison_inputs
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

DRAWN = 64


def varied_inputs(signature: Signature, count: int) -> NDArray[np.int64]:
    """Up to `count` of the longest inputs, the most varied of those drawn, the most varied last.

    Indices into the vocabulary, shape [inputs, max_seq_len].
    """
    inputs = comparison_inputs(signature, limit=DRAWN, samples=DRAWN * signature.max_seq_len)
    longest = list(inputs)[-1]
    different = [len(set(tokens)) for tokens in longest.tolist()]
    return longest[np.argsort(different, kind="stable")[-count:]]


def varied_input(signature: Signature) -> tuple[Value, ...]:
    """One such input, as tokens."""
    return tuple(signature.vocab[i] for i in varied_inputs(signature, 1)[0].tolist())
