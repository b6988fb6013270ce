"""The text form: what is printed parses back, and bad texts are refused with the place of the fault."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.functions import (
    BinaryOp,
    BinaryTable,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Predicate,
    PredicateTable,
    Side,
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.parser import parse, parse_signature, parse_source
from inverse_tracr.rasp.printer import print_program, print_signature
from inverse_tracr.rasp.program import (
    KEYWORDS,
    TOKENS,
    Aggregate,
    Map,
    Program,
    ProgramError,
    Select,
    SequenceMap,
)
from inverse_tracr.rasp.scanner import MAX_CHARACTERS, RaspSyntaxError
from inverse_tracr.rasp.signature import Signature
from tests.conftest import Golden
from tests.strategies import odd_signatures, programs

# -- laws --------------------------------------------------------------------------------------------


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(programs(most=5))
def test_what_is_printed_parses_back(program: Program) -> None:
    text = print_program(program)
    again = parse(text)
    assert again == program
    assert again.names == program.names
    assert print_program(again) == text


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(odd_signatures())
def test_signatures_parse_back(signature: Signature) -> None:
    assert parse_signature(print_signature(signature)) == signature


def test_a_file_has_signature_description_and_program() -> None:
    header = '# signature: vocab=[a, "b c", 3] max_seq_len=5 causal\n# Copies.\n# More.\n'
    text = f"{header}v1 = map(tokens, x)\nreturn v1\n"
    source = parse_source(text)
    assert source.signature == Signature((3, "a", "b c"), 5, True)
    assert source.description == "Copies."
    assert print_program(source.program, source.signature).splitlines()[1:] == text.splitlines()[3:]


def test_a_file_needs_no_header() -> None:
    source = parse_source("v1 = map(tokens, x)\nreturn v1")
    assert source.signature is None
    assert source.description == ""


# -- forms -------------------------------------------------------------------------------------------


def unary(text: str) -> UnaryFunction:
    line = parse(f"v1 = map(tokens, {text})\nreturn v1").lines[0]
    assert isinstance(line, Map)
    return line.function


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("3 > x", NamedUnary(UnaryOp.LT, 3)),
        ("3 == x", NamedUnary(UnaryOp.EQ, 3)),
        ("3 <= x", NamedUnary(UnaryOp.GE, 3)),
        ("2 + x", NamedUnary(UnaryOp.ADD, 2)),
        ("2 * x", NamedUnary(UnaryOp.MULTIPLY, 2)),
        ("2 - x", NamedUnary(UnaryOp.SUBTRACT_FROM, 2)),
        ("x - -2", NamedUnary(UnaryOp.SUBTRACT, -2)),
        ("min(4, x)", NamedUnary(UnaryOp.MINIMUM, 4)),
        ("-x", NamedUnary(UnaryOp.NEGATE)),
        ("-3", NamedUnary(UnaryOp.CONSTANT, -3)),
        ("x == 'it\\'s \"b\"'", NamedUnary(UnaryOp.EQ, 'it\'s "b"')),
        ('x == "\\u00e9\\n"', NamedUnary(UnaryOp.EQ, "é\n")),
        ("x // .5", NamedUnary(UnaryOp.FLOOR_DIVIDE, 0.5)),
        ("x < 1e-3", NamedUnary(UnaryOp.LT, 0.001)),
        ("x == (1, ('a',), ())", NamedUnary(UnaryOp.EQ, (1, ("a",), ()))),
        ("{}", UnaryTable(())),
        ("{1: None, _: 2, 'a': (1, 2),}", UnaryTable(((1, None), ("a", (1, 2))), 2)),
        ("{\n  0: 1,  # zero\n  1: 0,\n}", UnaryTable(((0, 1), (1, 0)))),
    ],
)
def test_functions_may_be_written_in_several_ways(text: str, function: UnaryFunction) -> None:
    assert unary(text) == function


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("abs(x - y)", NamedBinary(BinaryOp.DISTANCE)),
        ("(x, y)", NamedBinary(BinaryOp.PAIR)),
        ("y // x", None),
        ("{(0, 1): 2, _: None}", BinaryTable((((0, 1), 2),))),
    ],
)
def test_functions_of_two_variables(text: str, function: NamedBinary | BinaryTable | None) -> None:
    source = f"v1 = sequence_map(tokens, indices, {text})\nreturn v1"
    if function is None:
        with pytest.raises(RaspSyntaxError, match="expected a table or one of"):
            parse(source)
        return
    line = parse(source).lines[0]
    assert isinstance(line, SequenceMap)
    assert line.function == function


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("<=", NamedPredicate(Comparison.LE)),
        ("k < q", NamedPredicate(Comparison.LT)),
        ("q < k", NamedPredicate(Comparison.GT)),
        ("k == q - 2", NamedPredicate(Comparison.EQ, offset=-2)),
        ("q <= k + 2", NamedPredicate(Comparison.GE, offset=-2)),
        ("k == q + 0", NamedPredicate(Comparison.EQ)),
        ("k != 'a'", NamedPredicate(Comparison.NE, Side.KEY_ALONE, "a")),
        ("q >= -1", NamedPredicate(Comparison.GE, Side.QUERY_ALONE, -1)),
        ("table {}", PredicateTable(())),
        ("table {(0, 'a'), (1, 'b')}", PredicateTable(((0, "a"), (1, "b")))),
    ],
)
def test_predicates_may_be_written_in_several_ways(text: str, predicate: Predicate) -> None:
    line = parse(f"s = select(indices, tokens, {text})\nw = selector_width(s)\nreturn w").lines[0]
    assert isinstance(line, Select)
    assert line.predicate == predicate


@pytest.mark.parametrize("encoding", ["", ", categorical"])
def test_an_aggregate_may_state_the_encoding_of_its_values(encoding: str) -> None:
    program = parse(f"s = select(tokens, tokens, ==)\na = aggregate(s, tokens{encoding})\nreturn a")
    assert program.lines[1] == Aggregate(0, TOKENS)


@pytest.mark.parametrize("name", ["v", "_", "x", "k", "q", "not", "abs", "causal", "V1_a", "vocab", "lambda"])
def test_lines_may_have_any_name_that_is_no_keyword(name: str) -> None:
    assert parse(f"{name} = map(tokens, x)\nreturn {name}").names == (name,)


@pytest.mark.parametrize("name", [*sorted(KEYWORDS), "", "1a", "a b", "é", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ProgramError, match="as the name of a line"):
        Program((Map(-2, NamedUnary(UnaryOp.IDENTITY)),), 0, (name,))


# -- bad texts -----------------------------------------------------------------------------------------

START = "v1 = select(tokens, indices, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x == 1, numerical)\n"

BAD_TEXTS = [
    "",
    "\n\n  # nothing\n",
    "return tokens",
    "return v1",
    "v1 = map(tokens, x)",
    "v1 = map(tokens, x)\nreturn v1 v1",
    "v1 = map(tokens, x)\nreturn v1\nv2 = map(tokens, x)",
    "v1 = map(tokens, x) v2 = map(tokens, x)\nreturn v1",
    "v1 map(tokens, x)\nreturn v1",
    "v1 == map(tokens, x)\nreturn v1",
    "1 = map(tokens, x)\nreturn v1",
    "map = map(tokens, x)\nreturn map",
    "v1 = map(tokens, x)\nv1 = map(tokens, x)\nreturn v1",
    "v1 = apply(tokens, x)\nreturn v1",
    "v1 = map tokens, x\nreturn v1",
    "v1 = map(v1, x)\nreturn v1",
    "v1 = map(length, x)\nreturn v1",
    "v1 = map(tokens)\nreturn v1",
    "v1 = map(tokens, x, integral)\nreturn v1",
    "v1 = map(tokens, x, numerical, numerical)\nreturn v1",
    "v1 = map(tokens, x\nreturn v1",
    "v1 = map(tokens, y)\nreturn v1",
    "v1 = map(tokens, x ^ 2)\nreturn v1",
    "v1 = map(tokens, x + 1 + 2)\nreturn v1",
    "v1 = map(tokens, 1 + 2)\nreturn v1",
    "v1 = map(tokens, x == None)\nreturn v1",
    "v1 = map(tokens, None)\nreturn v1",
    "v1 = map(tokens, x @ 2)\nreturn v1",
    "v1 = map(tokens, pow(x, 2))\nreturn v1",
    "v1 = map(tokens, min(x))\nreturn v1",
    "v1 = map(tokens, lambda x: x)\nreturn v1",
    "v1 = map(tokens, __import__('os'))\nreturn v1",
    "v1 = map(tokens, {1})\nreturn v1",
    "v1 = map(tokens, {1: 2 3: 4})\nreturn v1",
    "v1 = map(tokens, {1: 2, True: 3})\nreturn v1",
    "v1 = map(tokens, {None: 2})\nreturn v1",
    "v1 = map(tokens, {(1, None): 2})\nreturn v1",
    "v1 = map(tokens, {[1]: 2})\nreturn v1",
    "v1 = map(tokens, {1: 2\nreturn v1",
    'v1 = map(tokens, x == "a)\nreturn v1',
    'v1 = map(tokens, x == "\\q")\nreturn v1',
    'v1 = map(tokens, x == "\\ud800")\nreturn v1',
    "v1 = map(tokens, x == 1e999)\nreturn v1",
    f"v1 = map(tokens, x == {'9' * 60})\nreturn v1",
    f"v1 = select(tokens, tokens, k == {'9' * 60})\nv2 = selector_width(v1)\nreturn v2",
    f"v1 = map(tokens, x == {'(' * 30}{')' * 30})\nreturn v1",
    "v1 = map(tokens, x == - -1)\nreturn v1",
    "v1 = sequence_map(tokens, indices, x + 1)\nreturn v1",
    "v1 = sequence_map(tokens, indices, {1: 2})\nreturn v1",
    "v1 = sequence_map(tokens, x + y)\nreturn v1",
    "v1 = select(tokens, indices, =)\nreturn v1",
    "v1 = select(tokens, indices, k + 1 == q)\nv2 = selector_width(v1)\nreturn v2",
    "v1 = select(tokens, indices, k == q + 1.5)\nv2 = selector_width(v1)\nreturn v2",
    "v1 = select(tokens, indices, k == None)\nv2 = selector_width(v1)\nreturn v2",
    "v1 = select(tokens, indices, table {(1, 2), (1, 2)})\nv2 = selector_width(v1)\nreturn v2",
    "v1 = select(tokens, indices, table {1})\nv2 = selector_width(v1)\nreturn v2",
    "v1 = select(tokens, indices, ==)\nreturn v1",
    START + "v4 = map(v1, x)\nreturn v4",
    START + "v4 = aggregate(v2, tokens)\nreturn v4",
    START + "v4 = aggregate(tokens, tokens)\nreturn v4",
    START + "v4 = aggregate(v1, v1)\nreturn v4",
    START + "v4 = aggregate(v1, v3, categorical)\nreturn v4",
    START + "v4 = aggregate(v1, tokens, numerical)\nreturn v4",
    START + "v4 = selector_width(v3)\nreturn v4",
    START + "v4 = select(v3, tokens, ==)\nreturn v4",
    START + "v4 = sequence_map(v3, v2, x + y)\nreturn v4",
    START + "v4 = linear_sequence_map(v3, v2, 1, 2)\nreturn v4",
    START + 'v4 = linear_sequence_map(v3, v3, "1", 2)\nreturn v4',
    START + "v4 = linear_sequence_map(v3, v3, 1)\nreturn v4",
    "v1 = map(tokens, x)\nreturn v1\n\x00",
    "v1 = map(tokens, x)\nreturn v¹",
]


def refusal(text: str) -> str:
    with pytest.raises(BadInputError) as caught:
        parse(text)
    return f"{type(caught.value).__name__}: {caught.value}"


def shown(text: str) -> str:
    rows = "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text).split("\n")
    return "\n".join(f"  | {row[:76]}".rstrip() for row in rows)


def test_bad_texts_are_refused_where_they_are_wrong(golden: Golden) -> None:
    golden("bad_texts.txt", "\n".join(f"{shown(text)}\n{refusal(text)}\n" for text in BAD_TEXTS))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("# signature: vocab=[] max_seq_len=3", "expected at least one token in the vocabulary"),
        ("# signature: vocab=[a, a] max_seq_len=3", "names a token twice"),
        ("# signature: vocab=[a] max_seq_len=0", "expected max_seq_len of at least 1, got 0"),
        ("# signature: vocab=[a] max_seq_len=True", "expected a whole number as max_seq_len"),
        ("# signature: vocab=[a] max_seq_len=2.5", "expected a whole number as max_seq_len"),
        ("# signature: vocab=[compiler_bos] max_seq_len=2", "reserved"),
        ("# signature: vocab=[a b] max_seq_len=2", r"line 1, column 23: expected ',', got 'b'"),
        ("# signature: vocab=a max_seq_len=2", r"line 1, column 20: expected '\['"),
        ("# signature: vocab=[a] max_seq_len=2 causal causal", "expected the end of the signature"),
        ("# signature: vocab=[a]", "line 1, column 23: expected 'max_seq_len'"),
    ],
)
def test_bad_signatures_are_refused(header: str, message: str) -> None:
    with pytest.raises(RaspSyntaxError, match=message):
        parse_source(f"{header}\nv1 = map(tokens, x)\nreturn v1")


def test_a_bad_signature_further_down_is_found_there() -> None:
    with pytest.raises(RaspSyntaxError, match=r"line 3, column 20: expected '\['"):
        parse_source("# first\n\n# signature: vocab=a max_seq_len=2\nv1 = map(tokens, x)\nreturn v1")


def test_long_texts_are_refused_before_they_are_read() -> None:
    with pytest.raises(RaspSyntaxError, match=f"expected at most {MAX_CHARACTERS} characters"):
        parse(" " * (MAX_CHARACTERS + 1))


def test_many_lines_are_refused() -> None:
    rows = [f"v{i} = map(tokens, x)" for i in range(10_001)]
    with pytest.raises(ProgramError, match="expected at most 10000 lines, got 10001"):
        Program(parse("\n".join(rows[:1]) + "\nreturn v0").lines * 10_001, 0)
