"""A program as a researcher writes it, and what it is compiled for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tracr.compiler import lib as tracr_lib
from tracr.rasp import rasp as tracr_rasp

from inverse_tracr.rasp.values import Value

rasp: Any = tracr_rasp
lib: Any = tracr_lib
SOp: TypeAlias = Any
Selector: TypeAlias = Any
Function: TypeAlias = Any
"""Lambdas on values of a known kind: Tracr's types know no kinds, so that no type checker can follow."""


@dataclass(frozen=True)
class Written:
    """A program of `tracr.rasp`; `build` makes it anew, since Tracr numbers expressions as they are made."""

    name: str
    build: Callable[[], SOp]
    vocab: tuple[Value, ...]
    max_seq_len: int
    causal: bool = False


LETTERS = tuple("abcdefghij")
DIGITS = tuple(range(10))
WORDS = ("the", "cat", "dog", "sat", "on", "mat", "and", "ran")


def every() -> Selector:
    """Selects all positions."""
    return rasp.Select(rasp.indices, rasp.indices, rasp.Comparison.TRUE)


def at(offset: int) -> Selector:
    """Selects the position `offset` after this one."""
    return rasp.Select(rasp.indices, rasp.indices, lambda k, q: k == q + offset)


def earlier(sop: SOp, offset: int = 1) -> SOp:
    """The value `offset` positions before this one."""
    return rasp.Aggregate(at(-offset), sop)


def length() -> SOp:
    """Number of tokens."""
    return rasp.SelectorWidth(every())


def first(sop: SOp) -> SOp:
    """The value at the first position."""
    return rasp.Aggregate(rasp.Select(rasp.indices, rasp.indices, lambda k, _: k == 0), sop)


def last(sop: SOp) -> SOp:
    """The value at the last position."""
    return rasp.Aggregate(rasp.Select(rasp.indices, length() - 1, rasp.Comparison.EQ), sop)


def number_of(sop: SOp, wanted: Function) -> SOp:
    """How many positions have a value that is wanted."""
    return rasp.SelectorWidth(rasp.Select(sop, sop, lambda k, _: wanted(k)))
