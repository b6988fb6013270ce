"""Numbers beside those that they stand for: a student's neurons read what they write through its noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import TypeVar

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.naming import name_unary
from inverse_tracr.rasp.program import Encoding, Line, LinearSequenceMap, Map, Program, Ref
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number, numbers_of

FURTHEST = 0.13
"""From a half or a whole number, of one that stands for it."""

_T = TypeVar("_T", Value, Maybe)
_Numbers = dict[Value, Value]


class _NotPlainError(Exception):
    """A number is far from halves, or two of them become one that a reader tells apart."""


def with_plain_numbers(program: Program, signature: Signature) -> Program:
    """The program with halves and whole numbers in place of others near by; itself where one is far off.

    What reads numbers says the same of the new ones as of the old ones.
    """
    lines: list[Line] = []
    plain: dict[Ref, _Numbers] = {}
    try:
        sets = ValueSets(program, signature, exact_means=True)
        for at, line in enumerate(program.lines):
            lines.append(_line(at, line, sets, plain))
        return replace(program, lines=tuple(lines))
    except (InverseTracrError, _NotPlainError):
        return program


def _line(at: Ref, line: Line, sets: ValueSets, plain: dict[Ref, _Numbers]) -> Line:
    """The line with plain numbers; what its own numbers become is noted in `plain`."""
    if isinstance(line, LinearSequenceMap):
        factors = line.first_factor, line.second_factor
        new = _plain(factors[0]), _plain(factors[1])
        pairs = product(*(_numbers(sets, ref, plain) for ref in (line.first, line.second)))
        sums = ((_sum(factors, (x, y)), _sum(new, (u, v))) for (x, u), (y, v) in pairs)
        plain[at] = _single(sums)
        return replace(line, first_factor=new[0], second_factor=new[1])
    if not isinstance(line, Map):
        return line
    said = {x: line.function(x) for x in sets[line.operand]}
    meant = said
    if line.encoding is Encoding.NUMERICAL:
        own: _Numbers = {y: _plain(y) for y in said.values() if y is not None}
        meant = {x: None if y is None else own[y] for x, y in said.items()}
        plain[at] = own
    if line.operand in plain:
        meant = _single((plain[line.operand][x], y) for x, y in meant.items())
    if meant == said:
        return line
    return replace(line, function=name_unary(tuple(meant), tuple(meant.values())))


def _plain(value: Value) -> int | float:
    """The half or whole number that a number stands for."""
    if not is_number(value):
        raise _NotPlainError
    near = round(2 * value) / 2
    if abs(value - near) > FURTHEST:
        raise _NotPlainError
    return int(near) if near == int(near) else near


def _numbers(sets: ValueSets, ref: Ref, plain: Mapping[Ref, _Numbers]) -> list[tuple[float, float]]:
    """The numbers of a line, each with what it becomes."""
    old = sets[ref]
    new = tuple(plain[ref][x] for x in old) if ref in plain else old
    return list(zip(numbers_of(old), numbers_of(new), strict=True))


def _sum(factors: tuple[float, float], numbers: tuple[float, float]) -> float:
    return factors[0] * numbers[0] + factors[1] * numbers[1] + 0  # no -0.0


def _single(pairs: Iterable[tuple[Value, _T]]) -> dict[Value, _T]:
    """What each value becomes."""
    found: dict[Value, _T] = {}
    for old, new in pairs:
        if found.setdefault(old, new) != new:
            raise _NotPlainError
    return found
