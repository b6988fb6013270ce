"""How values become rows of W_E, and how columns of W_U become values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from inverse_tracr.errors import BadInputError
from inverse_tracr.model.shapes import Float, Int
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, Value, check_value, value_text

NAMES_NO_VALUE = 0.5
"""A position whose logits are all smaller than this in size names no value."""


class TokenError(BadInputError):
    """An input that the model cannot read: an unknown token, or too many tokens."""


@dataclass(frozen=True)
class InputEncoder:
    """The rows of W_E: `tokens[i]` is what row i embeds; `bos` and `pad` are rows.

    Values compare as Python compares them (`True == 1`). Raises ValueError when a token is named twice,
    or BOS or PAD is no row, or nothing else is left.
    """

    tokens: tuple[Value, ...]
    bos: int
    pad: int | None
    max_seq_len: int
    _rows: dict[Value, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for token in self.tokens:
            check_value(token)
        rows = {token: row for row, token in enumerate(self.tokens)}
        if len(rows) != len(self.tokens):
            raise ValueError(f"the tokens name a value twice: {list(self.tokens)}")
        reserved = [self.bos] if self.pad is None else [self.bos, self.pad]
        for row in reserved:
            if not 0 <= row < len(self.tokens):
                raise ValueError(f"expected a row below {len(self.tokens)} for BOS and PAD, got {row}")
        if len(set(reserved)) != len(reserved):
            raise ValueError(f"BOS and PAD are the same row: {self.bos}")
        if len(self.tokens) == len(reserved):
            raise ValueError("expected at least one token besides BOS and PAD, got none")
        if self.max_seq_len < 1:
            raise ValueError(f"expected max_seq_len of at least 1, got {self.max_seq_len}")
        for row in reserved:
            del rows[self.tokens[row]]
        object.__setattr__(self, "_rows", rows)

    @cached_property
    def vocab(self) -> tuple[Value, ...]:
        """The tokens without BOS and PAD, in row order."""
        return tuple(self._rows)

    def signature(self, causal: bool) -> Signature:
        """The signature of the inputs that this encoder reads."""
        return Signature(self.vocab, self.max_seq_len, causal)

    def row(self, token: Value) -> int:
        """The row of W_E that embeds `token`; raises KeyError for BOS, PAD and unknown values."""
        return self._rows[token]

    def encode(self, tokens: Sequence[Value]) -> list[int]:
        """Rows of W_E for BOS and `tokens` (BOS not among them).

        Raises TokenError for an unknown token, naming it and its position (counted from 0), for no
        token, and for more than `max_seq_len` tokens.
        """
        if not 1 <= len(tokens) <= self.max_seq_len:
            raise TokenError(
                "the input has a wrong length",
                expected=f"1 to {self.max_seq_len} tokens (BOS is added, not given)",
                got=f"{len(tokens)}",
            )
        ids = [self.bos]
        for position, token in enumerate(tokens):
            row = self._rows.get(token)
            if row is None:
                raise TokenError(
                    f"unknown token at position {position}",
                    expected="one of " + ", ".join(value_text(v) for v in self.vocab),
                    got=value_text(token),
                )
            ids.append(row)
        return ids


@dataclass(frozen=True)
class CategoricalOutput:
    """The columns of W_U, one a value. Raises ValueError when there is none or one is named twice."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        for value in self.values:
            check_value(value)
        if not self.values:
            raise ValueError("expected at least one output value, got none")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"the output names a value twice: {list(self.values)}")

    @property
    def columns(self) -> int:
        """How many columns W_U has."""
        return len(self.values)

    def indices(self, logits: Float[np.ndarray, "*shape d_vocab_out"]) -> Int[np.ndarray, "*shape"]:
        """Index of the value that each position names, -1 where it names none.

        A position names none when all its logits are below 0.5 in size, or one is not a number.
        """
        named = np.abs(logits).max(axis=-1) >= NAMES_NO_VALUE
        return np.where(named, logits.argmax(axis=-1), -1)

    def decode(self, logits: Float[np.ndarray, "*shape d_vocab_out"]) -> list[Any]:
        """Values in nested lists of the leading shape (not empty); `None` where no value is named."""
        return self._table[self.indices(logits)].tolist()

    @cached_property
    def _table(self) -> np.ndarray:
        table = np.empty(len(self.values) + 1, dtype=object)  # the last entry answers index -1
        for index, value in enumerate(self.values):
            table[index] = value
        return table


@dataclass(frozen=True)
class NumericalOutput:
    """One column of W_U that holds a number."""

    @property
    def columns(self) -> int:
        """How many columns W_U has: 1."""
        return 1

    def decode(self, logits: Float[np.ndarray, "*shape 1"]) -> list[Any]:
        """Floats in nested lists of the leading shape."""
        return logits[..., 0].tolist()


OutputEncoder = CategoricalOutput | NumericalOutput

Decoded = list[Maybe]
"""What a model says of one input: a value or `None` for each token."""
