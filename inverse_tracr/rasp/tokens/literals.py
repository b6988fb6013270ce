"""Steps of the grammar that spell literals: values that no single token stands for."""

# ruff: noqa: ARG002, D102 -- `Step` says what the methods of a step do

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from inverse_tracr.rasp.functions import MAX_TEXT
from inverse_tracr.rasp.tokens.codebook import (
    CHARACTERS,
    CODEBOOK,
    LEAST_INTEGER,
    SPELLINGS,
    Form,
    Group,
    Spelling,
    form_id,
    spelling_id,
)
from inverse_tracr.rasp.tokens.draft import Draft
from inverse_tracr.rasp.tokens.step import Step
from inverse_tracr.rasp.tokens.value_codes import Mask, new_mask
from inverse_tracr.rasp.values import MAX_DIGITS, Value

MAX_DECIMAL_DIGITS = 15
"""A decimal number of so many digits is told from all others by a float, and back."""

MAX_DENOMINATOR = 64
MAX_ITEMS = 1_000
FLOAT_NIBBLES = 16
ESCAPE_NIBBLES = 6
DIGITS = "0123456789"

_INTEGERS = CODEBOOK.blocks[Group.INTEGER]
_CHARACTERS = CODEBOOK.blocks[Group.CHARACTER]
_BITS = CODEBOOK.blocks[Group.BITS]
_END = form_id(Form.END)


def literal_steps(token: int) -> tuple[Step, ...]:
    """The steps of a literal from the token that names its kind."""
    match SPELLINGS[CODEBOOK.index(token)]:
        case Spelling.RATIO:
            return (Numerator(),)
        case Spelling.NUMBER:
            return (Number(),)
        case Spelling.FLOAT:
            return (FloatBits(),)
        case Spelling.STRING | Spelling.ESCAPE:
            return (Text(),)
        case Spelling.TUPLE:
            return (Items(),)


def _defined(draft: Draft, value: Value) -> tuple[Step, ...]:
    draft.codes.define(value)
    return ()


def integer_id(number: int) -> int:
    """Token of a small whole number."""
    return _INTEGERS.start + number - LEAST_INTEGER


def character_id(character: str) -> int:
    """Token of a printable ASCII character."""
    return _CHARACTERS.start + CHARACTERS.index(character)


# -- numbers ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numerator(Step):
    """The whole number above the line of a ratio."""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[_INTEGERS.slice] = True
        mask[integer_id(0)] = False
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return (Denominator(CODEBOOK.index(token) + LEAST_INTEGER),)


@dataclass(frozen=True)
class Denominator(Step):
    """The whole number below the line, prime to the one above."""

    numerator: int

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        fitting = [n for n in range(2, MAX_DENOMINATOR + 1) if math.gcd(n, self.numerator) == 1]
        mask[[integer_id(n) for n in fitting]] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _defined(draft, self.numerator / (CODEBOOK.index(token) + LEAST_INTEGER))


@dataclass(frozen=True)
class Number(Step):
    """A whole or decimal number, digit by digit."""

    text: str = ""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[[character_id(c) for c in next_characters(self.text)]] = True
        mask[_END] = self.text[-1:].isdigit()
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if token == _END:
            return _defined(draft, float(self.text) if "." in self.text else int(self.text))
        return (Number(self.text + CHARACTERS[CODEBOOK.index(token)]),)


def next_characters(text: str) -> str:
    """What may follow the beginning `text` of a number, its end apart."""
    whole, point, decimals = text.removeprefix("-").partition(".")
    if point:
        return DIGITS if len(whole) + len(decimals) < MAX_DECIMAL_DIGITS else ""
    if not whole:
        return DIGITS if text else "-" + DIGITS
    dot = "." if len(whole) < MAX_DECIMAL_DIGITS else ""
    more = DIGITS if whole != "0" and len(whole) < MAX_DIGITS - 1 else ""
    return more + dot


@dataclass(frozen=True)
class FloatBits(Step):
    """A float by its 64 bits, four at a time, sign and exponent first; finite."""

    nibbles: tuple[int, ...] = ()

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[_BITS.slice] = True
        # An exponent of ones only would be infinite or no number.
        if len(self.nibbles) == 2 and self.nibbles[0] % 8 == 7 and self.nibbles[1] == 15:
            mask[_BITS.start + 15] = False
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        nibbles = (*self.nibbles, CODEBOOK.index(token))
        if len(nibbles) < FLOAT_NIBBLES:
            return (FloatBits(nibbles),)
        return _defined(draft, float_of(nibbles))


def float_of(nibbles: tuple[int, ...]) -> float:
    """The float whose bits these are."""
    bits = bytes.fromhex("".join(f"{n:x}" for n in nibbles))
    return struct.unpack(">d", bits)[0]


def nibbles_of(number: float) -> tuple[int, ...]:
    """The bits of a float, four at a time, sign and exponent first."""
    return tuple(int(digit, 16) for digit in struct.pack(">d", number).hex())


# -- strings ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text(Step):
    """A string, character by character."""

    text: str = ""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[_END] = True
        if len(self.text) < MAX_TEXT:
            mask[_CHARACTERS.slice] = True
            mask[spelling_id(Spelling.ESCAPE)] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if token == _END:
            return _defined(draft, self.text)
        if token == spelling_id(Spelling.ESCAPE):
            return (CodePoint(self.text),)
        return (Text(self.text + CHARACTERS[CODEBOOK.index(token)]),)


@dataclass(frozen=True)
class CodePoint(Step):
    """A character that is no printable ASCII: the six hexadecimal digits of its code point."""

    text: str
    code: int = 0
    digits: int = 0

    def allowed(self, draft: Draft) -> Mask:
        width = 4 * (ESCAPE_NIBBLES - self.digits - 1)
        mask = new_mask()
        for nibble in range(16):
            first = (self.code << 4 | nibble) << width
            mask[_BITS.start + nibble] = _holds_character(first, first + (1 << width) - 1)
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        code, digits = self.code << 4 | CODEBOOK.index(token), self.digits + 1
        if digits == ESCAPE_NIBBLES:
            return (Text(self.text + chr(code)),)
        return (CodePoint(self.text, code, digits),)


def _holds_character(first: int, last: int) -> bool:
    """Whether some code point from `first` to `last` is a character that needs an escape."""
    if first > 0x10FFFF or (first >= 0xD800 and last <= 0xDFFF):
        return False
    return not (first >= 32 and last <= 126)


# -- tuples ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Items(Step):
    """A tuple, item by item."""

    items: tuple[Value, ...] = ()

    def allowed(self, draft: Draft) -> Mask:
        mask = draft.codes.item_mask() if len(self.items) < MAX_ITEMS else new_mask()
        mask[_END] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if token == _END:
            return _defined(draft, self.items)
        return (Items((*self.items, draft.codes.value(token))),)


def spelling_mask() -> Mask:
    """The tokens that literals begin with."""
    mask = new_mask()
    kinds = [s for s in SPELLINGS if s is not Spelling.ESCAPE]
    mask[np.array([spelling_id(s) for s in kinds])] = True
    return mask
