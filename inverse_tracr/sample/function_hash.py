"""The hash of a function: equal for all programs and models that compute it up to renaming of outputs.

Outputs on fixed inputs, renumbered by first occurrence, are hashed together with the sizes of the
signature. Inputs are token indices, so that vocabularies of one size share functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, is_number
from inverse_tracr.sample.grid import Grid, ragged_grid
from inverse_tracr.sample.ragged import RaggedTrace

Labels = NDArray[np.int64]

NO_VALUE = -1
NUMBER_TOLERANCE = 1e-3
"""Numbers that are nearer to each other, relative plus absolute, count as one output."""

_SEED = 6
_LONGEST, _OTHERS = 64, 12


@lru_cache(maxsize=1024)
def hash_inputs(vocab_size: int, max_seq_len: int) -> tuple[Labels, ...]:
    """The fixed inputs, one batch [inputs, length] of token indices a length from 1 on.

    64 of full length and 12 of every other, half of them with few different tokens.
    """
    random = np.random.default_rng([_SEED, vocab_size, max_seq_len])
    counts = [_OTHERS] * (max_seq_len - 1) + [_LONGEST]
    return tuple(_batch(random, vocab_size, length + 1, count) for length, count in enumerate(counts))


@lru_cache(maxsize=1024)
def _hash_grid(vocab_size: int, max_seq_len: int, causal: bool) -> Grid:
    rows = [row.astype(np.intp) for batch in hash_inputs(vocab_size, max_seq_len) for row in batch]
    return ragged_grid(rows, causal=causal)


def _batch(random: np.random.Generator, vocab_size: int, length: int, count: int) -> Labels:
    any_token = random.integers(0, vocab_size, size=(count // 2, length))
    alphabets = random.integers(0, vocab_size, size=(count - count // 2, 2))
    choice = random.integers(0, 2, size=(len(alphabets), length))
    few_tokens = np.take_along_axis(alphabets, choice, axis=1)
    return np.concatenate([any_token, few_tokens])


def function_hash(program: Program, signature: Signature) -> bytes:
    """Hash of the function of a program, 16 bytes."""
    return _digest(signature, output_labels(program, signature))


def is_constant(program: Program, signature: Signature) -> bool:
    """Whether the output is the same at every position of all of `hash_inputs`."""
    labels = output_labels(program, signature)
    return bool((labels == labels[0]).all())


def output_labels(program: Program, signature: Signature) -> Labels:
    """The outputs on `hash_inputs`, batch by batch, input by input, renumbered by first occurrence."""
    grid = _hash_grid(len(signature.vocab), signature.max_seq_len, signature.causal)
    found = RaggedTrace(program, signature, grid).output()
    if isinstance(found, tuple):
        values, index = found
        return _first_occurrences(np.where(index == len(values), NO_VALUE, index))
    return _number_labels(found)


def outputs_hash(signature: Signature, outputs: Sequence[Sequence[Sequence[Maybe]]]) -> bytes:
    """Hash of decoded outputs on `hash_inputs`: a batch, an input, a position; equal to that of the program.

    This is for models: run them on the tokens that the inputs index.
    """
    flat = [value for batch in outputs for row in batch for value in row]
    if any(isinstance(value, float) for value in flat) and all(v is None or is_number(v) for v in flat):
        numbers = [np.nan if value is None else float(value) for value in flat]  # pyright: ignore[reportArgumentType]
        return _digest(signature, _number_labels(np.array(numbers)))
    index: dict[Maybe, int] = {None: NO_VALUE}
    for value in flat:
        index.setdefault(value, len(index) - 1)
    return _digest(signature, np.array([index[value] for value in flat], dtype=np.int64))


def _digest(signature: Signature, labels: Labels) -> bytes:
    sizes = (len(signature.vocab), signature.max_seq_len, int(signature.causal))
    header = np.array(sizes, dtype="<i4").tobytes()
    return hashlib.blake2b(header + labels.astype("<i4").tobytes(), digest_size=16).digest()


def _first_occurrences(indices: Labels) -> Labels:
    """Indices renumbered by first occurrence; `NO_VALUE` is kept."""
    order = [index for index in dict.fromkeys(indices.tolist()) if index != NO_VALUE]
    table = np.full(max(order, default=0) + 2, NO_VALUE, dtype=np.int64)
    table[order] = np.arange(len(order))
    return table[indices]


def _number_labels(numbers: NDArray[np.float64]) -> Labels:
    """Clusters of numbers with gaps between them, renumbered by first occurrence."""
    distinct, inverse = np.unique(np.nan_to_num(numbers), return_inverse=True)
    gaps = np.diff(distinct) > NUMBER_TOLERANCE * (1 + np.abs(distinct[1:]))
    cluster = np.concatenate([[0], np.cumsum(gaps)])[inverse]
    return _first_occurrences(np.where(np.isnan(numbers), NO_VALUE, cluster))
