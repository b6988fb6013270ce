"""Programs as a network may write them become what parameters say, and right ones stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.metamodel.heads import own_heads
from inverse_tracr.metamodel.revise import revised
from inverse_tracr.metamodel.revise.answers import completed_sequence_map
from inverse_tracr.metamodel.revise.streams import Streams
from inverse_tracr.rasp import Program, Signature, parse
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.program import SequenceMap
from inverse_tracr.sample import Preset, sample_program
from tests.metamodel.written_states import model_of, seen

LETTERS = Signature(("a", "b", "c"), 6)
CAUSAL = Signature(("a", "b", "c"), 6, causal=True)


def after_revision(written: str, true: str, signature: Signature) -> tuple[Program, Program, Program]:
    """Canonical forms of a program as written, as revised by the model of a true one, and of that one."""
    right = parse(true)
    model = model_of(right, signature)
    state, moves = seen(parse(written), signature, model)
    found = state.program()
    assert found is not None
    forms = (found, revised(found, state, moves)[0], right)
    before, after, wanted = (canonical(form, signature) for form in forms)
    return before, after, wanted


CASES = {
    "a predicate of keys that no query sees": (
        "v1 = select(indices, indices, !=)\nv2 = selector_width(v1)\nreturn v2",
        "v1 = select(indices, indices, <)\nv2 = selector_width(v1)\nreturn v2",
        CAUSAL,
    ),
    "a table of values that do not meet": (
        """v1 = map(indices, x > 2)
v2 = sequence_map(indices, v1, {(0, 0): 1, (1, 0): 0, (2, 0): 0, (3, 1): 0, (4, 1): 0, (5, 1): 0,
    (0, 1): 1, (1, 1): 0, (2, 1): 0, (3, 0): 0, (4, 0): 0, (5, 0): 1})
return v2""",
        "v1 = map(indices, x > 2)\nv2 = sequence_map(indices, v1, x == y)\nreturn v2",
        LETTERS,
    ),
    "a map of means that do not occur": (
        """v1 = map(tokens, x == "a", numerical)
v2 = select(indices, indices, ==)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x != 0)
return v4""",
        """v1 = map(tokens, x == "a", numerical)
v2 = select(indices, indices, ==)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x == 1)
return v4""",
        LETTERS,
    ),
    "classes that are written as one": (
        """v1 = map(tokens, {"a": 0, "b": 1, "c": 2})
v2 = select(v1, tokens, table {(0, "b"), (1, "a"), (2, "a"), (1, "c"), (2, "c")})
v3 = selector_width(v2)
return v3""",
        """v1 = map(tokens, {"a": 0, "b": 1, "c": 1})
v2 = select(v1, tokens, table {(0, "b"), (1, "a"), (1, "c")})
v3 = selector_width(v2)
return v3""",
        LETTERS,
    ),
    "means of zeros": (
        """v1 = map(tokens, x != "a", numerical)
v2 = select(tokens, tokens, True)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x < 0.5)
return v4""",
        """v1 = map(tokens, x == "a", numerical)
v2 = select(tokens, tokens, True)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x > 0.5)
return v4""",
        LETTERS,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_parameters_say_what_inputs_do_not(case: str) -> None:
    before, after, wanted = after_revision(*CASES[case])
    assert before != wanted
    assert after == wanted


@pytest.mark.parametrize("item", range(12))
def test_a_right_program_stays_as_it_is(item: int) -> None:
    sample = sample_program(Preset.SOUND, 4_321, item)
    model = model_of(sample.program, sample.signature)
    state, moves = seen(sample.program, sample.signature, model)
    found = state.program()
    assert found is not None
    assert canonical(revised(found, state, moves)[0], sample.signature) == canonical(found, sample.signature)


def test_a_head_fits_what_it_moves_and_nothing_else() -> None:
    program = parse(
        """v1 = map(tokens, x == "a")
v2 = select(indices, indices, k == q - 1)
v3 = aggregate(v2, v1)
return v3"""
    )
    model = model_of(program, LETTERS)
    state, moves = seen(program, LETTERS, model)
    moved = next(c for c in state.columns if c.made == 1 and not c.twin)
    tokens, indices = state.columns[:2]
    (head,) = own_heads(state.view, 2, state.selections[0].chosen)
    assert moves.fit(1, head, moved) > 0.999
    assert max(moves.fit(1, head, tokens), moves.fit(1, head, indices), moves.fit(1, head, None)) < 0.9


def test_a_map_of_what_never_has_a_value_is_left() -> None:
    program = parse('v1 = map(tokens, x == "a")\nv2 = sequence_map(v1, indices, x * y)\nreturn v2')
    state, moves = seen(program, LETTERS, model_of(program, LETTERS))
    line = next(line for line in state.lines if isinstance(line, SequenceMap))
    columns = [
        replace(c, values=(), labels=np.zeros_like(c.labels)) if c.ref in (line.first, line.second) else c
        for c in state.columns
    ]
    streams = Streams(replace(state, columns=tuple(columns)), moves)
    assert completed_sequence_map(streams, line, state.columns[-1]) == line
