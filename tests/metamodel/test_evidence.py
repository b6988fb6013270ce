"""What half-layers write, how many parts they have and where lines stand tell right programs from others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.metamodel.depths import MISPLACED, Depths
from inverse_tracr.metamodel.evidence import NO_FIT_COST, PART_COST, Fit, fit, left_here, misfit
from inverse_tracr.metamodel.operands import NONE
from inverse_tracr.rasp import Program, Signature, parse
from inverse_tracr.rasp.program import INDICES, TOKENS
from inverse_tracr.sample import Preset, sample_program
from tests.metamodel.written_states import model_of, seen

LETTERS = Signature(("a", "b", "c", "d"), 5)
BETWEEN = parse('v1 = map(tokens, x > "b")\nv2 = select(v1, v1, ==)\nv3 = selector_width(v2)\nreturn v3')
STRAIGHT = parse(
    'v1 = select(tokens, tokens, table {("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"), '
    '("c", "c"), ("c", "d"), ("d", "c"), ("d", "d")})\nv2 = selector_width(v1)\nreturn v2'
)


def fit_of(program: Program, true: Program, signature: Signature) -> Fit:
    state, moves = seen(true, signature, model_of(true, signature))
    return fit(program, signature, state.view.sites, moves)


@pytest.mark.parametrize("item", range(3))
def test_a_compiled_model_fits_its_program(item: int) -> None:
    sample = sample_program(Preset.SOUND, 4_321, item)
    found = fit_of(sample.program, sample.program, sample.signature)
    assert max(found.left) < 1e-6
    assert (found.heads, found.neurons, found.layers) == (0, 0, 0)


def test_a_map_that_is_missing_is_missed() -> None:
    found = fit_of(STRAIGHT, BETWEEN, LETTERS)
    # The widths stand in the first layer, where the map is.
    assert max(found.left) > 0.9
    assert found.layers == 1
    assert found.neurons == 2


def test_what_does_not_fit_costs_by_its_parts() -> None:
    state, moves = seen(BETWEEN, LETTERS, model_of(BETWEEN, LETTERS))
    sites = state.view.sites
    assert misfit(BETWEEN, LETTERS, sites, moves) < 1e-6
    assert misfit(STRAIGHT, LETTERS, sites, moves) > 3 * PART_COST
    wordless = parse('v1 = map(tokens, {"z": 1})\nreturn v1')
    assert misfit(wordless, LETTERS, sites, moves) == NO_FIT_COST


def test_what_is_left_at_hand_goes_with_the_lines_written() -> None:
    state, moves = seen(BETWEEN, LETTERS, model_of(BETWEEN, LETTERS))
    first = replace(state, half=1, written_here=())
    assert left_here(first, moves) == pytest.approx(1)
    written = tuple(c for c in state.columns if c.made == 1 and not c.twin)
    assert left_here(replace(first, written_here=written), moves) < 1e-6
    assert left_here(replace(first, half=0), moves) == 0


def test_lines_of_other_levels_are_misplaced() -> None:
    state, _ = seen(BETWEEN, LETTERS, model_of(BETWEEN, LETTERS))
    after = replace(state, half=3, lines=state.lines[:1], columns=state.columns[:3], written_here=())
    pairs = ((TOKENS, NONE), (0, NONE), (TOKENS, INDICES), (TOKENS, 0))
    # Of the inputs lines stand a level earlier; a map of a map is one map.
    expected = np.array([MISPLACED, MISPLACED, MISPLACED, 0])
    assert (Depths(after).of_operands(pairs) == expected).all()
