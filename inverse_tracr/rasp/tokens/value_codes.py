"""How values become single tokens: a position in an operand's value set, a small whole number, a literal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tokens.codebook import (
    CODEBOOK,
    GREATEST_INTEGER,
    LEAST_INTEGER,
    MAX_LITERALS,
    MAX_POSITIONS,
    MAX_TOKENS_OF_VOCABULARY,
    Group,
)
from inverse_tracr.rasp.values import MAX_DEPTH, Value, is_number

Mask = NDArray[np.bool_]
"""Which tokens are meant, shape [tokens of the codebook]."""

_POSITIONS = CODEBOOK.blocks[Group.POSITION]
_INTEGERS = CODEBOOK.blocks[Group.INTEGER]


def new_mask() -> Mask:
    """No token at all."""
    return np.zeros(len(CODEBOOK), dtype=np.bool_)


class ValueCodes:
    """The single tokens of values under a signature, literals included as they are defined.

    Equal values have equal tokens. Of several ways the first holds: where the value stands in the operand's
    value set (constants of comparisons and keys of tables only), a small whole number, the vocabulary, a
    literal. Only that way is allowed, so that a program has one sequence of tokens.
    """

    def __init__(self, signature: Signature) -> None:
        self._literals: list[Value] = []
        self._codes: dict[Value, int] = {}
        self._values: dict[int, Value] = {}
        self._free: Mask | None = None  # a writer of programs never asks for it
        self._others: list[int] = []
        for position, token in enumerate(signature.vocab[:MAX_TOKENS_OF_VOCABULARY]):
            self._add(token, CODEBOOK.id(Group.VOCABULARY, position))

    def copy(self) -> ValueCodes:
        """The same codes, growing apart from now on."""
        twin = ValueCodes.__new__(ValueCodes)
        twin._literals = self._literals.copy()
        twin._codes, twin._values = self._codes.copy(), self._values.copy()
        twin._others = self._others.copy()
        twin._free = None if self._free is None else self._free.copy()
        return twin

    def _add(self, value: Value, code: int) -> None:
        self._values[code] = value
        if self.free_code(value) is not None:
            return
        self._codes[value] = code
        if self._free is not None:
            self._free[code] = True
        if not is_number(value):
            self._others.append(code)

    # -- literals ------------------------------------------------------------------------------------

    @property
    def literals(self) -> tuple[Value, ...]:
        """The literals defined so far."""
        return tuple(self._literals)

    @property
    def full(self) -> bool:
        """Whether no further literal can be defined."""
        return len(self._literals) == MAX_LITERALS

    def define(self, value: Value) -> None:
        """Make `value` the next literal."""
        code = CODEBOOK.id(Group.LITERAL, len(self._literals))
        self._literals.append(value)
        self._add(value, code)

    # -- values whose token says nothing about an operand -------------------------------------------

    def free_code(self, value: Value) -> int | None:
        """Token of a value on its own; None where it needs a literal first."""
        if is_number(value) and LEAST_INTEGER <= value <= GREATEST_INTEGER and value == int(value):
            return _INTEGERS.start + int(value) - LEAST_INTEGER  # pyright: ignore[reportArgumentType]
        return self._codes.get(value)

    def free_mask(self) -> Mask:
        """Tokens that stand for a value on their own (a new array)."""
        if self._free is None:
            self._free = new_mask()
            self._free[_INTEGERS.slice] = True
            self._free[list(self._codes.values())] = True
        return self._free.copy()

    def number_mask(self) -> Mask:
        """Tokens that stand for a number on their own (a new array)."""
        mask = self.free_mask()
        mask[self._others] = False
        return mask

    def item_mask(self) -> Mask:
        """Tokens of values that may stand in a tuple: nesting is bounded."""
        mask = self.free_mask()
        mask[[code for code in self._others if _depth(self._values[code]) >= MAX_DEPTH]] = False
        return mask

    @property
    def named(self) -> Mapping[Value, int]:
        """Values of the vocabulary and literals that stand on their own, and their tokens."""
        return self._codes

    # -- values seen from an operand -------------------------------------------------------------------

    def code(self, value: Value, values: Sequence[Value]) -> int | None:
        """Token of a value that is compared with the value set `values`; None where it needs a literal."""
        for position, other in enumerate(values[:MAX_POSITIONS]):
            if value == other:
                return _POSITIONS.start + position
        return self.free_code(value)

    def mask(self, values: Sequence[Value]) -> Mask:
        """Tokens that `code` can give for the value set `values` (a new array)."""
        mask = self.free_mask()
        shown = values[:MAX_POSITIONS]
        mask[_POSITIONS.start : _POSITIONS.start + len(shown)] = True
        mask[[code for v in shown if (code := self.free_code(v)) is not None]] = False
        return mask

    def value(self, code: int, values: Sequence[Value] = ()) -> Value:
        """The value that a token stands for."""
        if code in _POSITIONS:
            return values[code - _POSITIONS.start]
        if code in _INTEGERS:
            return code - _INTEGERS.start + LEAST_INTEGER
        return self._values[code]


def _depth(value: Value) -> int:
    """How deep tuples are nested in `value`: 0 for a plain value, 1 for a tuple of plain values."""
    if not isinstance(value, tuple):
        return 0
    return 1 + max((_depth(item) for item in value), default=0)
