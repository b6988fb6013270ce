"""The soundness check against execution, and the shadow of the weights against the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.random_programs import random_program
from inverse_tracr.compile import CompileError, Mode, compile_weights, soundness
from inverse_tracr.compile.doubts import doubts
from inverse_tracr.compile.shadow import Shadow
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp import Signature
from tests.compile.programs import lines

ROOT = Path(__file__).parents[2]
PROGRAMS = 500


def test_every_disagreeing_program_is_flagged_and_hardly_another() -> None:
    command = [sys.executable, "-m", "benchmarks.soundness", "--count", f"{PROGRAMS}", "--seed", "3"]
    command += ["--presets", "20"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    figures = json.loads(done.stdout)
    assert [preset["flagged"] for preset in figures["presets"]] == [0, 0]
    for tally in figures["modes"].values():
        assert tally["programs"] == PROGRAMS // 2
        assert tally["missed"] == []
        assert tally["false_flags"] - tally["false_flags_by_a_hair"] == 0
        assert tally["false_flags"] <= 3
        assert tally["disagreeing"] > 20


@pytest.mark.parametrize("mode", Mode)
def test_the_shadow_is_what_the_model_computes(mode: Mode) -> None:
    compared = 0
    for index in range(40):
        program, signature = random_program(6, index)
        try:
            compiled = compile_weights(program, signature, mode=mode)
        except InverseTracrError:
            continue
        random = np.random.default_rng(index)
        inputs = random.integers(len(signature.vocab), size=(4, signature.max_seq_len))
        shadow = Shadow(compiled.plan, inputs).output
        np.testing.assert_allclose(shadow, compiled.model.logits_for(inputs), atol=2e-4)
        compared += 1
    assert compared > 20


PROVED = {
    "one position": "v1 = select(indices, indices, k == q - 1); v2 = aggregate(v1, tokens); return v2",
    "equal keys, equal values": (
        "v1 = map(tokens, x == 0); v2 = select(tokens, tokens, ==); v3 = aggregate(v2, v1); return v3"
    ),
    "local keys and values": (
        "v1 = sequence_map(tokens, indices, (x, y)); v2 = map(v1, x); v3 = select(v1, v1, ==); "
        "v4 = aggregate(v3, v2); return v4"
    ),
    "a function of a width": (
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = map(v2, x > 1); "
        "v4 = select(v2, v2, ==); v5 = aggregate(v4, v3); return v5"
    ),
    "widths, and means of 0 and 1": (
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = map(v2, x == 1, numerical); "
        "v4 = select(indices, indices, <=); v5 = aggregate(v4, v3); v6 = map(v5, x >= 0.5); return v6"
    ),
    "sums": (
        "v1 = map(tokens, x, numerical); v2 = map(indices, x, numerical); "
        "v3 = linear_sequence_map(v1, v2, 2, -1); v4 = map(v3, x > 0); return v4"
    ),
    "a selector that is never empty": (
        "v1 = select(indices, indices, <=); v2 = map(tokens, x == 1, numerical); v3 = aggregate(v1, v2); "
        "v4 = map(v3, x > 0); v5 = select(v4, indices, True); v6 = selector_width(v5); return v6"
    ),
}


@pytest.mark.parametrize("text", PROVED.values(), ids=PROVED)
def test_sound_programs_are_proved_without_looking_at_inputs(text: str) -> None:
    """On far more inputs than could be looked at."""
    compiled = compile_weights(lines(text), Signature((0, 1, 2, 3, 4, 5), 12), mode=Mode.FIXED)
    assert doubts(compiled.plan) == ()


def test_a_doubt_that_no_input_bears_out_is_dropped() -> None:
    """Tokens that are no less than all others are all the same, which no rule here proves."""
    program = lines(
        "v1 = select(tokens, tokens, >); v2 = selector_width(v1); v3 = select(v2, indices, k == 0); "
        "v4 = aggregate(v3, tokens); return v4"
    )
    compiled = compile_weights(program, Signature((0, 1), 4), mode=Mode.FIXED)
    assert doubts(compiled.plan) != ()
    assert soundness(program, Signature((0, 1), 4), Mode.FIXED) == ()


def test_fewer_inputs_can_be_asked_for() -> None:
    program = lines("v1 = select(indices, indices, <=); v2 = aggregate(v1, tokens); return v2")
    signature = Signature(tuple("abcdefgh"), 9)
    assert soundness(program, signature, limit=10, samples=20) != ()


def test_a_program_that_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(CompileError, match="only programs that use `tokens`"):
        soundness(lines("v1 = map(indices, x + 1); return v1"), Signature(("a",), 2))
