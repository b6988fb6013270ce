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

from inverse_tracr.rasp.interpreter import Column, Numerical, Trace
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, is_number

Labels = NDArray[np.int64]

NO_VALUE = -1
NUMBER_TOLERANCE = 1e-3
"""Numbers that are nearer to each other, relative plus absolute, count as one output."""

_SEED = 6
_LONGEST, _OTHERS = 96, 32


@lru_cache(maxsize=1024)
def hash_inputs(vocab_size: int, max_seq_len: int) -> tuple[Labels, ...]:
    """The fixed inputs, one batch [inputs, length] of token indices a length.

    96 of full length and 32 each of two thirds, one third and one token, half of them with few different
    tokens.
    """
    random = np.random.default_rng([_SEED, vocab_size, max_seq_len])
    lengths = sorted({1, -(-max_seq_len // 3), -(-2 * max_seq_len // 3), max_seq_len})
    return tuple(
        _batch(random, vocab_size, length, _LONGEST if length == max_seq_len else _OTHERS)
        for length in lengths
    )


def _batch(random: np.random.Generator, vocab_size: int, length: int, count: int) -> Labels:
    any_token = random.integers(0, vocab_size, size=(count // 2, length))
    alphabets = random.integers(0, vocab_size, size=(count - count // 2, 2))
    choice = random.integers(0, 2, size=(len(alphabets), length))
    few_tokens = np.take_along_axis(alphabets, choice, axis=1)
    return np.concatenate([any_token, few_tokens])


def function_hash(program: Program, signature: Signature) -> bytes:
    """Hash of the function of a program, 16 bytes."""
    batches = hash_inputs(len(signature.vocab), signature.max_seq_len)
    columns = [Trace(program, signature, batch).output for batch in batches]
    if isinstance(columns[0], Numerical):
        numbers = np.concatenate([_numbers(column).ravel() for column in columns])
        return _digest(signature, _number_labels(numbers))
    return _digest(signature, _first_occurrences(np.concatenate(_shared_indices(columns))))


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


def _numbers(column: Column) -> NDArray[np.float64]:
    assert isinstance(column, Numerical)
    return column.numbers


def _shared_indices(columns: Sequence[Column]) -> list[Labels]:
    """Indices of categorical columns over one common list of values, flattened."""
    position: dict[Maybe, int] = {}
    found: list[Labels] = []
    for column in columns:
        assert not isinstance(column, Numerical)
        table = [position.setdefault(value, len(position)) for value in column.values]
        found.append(np.array([*table, NO_VALUE], dtype=np.int64)[column.index].ravel())
    return found


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
