"""Texts changed at random parse or are refused with a typed error: benchmarks/fuzz_text.py makes more."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_text import TEXTS, changed_text, fuzz, read
from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.parser import parse

CHUNKS = 4


@pytest.mark.parametrize("seed", range(CHUNKS))
def test_two_thousand_changed_texts(seed: int) -> None:
    outcome = fuzz(2_000 // CHUNKS, seed)
    assert outcome.unexpected == []
    assert outcome.parsed > 20
    assert outcome.refused["RaspSyntaxError"] > 20


def test_the_texts_are_good_before_they_are_changed() -> None:
    for text in TEXTS:
        read(text)


def test_a_number_makes_the_same_text_again() -> None:
    assert changed_text(0, 7) == changed_text(0, 7) != changed_text(0, 8)


@pytest.mark.parametrize("bracket", ["(", "{", "[", "((", "(1, ", "{(", "not ", "-", "{1: (", "'", '"', "\\"])
def test_deep_nesting_is_refused_without_recursion(bracket: str) -> None:
    with pytest.raises(BadInputError):
        parse(f"v1 = map(tokens, {bracket * 1_000}")


@pytest.mark.parametrize("tail", ["", ")", "\nreturn v1", "}" * 1_000])
def test_a_huge_table_is_read_or_refused(tail: str) -> None:
    entries = ", ".join(f"{i}: {i}" for i in range(200))
    with pytest.raises(BadInputError):
        parse(f"v1 = map(tokens, {{{entries}{tail}")
