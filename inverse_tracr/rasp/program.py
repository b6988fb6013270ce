"""Programs: frozen, validated sequences of lines in single-assignment form."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.functions import BinaryFunction, Predicate, UnaryFunction
from inverse_tracr.rasp.values import check_value, is_number

if TYPE_CHECKING:
    from tracr.rasp.rasp import SOp

    from inverse_tracr.rasp.signature import Signature

Ref = int
"""Reference to an operand: `TOKENS`, `INDICES`, or the position of an earlier line (from 0)."""

TOKENS: Ref = -2
INDICES: Ref = -1

MAX_LINES = 10_000

KEYWORDS = frozenset(
    {"tokens", "indices", "return", "map", "sequence_map", "linear_sequence_map", "select", "aggregate"}
    | {"selector_width", "numerical", "categorical", "table", "True", "False", "None"}
)
"""Words of the text form that cannot name a line."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ProgramError(BadInputError):
    """A program that breaks a rule of the language; says the line and the rule."""


class Encoding(enum.Enum):
    """How an s-op lies in the residual stream: one dimension a value, or one dimension in all."""

    CATEGORICAL = "categorical"
    NUMERICAL = "numerical"

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Map:
    """`function` applied to every position of `operand`."""

    operand: Ref
    function: UnaryFunction
    encoding: Encoding = Encoding.CATEGORICAL


@dataclass(frozen=True)
class SequenceMap:
    """`function` applied to two categorical s-ops position by position; categorical."""

    first: Ref
    second: Ref
    function: BinaryFunction


@dataclass(frozen=True)
class LinearSequenceMap:
    """`first_factor * first + second_factor * second` for numerical s-ops; numerical."""

    first: Ref
    second: Ref
    first_factor: int | float
    second_factor: int | float


@dataclass(frozen=True)
class Select:
    """For each query position, the key positions where `predicate(key, query)` holds."""

    keys: Ref
    queries: Ref
    predicate: Predicate


@dataclass(frozen=True)
class Aggregate:
    """Mean over the selected positions (categorical: the one value found there), encoded as `values` is."""

    selector: Ref
    values: Ref


@dataclass(frozen=True)
class SelectorWidth:
    """Number of selected positions."""

    selector: Ref
    encoding: Encoding = Encoding.CATEGORICAL


Line = Map | SequenceMap | LinearSequenceMap | Select | Aggregate | SelectorWidth


_OPERANDS: dict[type[Line], Callable[[Any], tuple[Ref, ...]]] = {
    Map: lambda line: (line.operand,),
    SequenceMap: attrgetter("first", "second"),
    LinearSequenceMap: attrgetter("first", "second"),
    Select: attrgetter("keys", "queries"),
    Aggregate: attrgetter("selector", "values"),
    SelectorWidth: lambda line: (line.selector,),
}
"""By type, for this is asked sixty times a program."""


def operands(line: Line) -> tuple[Ref, ...]:
    """The operands of a line, in the order in which the text form writes them."""
    return _OPERANDS[type(line)](line)


def with_operands(line: Line, refs: tuple[Ref, ...]) -> Line:
    """The same line with other operands."""
    match line:
        case Map():
            return Map(refs[0], line.function, line.encoding)
        case SequenceMap():
            return SequenceMap(refs[0], refs[1], line.function)
        case LinearSequenceMap():
            return LinearSequenceMap(refs[0], refs[1], line.first_factor, line.second_factor)
        case Select():
            return Select(refs[0], refs[1], line.predicate)
        case Aggregate():
            return Aggregate(refs[0], refs[1])
        case SelectorWidth():
            return SelectorWidth(refs[0], line.encoding)


def is_name(text: str) -> bool:
    """Whether `text` can name a line."""
    return _NAME.fullmatch(text) is not None and text not in KEYWORDS


