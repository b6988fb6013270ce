"""Tokens write programs without loss, and whatever the grammar allows is a program that runs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.interpreter import Trace
from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import TOKENS, Map, Program, ProgramError
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tokens import CODEBOOK, CODEBOOK_VERSION, Grammar, TokenError, detokenise, tokenise
from inverse_tracr.rasp.tokens.codebook import Group
from inverse_tracr.rasp.value_sets import ValueSets
from tests.conftest import Golden
from tests.strategies import odd_signatures, programs, signed_programs

ABC = Signature(("a", "b", "c"), 5)

SIGNATURES = (
    ABC,
    Signature((1, 2, 5), 4, True),
    Signature((True, "x", 2.5, (1, "é")), 3),
    Signature(("",), 1),
    Signature(tuple(range(140)), 2),
)

STARTS = np.array([block.start for block in CODEBOOK.blocks.values()])


def walk(signature: Signature, seed: int, *, literals: bool, lines: int = 8) -> tuple[Program, list[int]]:
    """A program from tokens drawn among those that are allowed: first the group, evenly, then the token."""
    random = np.random.default_rng(seed)
    grammar = Grammar(signature, max_lines=lines, max_pairs=2_000, literals=literals)
    tokens: list[int] = []
    while not grammar.complete:
        allowed = grammar.allowed().nonzero()[0]
        assert len(allowed), f"dead end after {CODEBOOK.describe(tokens)[-10:]}"
        groups = np.searchsorted(STARTS, allowed, side="right")
        drawn = allowed[groups == random.choice(np.unique(groups))]
        tokens.append(int(drawn[random.integers(len(drawn))]))
        grammar.advance(tokens[-1])
    return grammar.program(), tokens


def run(program: Program, signature: Signature) -> None:
    vocab, length = len(signature.vocab), signature.max_seq_len
    inputs = np.arange(2 * length).reshape(2, length) % vocab
    Trace(program, signature, inputs).output.decode()


# -- laws ------------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=2, most=8))
def test_there_and_back(signed: tuple[Program, Signature]) -> None:
    program, signature = signed
    assert detokenise(tokenise(program, signature), signature) == program


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(programs(), odd_signatures())
def test_any_functions_and_values_there_and_back(program: Program, signature: Signature) -> None:
    try:
        tokens = tokenise(program, signature)
    except ProgramError:
        assume(False)
        return
    assert detokenise(tokens, signature) == program


@pytest.mark.parametrize("signature", SIGNATURES, ids=range(len(SIGNATURES)))
@pytest.mark.parametrize("literals", [True, False])
def test_random_walks_end_in_programs_that_run(signature: Signature, literals: bool) -> None:
    for seed in range(10):
        program, _ = walk(signature, seed, literals=literals)
        assert parse(str(program)) == program
        ValueSets(program, signature)
        run(program, signature)
        assert detokenise(tokenise(program, signature), signature) == program


@pytest.mark.parametrize("signature", SIGNATURES, ids=range(len(SIGNATURES)))
def test_without_literals_a_program_has_one_sequence(signature: Signature) -> None:
    for seed in range(10, 20):
        program, tokens = walk(signature, seed, literals=False)
        assert tokenise(program, signature) == tuple(tokens)


def test_walks_use_every_group_of_tokens() -> None:
    seen: Counter[Group] = Counter()
    for seed in range(20):
        for signature in (SIGNATURES[0], SIGNATURES[2]):
            seen.update(CODEBOOK.group(t) for t in walk(signature, seed, literals=True)[1])
    assert set(seen) == set(Group) - {Group.SPECIAL}


def test_a_copy_of_the_grammar_grows_apart() -> None:
    tokens = walk(ABC, 3, literals=True)[1]
    for cut in range(len(tokens)):
        grammar = Grammar(ABC)
        for token in tokens[:cut]:
            grammar.advance(token)
        before = grammar.allowed().copy()
        twin = grammar.copy()
        for token in tokens[cut:]:
            twin.advance(token)
        assert twin.complete
        assert not grammar.complete
        assert (grammar.allowed() == before).all()
        for token in tokens[cut:]:
            grammar.advance(token)
        assert grammar.program() == twin.program()


def test_a_huge_factor_of_zeros_is_a_factor() -> None:
    text = "a = map(tokens, 0, numerical)\nb = linear_sequence_map(a, a, 0, 8.98846567431158e+307)\nreturn b"
    assert detokenise(tokenise(parse(text), ABC), ABC) == parse(text)


# -- what tokens look like -------------------------------------------------------------------------


def body(text: str, signature: Signature = ABC) -> list[str]:
    """Names of the tokens of a program, without those of its return."""
    program = parse(text if "return" in text else f"{text}\nreturn v1")
    tokens = tokenise(program, signature)
    assert detokenise(tokens, signature) == program
    return CODEBOOK.describe(tokens)[:-2]


@pytest.mark.parametrize(
    ("function", "tokens"),
    [
        ("indices, x < 3", ["unary x < c", "value 3"]),
        ("indices, x + 3", ["unary x + c", "integer 3"]),
        ('tokens, x == "b"', ["unary x == c", "value 1"]),
        ('indices, "b"', ["unary c", "vocabulary 1"]),
        ("indices, x > 7", ["unary x > c", "integer 7"]),
        ("indices, not x", ["unary not x"]),
        (
            'tokens, {"a": 1, "b": None, "c": "c"}',
            ["form table of all values", "integer 1", "form None", "vocabulary 2"],
        ),
        (
            'tokens, {"b": 1, _: 0}',
            ["form table of entries", "value 1", "integer 1", "form default", "integer 0"],
        ),
    ],
)
def test_functions_are_short(function: str, tokens: list[str]) -> None:
    assert body(f"v1 = map({function})")[2:] == tokens


BITS = "0000 1000|0000 0000|0100 0000|0000 0000|0000 0000".replace("|", " ").split()


@pytest.mark.parametrize(
    ("predicate", "tokens"),
    [
        ("==", ["predicate k == q"]),
        ("True", ["predicate True"]),
        ("k == q - 1", ["predicate of a shifted query k == q + c", "integer -1"]),
        ("k > 2", ["predicate of the key k > c", "value 2"]),
        ("q != 9", ["predicate of the query q != c", "integer 9"]),
        ("table {(4, 0), (1, 2)}", ["form table of all values", *(f"bits {bits}" for bits in BITS)]),
        (
            "table {(1, 2), (4, 0)}",
            ["form table of entries", "value 1", "value 2", "value 4", "value 0", "form end"],
        ),
    ],
)
def test_predicates_are_short(predicate: str, tokens: list[str]) -> None:
    text = f"v1 = select(indices, indices, {predicate})\nv2 = selector_width(v1)\nreturn v2"
    assert body(text)[3:-2] == tokens


def bits_of(digits: str) -> str:
    return "|".join(["float", *(f"{int(digit, 16):04b}" for digit in digits)])


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ("256", "number|2|5|6|end"),
        ("-33", "number|-|3|3|end"),
        ("0.5", "ratio|1|2"),
        ("-1.25", "ratio|-5|4"),
        ("3.47", "number|3|.|4|7|end"),
        ("1e22", "number|1" + "|0" * 22 + "|end"),
        ("1e300", bits_of("7e37e43c8800759c")),
        ("0.1234567890123456", bits_of("3fbf9add3746f659")),
        ('"ab"', "string|a|b|end"),
        ('"é"', "string|escape|0000|0000|0000|0000|1110|1001|end"),
        ('""', "string|end"),
        ('(1, "b", 300)', "number|3|0|0|end|tuple|1|1|0|end"),
        ("(1, (2,), ())", "tuple|2|end|tuple|end|tuple|1|0|1|end"),
    ],
)
def test_literals_are_spelled_once_before_the_lines(value: str, spelling: str) -> None:
    lines = (f"v1 = map(indices, {value})", f"v2 = map(v1, x == {value})", f"v3 = map(tokens, {value})")
    found = body("\n".join((*lines, "return v3")))
    names = [name.split(" ", 1)[1] for name in found]
    assert "|".join(names[: spelling.count("|") + 1]) == spelling
    assert found.count("statement map") == 3


def test_equal_programs_have_equal_tokens() -> None:
    first = parse("v1 = map(indices, {0: True, 1: 0.0, 2: 1, 3: 2, 4: False})\nreturn v1")
    second = parse("out = map(indices, {False: 1, 1.0: 0, 2: True, 3: 2.0, 4: -0.0})\nreturn out")
    assert first == second
    assert tokenise(first, ABC) == tokenise(second, ABC)


def test_value_sets_that_are_known_are_used() -> None:
    program = parse("v1 = map(tokens, x)\nreturn v1")
    assert tokenise(program, ABC, values=ValueSets(program, ABC)) == tokenise(program, ABC)


# -- refusals --------------------------------------------------------------------------------------


def test_programs_that_tokens_cannot_write_are_refused() -> None:
    many = "\n".join(f"v{i} = map(indices, x + {i})" for i in range(65)) + "\nreturn v0"
    with pytest.raises(TokenError, match="too many lines; expected at most 64, got 65"):
        tokenise(parse(many), ABC)
    entries = tuple((i, f"w{i}") for i in range(257))
    with pytest.raises(TokenError, match="too many different literals; expected at most 256"):
        tokenise(Program((Map(TOKENS, UnaryTable(entries)),), 0), Signature(tuple(range(257)), 2))
    with pytest.raises(TokenError, match="a string is too long"):
        tokenise(Program((Map(TOKENS, UnaryTable((), "x" * 1_001)),), 0), ABC)
    with pytest.raises(TokenError, match="a tuple is too long"):
        tokenise(Program((Map(TOKENS, UnaryTable((), (1,) * 1_001)),), 0), ABC)
    wide = parse("v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2")
    with pytest.raises(CapExceededError, match=r"line 1 \(v1\): the select compares too many pairs"):
        tokenise(wide, Signature(tuple(range(1_001)), 2))


IDENTITY = ["statement map", "reference tokens", "unary x"]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([], "the program ends before its return"),
        (["statement return"], r"token 0 \(statement return\): not allowed here"),
        (["statement map"], "the program ends before its return"),
        (["special PAD"], r"expected a statement or spelling, got a special"),
        (
            ["statement map", "reference line 1"],
            r"token 1 \(reference line 1\): not allowed here; expected a ref",
        ),
        ([*IDENTITY, "statement return", "reference tokens"], "token 4"),
        (
            [
                *[
                    "statement map",
                    "reference tokens",
                    "unary x",
                    "statement return",
                    "reference line 1",
                    "unary x",
                ]
            ],
            "expected nothing: the program is complete",
        ),
    ],
)
def test_tokens_that_write_no_program_are_refused(tokens: list[str], message: str) -> None:
    with pytest.raises(TokenError, match=message):
        detokenise([CODEBOOK.names.index(name) for name in tokens], ABC)


@pytest.mark.parametrize("token", [-1, len(CODEBOOK)])
def test_ids_outside_the_codebook_are_refused(token: int) -> None:
    with pytest.raises(TokenError, match="expected an id from 0 to"):
        Grammar(ABC).advance(token)


def test_limits_of_the_grammar_are_checked() -> None:
    with pytest.raises(TokenError, match="expected 1 to 64, got 65"):
        Grammar(ABC, max_lines=65)
    with pytest.raises(TokenError, match="expected at least 1, got 0"):
        Grammar(ABC, max_pairs=0)


@pytest.mark.parametrize("lines", [1, 2])
def test_the_last_line_can_be_returned(lines: int) -> None:
    for seed in range(30):
        program, _ = walk(ABC, seed, literals=False, lines=lines)
        assert len(program) <= lines


def test_a_numerical_map_gives_numbers_only() -> None:
    strings = Signature(("", "a", "bb"), 3)
    grammar = Grammar(strings)
    for name in ("statement map numerical", "reference tokens"):
        grammar.advance(CODEBOOK.names.index(name))
    allowed = {name for name, ok in zip(CODEBOOK.names, grammar.allowed(), strict=True) if ok}
    assert "unary x == c" in allowed
    assert "unary not x" in allowed
    assert "unary x + c" in allowed
    assert "unary x" not in allowed
    assert "unary x and c" not in allowed
    grammar.advance(CODEBOOK.names.index("unary x + c"))
    after = {name for name, ok in zip(CODEBOOK.names, grammar.allowed(), strict=True) if ok}
    assert "integer 3" in after
    assert "vocabulary 0" not in after


# -- the codebook ----------------------------------------------------------------------------------


def test_the_codebook_does_not_change(golden: Golden) -> None:
    rows = [f"version {CODEBOOK_VERSION}, {len(CODEBOOK)} tokens, sha256 {CODEBOOK.digest}"]
    for group, block in CODEBOOK.blocks.items():
        names = [CODEBOOK.names[block.start + i].removeprefix(f"{group.value} ") for i in range(block.size)]
        shown = names if block.size <= 30 else [*names[:3], "...", *names[-2:]]
        rows.append(f"{block.start:4} {group.value}: {' | '.join(shown)}")
    golden("codebook.txt", "\n".join(rows) + "\n")


def test_names_of_tokens_are_distinct() -> None:
    assert len(set(CODEBOOK.names)) == len(CODEBOOK)
    for token in range(len(CODEBOOK)):
        assert CODEBOOK.id(CODEBOOK.group(token), CODEBOOK.index(token)) == token
