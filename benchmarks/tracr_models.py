"""Models that Tracr itself compiles, from its own s-ops, as this package loads them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Generator
from typing import Any
from unittest import mock

import haiku as hk
import jax
from tracr.compiler.compiling import compile_rasp_to_model
from tracr.rasp import rasp

from benchmarks.tracr_oracle import TracrRefusesError, silent
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Value
from inverse_tracr.rasp.signature import BOS, PAD


def compiled_by_tracr(
    sop: rasp.SOp, vocab: Collection[Value], max_seq_len: int, *, causal: bool = False
) -> TransformerProgram:
    """What `compile_rasp_to_model` makes of an s-op; raises TracrRefusesError where Tracr raises."""
    tokens: Any = set(vocab)  # tuples are values too, which Tracr's own type leaves out
    try:
        with silent(), _quick():
            assembled = compile_rasp_to_model(
                sop, tokens, max_seq_len, causal=causal, compiler_bos=BOS, compiler_pad=PAD
            )
            return TransformerProgram.from_tracr(assembled)
    except Exception as error:  # Tracr raises whatever comes: TypeError, IndexError, AssertionError
        raise TracrRefusesError(f"{type(error).__name__}: {error}") from error


@contextlib.contextmanager
def _quick() -> Generator[None]:
    """Tracr in a quarter of its time: the random numbers that it draws first and overwrites are zeros, and
    JAX compiles its parameters as a whole.
    """
    zeros = hk.initializers.Constant(0.0)
    unseeded = mock.patch.object(hk.initializers, "VarianceScaling", return_value=zeros)
    whole = mock.patch.object(hk, "without_apply_rng", _compiled_whole)
    with unseeded, whole:
        yield


_without_apply_rng = hk.without_apply_rng


def _compiled_whole(transformed: hk.Transformed) -> hk.Transformed:
    pure = _without_apply_rng(transformed)
    return hk.Transformed(init=jax.jit(pure.init), apply=jax.jit(pure.apply))
