"""The text form of programs: printing (the parser is its inverse)."""

from __future__ import annotations

import re

from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryTable,
    NamedBinary,
    NamedPredicate,
    Predicate,
    PredicateTable,
    Side,
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, Value, value_text

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LITERAL_NAMES = {"True", "False", "None"}
_TEMPLATES = {op: re.sub(r"\bc\b", "{}", op.value) for op in UnaryOp}


def print_program(program: Program, signature: Signature | None = None) -> str:
    """The program as text, with a `# signature:` header when a signature is given."""
    rows = [] if signature is None else [print_signature(signature)]
    for name, line in zip(program.names, program.lines, strict=True):
        rows.append(f"{name} = {print_line(program, line)}")
    rows.append(f"return {program.name(program.output)}")
    return "\n".join(rows) + "\n"


def print_signature(signature: Signature) -> str:
    """The header line that a program file may begin with."""
    vocab = ", ".join(_vocab_text(token) for token in signature.vocab)
    causal = " causal" if signature.causal else ""
    return f"# signature: vocab=[{vocab}] max_seq_len={signature.max_seq_len}{causal}"


def _vocab_text(token: Value) -> str:
    if isinstance(token, str) and _BARE.match(token) and token not in _LITERAL_NAMES:
        return token
    return value_text(token)


def print_line(program: Program, line: Line) -> str:
    """The right-hand side of one line."""
    name = program.name
    match line:
        case Map():
            return f"map({name(line.operand)}, {print_unary(line.function)}{_suffix(line.encoding)})"
        case SequenceMap():
            return f"sequence_map({name(line.first)}, {name(line.second)}, {print_binary(line.function)})"
        case LinearSequenceMap():
            factors = f"{value_text(line.first_factor)}, {value_text(line.second_factor)}"
            return f"linear_sequence_map({name(line.first)}, {name(line.second)}, {factors})"
        case Select():
            return f"select({name(line.keys)}, {name(line.queries)}, {print_predicate(line.predicate)})"
        case Aggregate():
            encoding = program.encoding(line.values) or Encoding.CATEGORICAL
            return f"aggregate({name(line.selector)}, {name(line.values)}{_suffix(encoding)})"
        case SelectorWidth():
            return f"selector_width({name(line.selector)}{_suffix(line.encoding)})"


def _suffix(encoding: Encoding) -> str:
    return ", numerical" if encoding is Encoding.NUMERICAL else ""


def print_unary(function: UnaryFunction) -> str:
    """`x < 3`, `not x`, or `{0: "a", _: "b"}`."""
    if isinstance(function, UnaryTable):
        return _table_text([(value_text(key), value) for key, value in function.entries], function.default)
    return _TEMPLATES[function.op].replace("{}", value_text(function.constant))


def print_binary(function: BinaryFunction) -> str:
    """`x + y`, or `{(0, 1): 2, _: 3}`."""
    if isinstance(function, NamedBinary):
        return function.op.value
    return _binary_table_text(function)


def _binary_table_text(table: BinaryTable) -> str:
    return _table_text(
        [(f"({value_text(x)}, {value_text(y)})", value) for (x, y), value in table.entries], table.default
    )


def _table_text(entries: list[tuple[str, Maybe]], default: Maybe) -> str:
    rows = [f"{key}: {value_text(value)}" for key, value in entries]
    if default is not None:
        rows.append(f"_: {value_text(default)}")
    return "{" + ", ".join(rows) + "}"


def print_predicate(predicate: Predicate) -> str:
    """`==`, `True`, `k == q + 1`, `k > 2`, or `table {(0, 1), (1, 2)}` with pairs (key, query)."""
    if isinstance(predicate, PredicateTable):
        return "table {" + ", ".join(f"({value_text(k)}, {value_text(q)})" for k, q in predicate.pairs) + "}"
    return _named_predicate_text(predicate)


def _named_predicate_text(predicate: NamedPredicate) -> str:
    sign = predicate.comparison.value
    match predicate.side:
        case Side.KEY_ALONE:
            return f"k {sign} {value_text(predicate.constant)}"
        case Side.QUERY_ALONE:
            return f"q {sign} {value_text(predicate.constant)}"
        case Side.QUERY if predicate.offset:
            return f"k {sign} q {'+' if predicate.offset > 0 else '-'} {abs(predicate.offset)}"
        case Side.QUERY:
            return predicate.comparison.value


def print_function(line: Line) -> str:
    """What a line does apart from its operands: its function, predicate, factors or encoding."""
    match line:
        case Map():
            return print_unary(line.function) + _suffix(line.encoding)
        case SequenceMap():
            return print_binary(line.function)
        case LinearSequenceMap():
            return f"{value_text(line.first_factor)}, {value_text(line.second_factor)}"
        case Select():
            return print_predicate(line.predicate)
        case Aggregate():
            return ""
        case SelectorWidth():
            return _suffix(line.encoding)
