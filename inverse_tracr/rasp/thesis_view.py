"""The thesis's view of a program: rows of five tokens, constants dropped (thesis, section 5.1.1).

It serves comparison with the thesis's figures only: it cannot be run, and many programs share one view.
"""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryOp,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Predicate,
    Side,
    UnaryFunction,
    UnaryOp,
)
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)

PAD, NONE_GIVEN = "<PAD>", "NA"
START, END = "PROGRAM_START", "PROGRAM_END"
TABLE, LINEAR, PRED_TABLE = "TABLE", "LINEAR", "PRED_TABLE"

OPERATIONS = (PAD, "Map", "Select", "SequenceMap", "Aggregate", "SelectorWidth", START, END)
"""First tokens of a row."""

UNARY_LAMBDAS = ("LAM_LT", "LAM_LE", "LAM_GT", "LAM_GE", "LAM_NE", "LAM_EQ", "LAM_IV")
BINARY_LAMBDAS = ("LAM_ADD", "LAM_MUL", "LAM_SUB", "LAM_AND", "LAM_OR")
PREDICATES = tuple(f"PRED_{name}" for name in ("EQ", "FALSE", "TRUE", "GEQ", "GT", "LEQ", "LT", "NEQ"))

_BEFORE_LINES = (*UNARY_LAMBDAS, *BINARY_LAMBDAS, TABLE, LINEAR, *PREDICATES, PRED_TABLE, "indices", "tokens")
"""Arguments in the order in which a row holds them; then come lines, then NA."""

# The thesis applies its lambdas with the constant on the left: LAM_LT of a map is `c < x`.
_UNARY_NAMES = {
    UnaryOp.LT: "LAM_GT",
    UnaryOp.LE: "LAM_GE",
    UnaryOp.GT: "LAM_LT",
    UnaryOp.GE: "LAM_LE",
    UnaryOp.NE: "LAM_NE",
    UnaryOp.EQ: "LAM_EQ",
    UnaryOp.NOT: "LAM_IV",
    UnaryOp.ADD: "LAM_ADD",
    UnaryOp.MULTIPLY: "LAM_MUL",
    UnaryOp.SUBTRACT: "LAM_SUB",
    UnaryOp.SUBTRACT_FROM: "LAM_SUB",
    UnaryOp.NEGATE: "LAM_SUB",
    UnaryOp.AND: "LAM_AND",
    UnaryOp.OR: "LAM_OR",
}

_BINARY_NAMES = {
    BinaryOp.LT: "LAM_LT",
    BinaryOp.LE: "LAM_LE",
    BinaryOp.GT: "LAM_GT",
    BinaryOp.GE: "LAM_GE",
    BinaryOp.NE: "LAM_NE",
    BinaryOp.EQ: "LAM_EQ",
    BinaryOp.ADD: "LAM_ADD",
    BinaryOp.MULTIPLY: "LAM_MUL",
    BinaryOp.SUBTRACT: "LAM_SUB",
    BinaryOp.SUBTRACT_FROM: "LAM_SUB",
    BinaryOp.AND: "LAM_AND",
    BinaryOp.OR: "LAM_OR",
}

_PREDICATE_NAMES = {Comparison.NE: "PRED_NEQ", Comparison.LE: "PRED_LEQ", Comparison.GE: "PRED_GEQ"}


@dataclass(frozen=True)
class Row:
    """One line of a program in five tokens: what it does, three arguments, and the variable it binds."""

    operation: str
    first: str = NONE_GIVEN
    second: str = NONE_GIVEN
    third: str = NONE_GIVEN
    result: str = NONE_GIVEN

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The five tokens."""
        return (self.operation, self.first, self.second, self.third, self.result)


def argument_tokens(lines: int) -> tuple[str, ...]:
    """Every token of the four columns behind the operation, for programs of up to `lines` lines."""
    return (PAD, *_BEFORE_LINES, *(_variable(position) for position in range(lines)), NONE_GIVEN)


def thesis_rows(program: Program) -> tuple[Row, ...]:
    """The view of a canonical program: PROGRAM_START, a row for each of its lines in order, PROGRAM_END.

    Constants, factors and encodings are dropped, arguments are sorted as the thesis's code sorts them. What
    the thesis lacks is TABLE (functions), LINEAR (a linear sequence map) or PRED_TABLE (predicates).
    """
    rows = (_row(line, position) for position, line in enumerate(program.lines))
    return (Row(START), *rows, Row(END))


def _row(line: Line, position: int) -> Row:
    operation, function = _operation(line)
    refs = sorted(operands(line), key=_rank)
    arguments = [*function, *map(_variable, refs), NONE_GIVEN, NONE_GIVEN][:3]
    return Row(operation, *arguments, result=_variable(position))


def _rank(ref: Ref) -> Ref:
    """Indices before tokens before lines."""
    return {INDICES: TOKENS, TOKENS: INDICES}.get(ref, ref)


def _variable(ref: Ref) -> str:
    return {TOKENS: "tokens", INDICES: "indices"}.get(ref) or f"v{ref + 1}"


def _operation(line: Line) -> tuple[str, tuple[str, ...]]:
    """Operation and, where there is one, the name of the function."""
    match line:
        case Map():
            return "Map", (_unary(line.function),)
        case SequenceMap():
            return "SequenceMap", (_binary(line.function),)
        case LinearSequenceMap():
            return "SequenceMap", (LINEAR,)
        case Select():
            return "Select", (_predicate(line.predicate),)
        case Aggregate():
            return "Aggregate", ()
        case SelectorWidth():
            return "SelectorWidth", ()


def _unary(function: UnaryFunction) -> str:
    return _UNARY_NAMES.get(function.op, TABLE) if isinstance(function, NamedUnary) else TABLE


def _binary(function: BinaryFunction) -> str:
    return _BINARY_NAMES.get(function.op, TABLE) if isinstance(function, NamedBinary) else TABLE


def _predicate(predicate: Predicate) -> str:
    if isinstance(predicate, NamedPredicate) and predicate.side is Side.QUERY and not predicate.offset:
        return _PREDICATE_NAMES.get(predicate.comparison, f"PRED_{predicate.comparison.name}")
    return PRED_TABLE
