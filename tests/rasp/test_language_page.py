"""docs/language.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.functions import BinaryOp, Comparison, UnaryOp
from inverse_tracr.rasp.interpreter import evaluate
from inverse_tracr.rasp.parser import parse, parse_source
from inverse_tracr.rasp.printer import print_program
from inverse_tracr.rasp.program import KEYWORDS, MAX_LINES
from inverse_tracr.rasp.thesis_view import thesis_rows
from inverse_tracr.rasp.tokens import CODEBOOK, tokenise
from inverse_tracr.rasp.tokens.codebook import Group

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", blocks("rasp"))
def test_its_programs_run(text: str) -> None:
    source = parse_source(text)
    assert source.signature is not None
    assert evaluate(source.program, source.signature, [source.signature.vocab[0]] * 3)
    body = [row for row in text.splitlines() if not row.startswith("#")]
    assert print_program(source.program).splitlines() == body


def test_it_names_every_primitive() -> None:
    written = set(re.findall(r"`([^`\n]+)`", PAGE))
    for op in (*UnaryOp, *BinaryOp, *Comparison):
        assert op.value in written, op
    assert set(KEYWORDS) <= set(re.findall(r"\w+", PAGE))


@pytest.mark.parametrize("block", blocks("tokens"))
def test_its_tokens_are_those_of_its_program(block: str) -> None:
    text, written = block.split("---\n")
    source = parse_source(text)
    assert source.signature is not None
    names = [name for row in written.strip().splitlines() for name in row.split(" | ")]
    assert CODEBOOK.describe(tokenise(source.program, source.signature)) == names


def test_its_counts_of_tokens_are_right() -> None:
    sizes = {group: CODEBOOK.blocks[group].size for group in Group}
    predicates = [sizes[g] for g in (Group.COMPARE, Group.SHIFTED, Group.KEY, Group.QUERY)]
    assert f"| predicate | {' + '.join(map(str, predicates))} |" in PAGE
    assert f"| unary, binary | {sizes[Group.UNARY]}, {sizes[Group.BINARY]} |" in PAGE
    assert f"| spelling, character | {sizes[Group.SPELLING]}, {sizes[Group.CHARACTER]} |" in PAGE
    singles = (Group.SPECIAL, Group.STATEMENT, Group.REFERENCE, Group.FORM, Group.POSITION, Group.INTEGER)
    for group in (*singles, Group.VOCABULARY, Group.LITERAL, Group.BITS):
        assert f"| {group.value} | {sizes[group]} |" in PAGE
    assert sizes[Group.REFERENCE] == 2 + 64
    assert MAX_LINES > 64


def test_its_view_is_that_of_a_program() -> None:
    text = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x > 2)\nreturn v3"
    rows = [
        "  ".join(f"{cell:<{w}}" for cell, w in zip(r.cells, WIDTHS, strict=True))
        for r in thesis_rows(parse(text))
    ]
    for row in rows:
        assert row.rstrip() in PAGE


WIDTHS = (13, 8, 7, 7, 2)


def test_a_canonical_program_needs_no_literals() -> None:
    source = parse_source(blocks("rasp")[0])
    assert source.signature is not None
    program = canonical(source.program, source.signature)
    groups = [CODEBOOK.group(t) for t in tokenise(program, source.signature)]
    assert groups.count(Group.SPELLING) == 3  # the words that the program gives out
