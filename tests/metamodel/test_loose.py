"""Streams that no input gives, and the programs that the meta-model writes off them."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program, soundness
from inverse_tracr.decompile import decompile
from inverse_tracr.metamodel.beam import guesses
from inverse_tracr.metamodel.loosening import loose_view
from inverse_tracr.metamodel.parts import covers
from inverse_tracr.metamodel.proposer import proposal_of, shipped
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import parse
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample import sample_program
from tests.decompile.rotation import rotated

NUMBERS = Signature((0, 1, 2, 3), 6)

PROGRAMS = {
    # What is constant is read; no input shows it.
    "constant": (
        "v1 = map(tokens, x > 7)\nv2 = map(indices, x > 2)\nv3 = select(v1, v2, ==)\n"
        "v4 = selector_width(v3)\nv5 = sequence_map(v1, v4, x + y)\nreturn v5\n"
    ),
    # A head that chooses several keys mixes their values, and a map and another head read the mixture.
    "mixture": (
        "v1 = select(tokens, tokens, >)\nv2 = aggregate(v1, indices)\nv3 = map(v2, x != 2)\n"
        "v4 = select(v3, tokens, >)\nv5 = aggregate(v4, v2)\nreturn v5\n"
    ),
    # Two lines of one half-layer that say the same, read by different lines.
    "same": (
        "v1 = map(tokens, x + 1)\nv2 = map(tokens, x != 0)\nv3 = select(v2, v1, <)\n"
        "v4 = selector_width(v3)\nv5 = select(v1, v4, ==)\nv6 = selector_width(v5)\nreturn v6\n"
    ),
    # A head that chooses nothing.
    "nothing": (
        "v1 = map(tokens, x > 1)\nv2 = select(v1, v1, False)\nv3 = selector_width(v2)\n"
        "v4 = map(v3, x + 2)\nv5 = select(v4, v4, True)\nv6 = aggregate(v5, indices)\nreturn v6\n"
    ),
}


def compiled(program: Program) -> TransformerProgram:
    """Its model."""
    return compile_program(program, NUMBERS, mode=Mode.FIXED)


def read_off(model: TransformerProgram) -> Program | None:
    """The likeliest program on loose streams."""
    found = guesses(shipped().network, model, width=2, sites=600, loose=True)
    return proposal_of(found[0], model).program if found else None


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_what_inputs_do_not_show_is_found_in_any_basis(name: str) -> None:
    program = parse(PROGRAMS[name])
    found = read_off(rotated(compiled(program), seed=3))
    assert found is not None
    assert canonical(found, NUMBERS) == canonical(program, NUMBERS)


def test_an_unsound_program_is_returned_though_it_is_refuted() -> None:
    program = parse(PROGRAMS["mixture"])
    assert soundness(program, NUMBERS, Mode.FIXED)
    found = decompile(compiled(program), method="meta")
    assert found.program is not None
    assert not found.verification.verified
    assert canonical(found.program, NUMBERS) == canonical(program, NUMBERS)
    assert found.candidates == 1


@pytest.mark.parametrize("index", range(3))
def test_programs_of_the_thesis_are_found(index: int) -> None:
    sample = sample_program("thesis", 40_001, index)
    model = compile_program(sample.program, sample.signature, mode=Mode.FIXED)
    found = read_off(model)
    assert found is not None
    assert canonical(found, sample.signature) == canonical(sample.program, sample.signature)


def test_nothing_is_written_of_a_model_that_is_not_explained() -> None:
    model = compiled(parse(PROGRAMS["same"]))
    weights = model.weights()
    noise = np.random.default_rng(5).standard_normal(weights.W_out.shape).astype(np.float32)
    weights.W_out[:] += 0.05 * noise
    noisy = TransformerProgram(model.config, weights, model.input_encoder, model.output_encoder)
    assert read_off(noisy) is None


def test_a_constant_line_varies_on_loose_streams() -> None:
    program = parse(PROGRAMS["constant"])
    seen = loose_view(compiled(program), draw_sites(NUMBERS, key=0))
    # The width of a select of a constant, and what reads both.
    assert not any(seen.halves[half].constant for half in (2, 3, 5))


def test_covers_leave_no_code_out_and_join_nothing_apart() -> None:
    where = np.array([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], np.bool_)
    apart = np.zeros((4, 4), np.bool_)
    assert sorted(covers(where, apart)) == [[0, 1], [2, 3]]
    apart[2, 3] = apart[3, 2] = True
    assert covers(where, apart) == [[0, 1]]
