"""Programs in words that are easier to read."""

from __future__ import annotations

import pytest

from inverse_tracr.rasp import Signature, parse, print_program
from inverse_tracr.rasp.interpreter import evaluate
from inverse_tracr.rasp.readable import with_short_thresholds

LETTERS = Signature(("a", "b"), 6)
SHARES = """v1 = map(tokens, x == "a", numerical)
v2 = select(indices, indices, <=)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x {compared})
return v4
"""


@pytest.mark.parametrize(
    ("compared", "short"),
    [
        ("> 0.3333333333333333", "> 0.37"),
        ("<= 0.3333333333333333", "<= 0.37"),
        ("< 0.6666666666666666", "< 0.63"),
        (">= 0.6666666666666666", ">= 0.63"),
        ("> 0.5", "> 0.5"),
        ("== 0.3333333333333333", "== 0.3333333333333333"),
        ("> 1.0000000000000002", "> 1.0000000000000002"),
    ],
)
def test_long_thresholds_are_made_short(compared: str, short: str) -> None:
    program = parse(SHARES.format(compared=compared))
    found = with_short_thresholds(program, LETTERS)
    assert print_program(found, LETTERS).splitlines()[-2] == f"v4 = map(v3, x {short})"
    for tokens in ("a", "ab", "bba", "abab", "babba", "bbbbba", "abaaab"):
        assert evaluate(found, LETTERS, list(tokens)) == evaluate(program, LETTERS, list(tokens))
