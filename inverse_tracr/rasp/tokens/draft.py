"""What a sequence of tokens has written so far: literals, lines, and the parts of the line at hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.functions import BinaryFunction, Predicate, UnaryFunction
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tokens.codebook import CODEBOOK, MAX_LINES, Group, Statement, TokenError
from inverse_tracr.rasp.tokens.value_codes import Mask, ValueCodes, new_mask
from inverse_tracr.rasp.value_sets import MAX_PAIRS, GrowingValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number

_REFERENCES = CODEBOOK.blocks[Group.REFERENCE]

Chosen = NDArray[np.bool_]
"""Which operands are meant, shape [2 + MAX_LINES]: tokens, indices, the lines."""


@dataclass
class Parts:
    """The parts of the line that is being written, and of a table within it."""

    statement: Statement
    refs: list[Ref] = field(default_factory=list[Ref])
    factors: list[int | float] = field(default_factory=list[int | float])
    function: UnaryFunction | BinaryFunction | Predicate | None = None
    entries: list[tuple[Any, Maybe]] = field(default_factory=list[tuple[Any, Maybe]])
    """Entries of a table; for a predicate the pairs, without result."""
    keys: list[int] = field(default_factory=list[int])
    """Tokens of the key that is being written."""
    used: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """Tokens that keys begin with, and those that follow them."""
    bits: list[int] = field(default_factory=list[int])

    def copy(self) -> Parts:
        """The same parts, growing apart from now on."""
        return replace(
            self,
            refs=self.refs.copy(),
            factors=self.factors.copy(),
            entries=self.entries.copy(),
            keys=self.keys.copy(),
            used={first: seconds.copy() for first, seconds in self.used.items()},
            bits=self.bits.copy(),
        )


@dataclass(frozen=True)
class Limits:
    """What bounds a program: lines, pairs of values of two operands, and whether literals are spelled."""

    lines: int = MAX_LINES
    pairs: int = MAX_PAIRS
    literals: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.lines <= MAX_LINES:
            raise TokenError("bad limit of lines", expected=f"1 to {MAX_LINES}", got=str(self.lines))
        if self.pairs < 1:
            raise TokenError("bad limit of pairs of values", expected="at least 1", got=str(self.pairs))


class Draft:
    """The program as far as it is written, and what may be referred to."""

    def __init__(self, signature: Signature, limits: Limits) -> None:
        self.limits = limits
        self.codes = ValueCodes(signature)
        self.sets = GrowingValueSets(signature)
        self.lines: list[Line] = []
        self.output: Ref | None = None
        self.parts: Parts | None = None
        self.categorical = _none_chosen()
        self.numerical = _none_chosen()
        self.selectors = _none_chosen()
        self.means = _none_chosen()
        self.sizes = np.zeros(2 + MAX_LINES, dtype=np.int64)
        self._masks: dict[Ref, Mask] = {}
        for ref in (TOKENS, INDICES):
            self.categorical[ref + 2] = True
            self.sizes[ref + 2] = len(self.sets[ref])

    def copy(self) -> Draft:
        """The same draft, growing apart from now on."""
        twin = Draft.__new__(Draft)
        twin.limits, twin.output = self.limits, self.output
        twin.codes, twin.sets = self.codes.copy(), self.sets.copy()
        twin.lines = self.lines.copy()
        twin.parts = None if self.parts is None else self.parts.copy()
        twin.categorical, twin.numerical = self.categorical.copy(), self.numerical.copy()
        twin.selectors, twin.means = self.selectors.copy(), self.means.copy()
        twin.sizes = self.sizes.copy()
        twin._masks = self._masks.copy()
        return twin

    def program(self) -> Program:
        """The finished program; raises TokenError before the return."""
        if self.output is None:
            raise TokenError("the program ends before its return")
        return Program(tuple(self.lines), self.output)

    # -- operands ------------------------------------------------------------------------------------

    @property
    def outputs(self) -> Chosen:
        """Lines that are s-ops."""
        chosen = self.categorical | self.numerical
        chosen[:2] = False
        return chosen

    def first_of(self, chosen: Chosen) -> Chosen:
        """Those of `chosen` that some partner among `chosen` makes a pair of bounded size with."""
        if not chosen.any():
            return chosen
        return chosen & (self.sizes * self.sizes[chosen].min() <= self.limits.pairs)

    def second_of(self, chosen: Chosen, first: Ref) -> Chosen:
        """Those of `chosen` that make a pair of bounded size with `first`."""
        return chosen & (self.sizes * self.sizes[first + 2] <= self.limits.pairs)

    # -- the line at hand ------------------------------------------------------------------------------

    @property
    def line(self) -> Parts:
        """Parts of the line that is being written."""
        if self.parts is None:
            raise TokenError("no line has begun")
        return self.parts

    @property
    def numerical_result(self) -> bool:
        """Whether the function of the line at hand must give numbers."""
        return self.line.statement is Statement.MAP_NUMERICAL

    def values(self, operand: int) -> tuple[Value, ...]:
        """Value set of an operand of the line at hand, by its place (0 or 1)."""
        return self.sets[self.line.refs[operand]]

    def constants(self, operand: int) -> Mask:
        """Tokens of constants that are compared with an operand of the line at hand; shared, read only."""
        ref = self.line.refs[operand]
        if ref not in self._masks:
            # Literals come before lines, so that the tokens of values do not change any more.
            self._masks[ref] = self.codes.mask(self.sets[ref])
            self._masks[ref].flags.writeable = False
        return self._masks[ref]

    def finish(self) -> None:
        """Append the line at hand, its parts complete."""
        line = _line(self.line)
        self.sets.append(line, f"v{len(self.lines) + 1}")
        self.lines.append(line)
        self.parts = None
        place = len(self.lines) + 1
        found = self.sets[len(self.lines) - 1]
        self.sizes[place] = len(found)
        self._home(line)[place] = True
        if self.numerical[place]:
            self.means[place] = all(int(cast("float", v)) in (0, 1) for v in found)

    def _home(self, line: Line) -> Chosen:
        match line:
            case Select():
                return self.selectors
            case LinearSequenceMap():
                return self.numerical
            case SequenceMap():
                return self.categorical
            case Map() | SelectorWidth():
                return self.numerical if line.encoding is Encoding.NUMERICAL else self.categorical
            case Aggregate():
                return self.numerical if self.numerical[line.values + 2] else self.categorical


def _none_chosen() -> Chosen:
    return np.zeros(2 + MAX_LINES, dtype=np.bool_)


def reference_mask(chosen: Chosen) -> Mask:
    """The operands `chosen` as tokens."""
    mask = new_mask()
    mask[_REFERENCES.slice] = chosen
    return mask


def _line(parts: Parts) -> Line:
    """The line that complete parts make."""
    first, second = (*parts.refs, 0)[:2]
    function: Any = parts.function
    match parts.statement:
        case Statement.MAP:
            return Map(first, function)
        case Statement.MAP_NUMERICAL:
            return Map(first, function, Encoding.NUMERICAL)
        case Statement.SEQUENCE_MAP:
            return SequenceMap(first, second, function)
        case Statement.LINEAR_SEQUENCE_MAP:
            return LinearSequenceMap(first, second, parts.factors[0], parts.factors[1])
        case Statement.SELECT:
            return Select(first, second, function)
        case Statement.AGGREGATE:
            return Aggregate(first, second)
        case Statement.SELECTOR_WIDTH:
            return SelectorWidth(first)
        case Statement.SELECTOR_WIDTH_NUMERICAL:
            return SelectorWidth(first, Encoding.NUMERICAL)
        case Statement.RETURN:
            raise TokenError("a return is no line")


def all_numbers(results: tuple[Maybe, ...]) -> bool:
    """Whether every result is a number or none at all: what a numerical map may give."""
    return all(r is None or is_number(r) for r in results)