@dataclass(frozen=True)
class Program:
    """Lines and the line that is returned.

    Two programs are equal when their lines are; `names` (one a line) only serve printing.
    Raises ProgramError when a rule of the language is broken.
    """

    lines: tuple[Line, ...]
    output: Ref
    names: tuple[str, ...] = field(default=(), compare=False)
    encodings: tuple[Encoding | None, ...] = field(init=False, compare=False, repr=False)
    reads: tuple[tuple[Ref, ...], ...] = field(init=False, compare=False, repr=False)
    """Operands of every line."""

    def __post_init__(self) -> None:
        if len(self.lines) > MAX_LINES:
            raise ProgramError(f"expected at most {MAX_LINES} lines, got {len(self.lines)}")
        names = self.names or _default_names(len(self.lines))
        if len(names) != len(self.lines) or len(set(names)) != len(names):
            raise ProgramError(f"expected one distinct name for each of {len(self.lines)} lines")
        for name in self.names:
            if not is_name(name):
                raise ProgramError(f"expected letters, digits and _ as the name of a line, got {name!r}")
        object.__setattr__(self, "names", names)
        encodings: Encodings = [Encoding.CATEGORICAL, Encoding.CATEGORICAL]
        reads = tuple([_OPERANDS[type(line)](line) for line in self.lines])
        object.__setattr__(self, "reads", reads)
        for position, line in enumerate(self.lines):
            try:
                encodings.append(_check_line(line, reads[position], position, encodings))
            except ProgramError as error:
                raise ProgramError(f"line {position + 1} ({names[position]}): {error}") from None
        object.__setattr__(self, "encodings", tuple(encodings[2:]))
        if not 0 <= self.output < len(self.lines):
            raise ProgramError("a program returns one of its own lines: `return tokens` computes nothing")
        if self.encodings[self.output] is None:
            raise ProgramError(f"a program cannot return a selector ({names[self.output]})")

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        from inverse_tracr.rasp.printer import print_program

        return print_program(self)

    def encoding(self, ref: Ref) -> Encoding | None:
        """Encoding of an operand; None for a selector."""
        return Encoding.CATEGORICAL if ref < 0 else self.encodings[ref]

    def name(self, ref: Ref) -> str:
        """Name of an operand in the text form."""
        return {TOKENS: "tokens", INDICES: "indices"}.get(ref) or self.names[ref]

    def to_tracr(self, signature: Signature | None = None) -> SOp:
        """The runnable s-op of `tracr.rasp`; see `tracr_bridge.to_tracr`."""
        from inverse_tracr.rasp.tracr_bridge.to_tracr import to_tracr

        return to_tracr(self, signature)

    def to_python(self, signature: Signature | None = None) -> str:
        """Python source that builds the s-op of `to_tracr`; see `tracr_bridge.to_python`."""
        from inverse_tracr.rasp.tracr_bridge.to_python import to_python

        return to_python(self, signature)

    def _repr_html_(self) -> str:
        from inverse_tracr.rasp.notebook import program_html

        return program_html(self)


@lru_cache(maxsize=256)
def _default_names(count: int) -> tuple[str, ...]:
    return tuple(f"v{i + 1}" for i in range(count))


Encodings = list[Encoding | None]
"""Encodings of `tokens`, of `indices`, and of the lines so far: that of `ref` stands at `ref + 2`."""


def _check_line(line: Line, refs: tuple[Ref, ...], position: int, encodings: Encodings) -> Encoding | None:
    """Encoding of `line` (None for a select), after checking its operands `refs`."""
    for ref in refs:
        if not TOKENS <= ref < position:
            raise ProgramError(f"expected operands among the earlier lines, got reference {ref}")
    match line:
        case Map():
            _expect_sop(line.operand, encodings, "operand of map")
            return line.encoding
        case SequenceMap():
            _expect_pair(line.first, line.second, encodings, Encoding.CATEGORICAL)
            return Encoding.CATEGORICAL
        case Select():
            _expect(line.keys, encodings, Encoding.CATEGORICAL, "keys")
            _expect(line.queries, encodings, Encoding.CATEGORICAL, "queries")
            return None
        case Aggregate():
            _expect_selector(line.selector, encodings)
            return _expect_sop(line.values, encodings, "values of aggregate")
        case SelectorWidth():
            _expect_selector(line.selector, encodings)
            return line.encoding
        case LinearSequenceMap():
            _expect_pair(line.first, line.second, encodings, Encoding.NUMERICAL)
            _check_factor(line.first_factor)
            _check_factor(line.second_factor)
            return Encoding.NUMERICAL


def _expect(ref: Ref, encodings: Encodings, wanted: Encoding, role: str) -> None:
    got = encodings[ref + 2]
    if got is not wanted:
        found = "a selector" if got is None else f"a {got.value} s-op"
        raise ProgramError(f"expected a {wanted.value} s-op as {role}, got {found}")


def _check_factor(factor: int | float) -> None:
    if not is_number(factor):
        raise ProgramError(f"expected a number as factor, got {factor!r}")
    try:
        check_value(factor)
    except ValueError as error:
        raise ProgramError(f"bad factor: {error}") from None


def _expect_pair(first: Ref, second: Ref, encodings: Encodings, wanted: Encoding) -> None:
    _expect(first, encodings, wanted, "first operand")
    _expect(second, encodings, wanted, "second operand")


def _expect_sop(ref: Ref, encodings: Encodings, role: str) -> Encoding:
    got = encodings[ref + 2]
    if got is None:
        raise ProgramError(f"expected an s-op as {role}, got a selector")
    return got


def _expect_selector(ref: Ref, encodings: Encodings) -> None:
    if ref < 0 or encodings[ref + 2] is not None:
        raise ProgramError("expected the result of a select as selector, got an s-op")
