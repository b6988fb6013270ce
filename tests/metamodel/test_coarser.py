"""Readers read what the model's half-layers write, and right programs stay as they are."""

from __future__ import annotations

import pytest

from inverse_tracr.metamodel.coarser import coarser
from inverse_tracr.rasp import Program, Signature, parse
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import Preset, sample_program
from tests.metamodel.written_states import model_of, seen

LETTERS = Signature(("a", "b", "c", "d"), 5)

CASES = {
    "a map before a select": (
        """v1 = map(tokens, x > "b")
v2 = select(v1, indices, table {(True, 0), (False, 1), (False, 2), (False, 3), (False, 4)})
v3 = selector_width(v2)
return v3""",
        """v1 = map(tokens, x > "b")
v2 = map(indices, x < 1)
v3 = select(v1, v2, ==)
v4 = selector_width(v3)
return v4""",
    ),
    "one map for two": (
        """v1 = map(tokens, {"a": 0, "b": 1, "c": 2, "d": 3})
v2 = sequence_map(indices, v1, {(0, 0): 0, (0, 1): 1, (0, 2): 0, (0, 3): 1, (1, 0): 0, (1, 1): 0, (1, 2): 0,
    (1, 3): 0, (2, 0): 0, (2, 1): 2, (2, 2): 0, (2, 3): 2, (3, 0): 0, (3, 1): 3, (3, 2): 0, (3, 3): 3,
    (4, 0): 0, (4, 1): 4, (4, 2): 0, (4, 3): 4})
v3 = sequence_map(v2, v1, {(0, 0): 0, (0, 1): 0, (0, 2): 1, (0, 3): 1, (1, 0): 1, (1, 1): 1, (1, 2): 2,
    (1, 3): 2, (2, 0): 2, (2, 1): 2, (2, 2): 3, (2, 3): 3, (3, 0): 3, (3, 1): 3, (3, 2): 4, (3, 3): 4,
    (4, 0): 4, (4, 1): 4, (4, 2): 5, (4, 3): 5})
return v3""",
        """v1 = map(tokens, {"a": 0, "b": 1, "c": 0, "d": 1})
v2 = map(tokens, x > "b")
v3 = sequence_map(indices, v1, {(0, 0): 0, (0, 1): 1, (1, 0): 0, (1, 1): 0, (2, 0): 0, (2, 1): 2,
    (3, 0): 0, (3, 1): 3, (4, 0): 0, (4, 1): 4})
v4 = sequence_map(v3, v2, x + y)
return v4""",
    ),
}


def after(written: Program, true: Program, signature: Signature) -> Program:
    """The canonical form of a program, made coarser by a model of another."""
    state, moves = seen(written, signature, model_of(true, signature))
    found = state.program()
    assert found is not None
    return canonical(coarser(found, state, moves)[0], signature)


@pytest.mark.parametrize("case", CASES)
def test_readers_read_the_maps_of_the_model(case: str) -> None:
    written, true = map(parse, CASES[case])
    wanted = canonical(true, LETTERS)
    assert canonical(written, LETTERS) != wanted
    found = after(written, true, LETTERS)
    assert [type(line) for line in found.lines] == [type(line) for line in wanted.lines]
    assert len(found.lines) > len(canonical(written, LETTERS).lines)


@pytest.mark.parametrize("item", range(2))
def test_a_right_program_stays_as_it_is(item: int) -> None:
    sample = sample_program(Preset.SOUND, 4_321, item)
    found = after(sample.program, sample.program, sample.signature)
    assert found == canonical(sample.program, sample.signature)
