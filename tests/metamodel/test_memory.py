"""What is remembered of a half-layer is what would be measured anew."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.metamodel.fillings import fillings
from inverse_tracr.metamodel.memory import Memory
from inverse_tracr.metamodel.operands import next_operands
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.metamodel.state import State, begin
from inverse_tracr.metamodel.view import view
from inverse_tracr.rasp import Signature, parse
from inverse_tracr.rasp.functions import NamedUnary, UnaryOp
from inverse_tracr.rasp.program import INDICES, TOKENS, Map
from tests.metamodel.written_states import model_of

LETTERS = Signature(("a", "b", "c"), 5)
PROGRAM = (
    'v1 = map(tokens, x == "a")\nv2 = map(indices, x > 1)\nv3 = select(v1, v1, ==)\n'
    "v4 = aggregate(v3, v2)\nreturn v4\n"
)


def states() -> list[State]:
    """At the first MLP: nothing written, and one line or the other."""
    program = parse(PROGRAM)
    state = begin(LETTERS, view(model_of(program, LETTERS), draw_sites(LETTERS, key=0))).advanced()
    first = Map(TOKENS, NamedUnary(UnaryOp.EQ, "a"))
    second = Map(INDICES, NamedUnary(UnaryOp.GT, 1))
    return [state, state.with_line(first), state.with_line(second)]


@pytest.mark.parametrize("attention", [False, True])
def test_a_memory_says_what_would_be_measured(attention: bool) -> None:
    memory = Memory()
    for state in [s.advanced() if attention else s for s in states()] * 2:
        found, anew = next_operands(state, memory), next_operands(state, Memory())
        np.testing.assert_array_equal(found.features, anew.features)
        for pair in anew.pairs[:6]:
            lines, again = fillings(state, pair, memory), fillings(state, pair, Memory())
            np.testing.assert_array_equal(lines.features, again.features)
            assert lines.lines == again.lines
            assert lines.heads == again.heads


def test_lines_written_here_are_told_apart() -> None:
    """What is left to explain is another after each of the lines."""
    memory = Memory()
    features = [next_operands(state, memory).features for state in states()]
    assert not np.array_equal(features[0], features[1])
    assert not np.array_equal(features[1], features[2])
