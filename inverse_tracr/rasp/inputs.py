"""The inputs on which programs and models are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value, value_text

EXHAUSTIVE_LIMIT = 50_000
SAMPLES = 20_000

Batch = NDArray[np.int64]


def count_inputs(signature: Signature) -> int:
    """Number of sequences of length 1..max_seq_len over the vocabulary."""
    return sum(len(signature.vocab) ** n for n in range(1, signature.max_seq_len + 1))


@dataclass(frozen=True)
class InputSet:
    """Batches of inputs, one a length, shortest first; `exhaustive` when they are all that there are."""

    batches: tuple[Batch, ...]
    exhaustive: bool

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def comparison_inputs(
    signature: Signature, *, seed: int = 0, limit: int = EXHAUSTIVE_LIMIT, samples: int = SAMPLES
) -> InputSet:
    """Every input where there are at most `limit`, else edge cases and `samples` drawn by length.

    Indices into `signature.vocab`, each batch of shape [inputs, length]; within a length the inputs stand
    in vocabulary order.
    """
    if count_inputs(signature) <= limit:
        return InputSet(tuple(_every(signature, n) for n in range(1, signature.max_seq_len + 1)), True)
    return InputSet(tuple(_sampled(signature, samples, seed)), False)


def _every(signature: Signature, length: int) -> Batch:
    axes = [np.arange(len(signature.vocab))] * length
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)


def _sampled(signature: Signature, samples: int, seed: int) -> Iterator[Batch]:
    vocab, longest = len(signature.vocab), signature.max_seq_len
    random = np.random.default_rng([seed, vocab, longest])
    share = -(-samples // longest)
    for length in range(1, longest + 1):
        if vocab**length <= share:
            yield _every(signature, length)
            continue
        constant = np.repeat(np.arange(vocab)[:, None], length, axis=1)
        drawn = random.integers(0, vocab, size=(max(share - vocab, 1), length))
        yield np.unique(np.concatenate([constant, drawn]), axis=0)


def check_input(signature: Signature, tokens: Sequence[Value]) -> None:
    """Raise BadInputError, naming token and position, for an input outside the signature."""
    if not 1 <= len(tokens) <= signature.max_seq_len:
        raise BadInputError(f"expected 1 to {signature.max_seq_len} tokens, got {len(tokens)}")
    known = set(signature.vocab)
    for position, token in enumerate(tokens):
        if token not in known:
            vocabulary = ", ".join(value_text(t) for t in signature.vocab[:20])
            raise BadInputError(
                f"token {value_text(token)} at position {position} is not in the vocabulary [{vocabulary}]"
            )
