"""What is known about the values of lines before a program runs: their set, and whether None may occur."""

from __future__ import annotations

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import Comparison, NamedPredicate
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    ProgramError,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value, is_number

_ORDERINGS = frozenset({Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE})


class Definedness:
    """Value sets where the signature is given and Tracr can infer them, and lines that may give None.

    Without value sets every map counts as one that may give None.
    """

    def __init__(self, program: Program, signature: Signature | None) -> None:
        self._program = program
        self._sets = _value_sets(program, signature)
        self._partial: list[bool] = []
        for line in program.lines:
            self._partial.append(self._may_be_none(line))

    def values(self, ref: Ref) -> tuple[Value, ...] | None:
        """The value set of an operand; None when it is not known."""
        return None if self._sets is None else self._sets[ref]

    def may_be_none(self, ref: Ref) -> bool:
        """Whether a position of the operand may have no value."""
        return ref >= 0 and self._partial[ref]

    def comparable(self, line: Select) -> bool:
        """Whether the predicate of `line` is never asked about None or values that Python cannot compare."""
        if self.may_be_none(line.keys) or self.may_be_none(line.queries):
            return False
        ordering = isinstance(line.predicate, NamedPredicate) and line.predicate.comparison in _ORDERINGS
        if not ordering:
            return True
        return all(self._numbers(ref) for ref in operands(line)) or all(
            self._strings(ref) for ref in operands(line)
        )

    def _numbers(self, ref: Ref) -> bool:
        values = self.values(ref)
        if values is None:
            return ref == INDICES or (ref != TOKENS and isinstance(self._program.lines[ref], SelectorWidth))
        return all(is_number(v) for v in values)

    def _strings(self, ref: Ref) -> bool:
        values = self.values(ref)
        return values is not None and all(isinstance(v, str) for v in values)

    def _may_be_none(self, line: Line) -> bool:
        match line:
            case Map():
                values = self.values(line.operand)
                return (
                    self.may_be_none(line.operand)
                    or values is None
                    or None in tabulate_unary(line.function, values)
                )
            case SequenceMap():
                first, second = self.values(line.first), self.values(line.second)
                if first is None or second is None:
                    return True
                return (
                    self.may_be_none(line.first)
                    or self.may_be_none(line.second)
                    or None in tabulate_binary(line.function, first, second)
                )
            case LinearSequenceMap():
                return self.may_be_none(line.first) or self.may_be_none(line.second)
            case Aggregate():
                return True
            case Select() | SelectorWidth():
                return False


def _value_sets(program: Program, signature: Signature | None) -> ValueSets | None:
    """None without a signature, and for programs that run as RASP but that Tracr cannot compile."""
    if signature is None:
        return None
    try:
        return ValueSets(program, signature)
    except (ProgramError, CapExceededError):
        return None
