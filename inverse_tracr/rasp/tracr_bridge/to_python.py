"""From a program to Python source that builds the same s-op of `tracr.rasp`."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass

from inverse_tracr.rasp.functions import (
    BinaryOp,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    PredicateTable,
    Side,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.printer import print_signature
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
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.tracr_bridge.definedness import Definedness
from inverse_tracr.rasp.tracr_bridge.names import python_names
from inverse_tracr.rasp.tracr_bridge.python_helpers import HELPERS
from inverse_tracr.rasp.values import Maybe, is_number

RESULT = "program"

_TRACR_COMPARISONS = {Comparison.NE: "NEQ", Comparison.LE: "LEQ", Comparison.GE: "GEQ"}

_NUMBERS_ONLY = {UnaryOp.NEGATE, UnaryOp.ABS, UnaryOp.INT, UnaryOp.ROUND} | {
    UnaryOp.SUBTRACT,
    UnaryOp.SUBTRACT_FROM,
    UnaryOp.MULTIPLY,
    UnaryOp.DIVIDE,
    UnaryOp.DIVIDE_INTO,
    UnaryOp.FLOOR_DIVIDE,
    UnaryOp.MODULO,
}
_NUMBERS_ONLY_BINARY = {BinaryOp.SUBTRACT, BinaryOp.SUBTRACT_FROM, BinaryOp.MULTIPLY, BinaryOp.DIVIDE} | {
    BinaryOp.DIVIDE_INTO,
    BinaryOp.FLOOR_DIVIDE,
    BinaryOp.MODULO,
    BinaryOp.DISTANCE,
}


def to_python(program: Program, signature: Signature | None = None) -> str:
    """Python source that binds the s-op of `to_tracr(program, signature)` to the name `program`.

    It imports `tracr.rasp` and nothing else. With a signature, functions that have a value wherever they are
    asked are written as plain lambdas.
    """
    names = python_names(program.names, {*dir(builtins), *HELPERS, "rasp", RESULT})
    writer = _Writer(program, Definedness(program, signature), names)
    rows = [
        f"{names[position]} = {writer.expression(position, line)}"
        for position, line in enumerate(program.lines)
    ]
    rows.append(f"{RESULT} = {names[program.output]}")
    header = [] if signature is None else [print_signature(signature)]
    parts = ["\n".join([*header, "from tracr.rasp import rasp"]), *_helpers(rows), "\n".join(rows)]
    return "\n\n\n".join(parts) + "\n"


def _helpers(rows: list[str]) -> list[str]:
    """Source of the helpers that are called, and of those that they call."""
    used: list[str] = []
    for name, text in reversed(HELPERS.items()):
        if any(f"{name}(" in row for row in (*rows, *used)):
            used.insert(0, text)
    return used


@dataclass(frozen=True)
class _Writer:
    """Writes lines of one program as expressions of `tracr.rasp`; `names` are the variables of the lines."""

    program: Program
    known: Definedness
    names: tuple[str, ...]

    def expression(self, position: int, line: Line) -> str:
        annotations = f"name={self.program.names[position]!r}"
        if self.program.encodings[position] is Encoding.NUMERICAL:
            annotations += ", encoding=rasp.Encoding.NUMERICAL"
        return f"rasp.annotate({self._plain(line)}, {annotations})"

    def _variable(self, ref: Ref) -> str:
        return {TOKENS: "rasp.tokens", INDICES: "rasp.indices"}.get(ref) or self.names[ref]

    def _plain(self, line: Line) -> str:
        var = self._variable
        match line:
            case Map():
                return f"rasp.Map({self._unary(line)}, {var(line.operand)})"
            case SequenceMap():
                return f"rasp.SequenceMap({self._binary(line)}, {var(line.first)}, {var(line.second)})"
            case LinearSequenceMap():
                factors = f"{line.first_factor!r}, {line.second_factor!r}"
                return f"rasp.LinearSequenceMap({var(line.first)}, {var(line.second)}, {factors})"
            case Select():
                return f"rasp.Select({var(line.keys)}, {var(line.queries)}, {self._predicate(line)})"
            case Aggregate():
                numerical = self.program.encoding(line.values) is Encoding.NUMERICAL
                default = "0" if numerical else "None"
                return f"rasp.Aggregate({var(line.selector)}, {var(line.values)}, default={default})"
            case SelectorWidth():
                return f"rasp.SelectorWidth({var(line.selector)})"

    def _unary(self, line: Map) -> str:
        values = self.known.values(line.operand)
        numerical = self.program.encoding(line.operand) is Encoding.NUMERICAL
        function = line.function
        if isinstance(function, UnaryTable):
            table = _dict(function.entries)
            if numerical and values is not None:
                return f"nearest({table}, {function.default!r}, {_set(values)})"
            body = f"{table}.get(x, {function.default!r})"
        else:
            body = _named_unary(function)
        defined = values is not None and not numerical and None not in tabulate_unary(function, values)
        if defined and not self._fuses_none(line):
            return f"lambda x: {body}"
        if isinstance(function, NamedUnary) and function.op in _NUMBERS_ONLY:
            return f"numbers(lambda x: {body})"
        return f"total(lambda x: {body})"

    def _fuses_none(self, line: Map) -> bool:
        """Whether the map will be fused with one that may give None."""
        inner = self.program.lines[line.operand] if line.operand >= 0 else None
        return isinstance(inner, Map) and self.known.may_be_none(line.operand)

    def _binary(self, line: SequenceMap) -> str:
        xs, ys = self.known.values(line.first), self.known.values(line.second)
        function = line.function
        if isinstance(function, NamedBinary):
            body = function.op.value
        else:
            body = f"{_dict(function.entries)}.get((x, y), {function.default!r})"
        if xs is not None and ys is not None and None not in tabulate_binary(function, xs, ys):
            return f"lambda x, y: {body}"
        guard = "total"
        if isinstance(function, NamedBinary) and function.op in _NUMBERS_ONLY_BINARY:
            guard = "numbers"
        return f"{guard}(lambda x, y: {body})"

    def _predicate(self, line: Select) -> str:
        predicate = line.predicate
        if isinstance(predicate, PredicateTable):
            return f"lambda k, q: (k, q) in {_set(predicate.pairs)}"
        plain = predicate.side is Side.QUERY and not predicate.offset
        if plain and self.known.comparable(line):
            return (
                f"rasp.Comparison.{_TRACR_COMPARISONS.get(predicate.comparison, predicate.comparison.name)}"
            )
        return f"selects(lambda k, q: {_named_predicate(predicate)})"


def _named_unary(function: NamedUnary) -> str:
    if function.op in _NUMBERS_ONLY and function.op.takes_constant and not is_number(function.constant):
        return "None"
    return re.sub(r"\bc\b", lambda _match: repr(function.constant), function.op.value)


def _named_predicate(predicate: NamedPredicate) -> str:
    sign = predicate.comparison.value
    if predicate.comparison in (Comparison.TRUE, Comparison.FALSE):
        return sign
    match predicate.side:
        case Side.KEY_ALONE:
            return f"k {sign} {predicate.constant!r}"
        case Side.QUERY_ALONE:
            return f"q {sign} {predicate.constant!r}"
        case Side.QUERY:
            return f"k {sign} q + {predicate.offset!r}" if predicate.offset else f"k {sign} q"


def _dict(entries: tuple[tuple[object, Maybe], ...]) -> str:
    return "{" + ", ".join(f"{key!r}: {value!r}" for key, value in entries) + "}"


def _set(items: tuple[object, ...]) -> str:
    return "{" + ", ".join(repr(item) for item in items) + "}" if items else "set()"
