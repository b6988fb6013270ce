"""Programs read off weights that have noise on every entry."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict, decompile
from inverse_tracr.decompile.lift.denoise import NotNoisyError, denoised, plainest
from inverse_tracr.evaluate.noise import noisy
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, parse_source
from inverse_tracr.rasp.canonical import canonical
from tests.decompile.rotation import rotated

PROGRAMS = {
    "moved and mapped": """
# signature: vocab=[a, b, c] max_seq_len=4
before = select(indices, indices, k == q - 1)
previous = aggregate(before, tokens)
same = sequence_map(previous, tokens, x == y)
return same
""",
    "counted": """
# signature: vocab=[a, b, c, d] max_seq_len=6
same = select(tokens, tokens, ==)
count = selector_width(same)
many = map(count, x > 2)
return many
""",
    "a mean": """
# signature: vocab=[a, b, c] max_seq_len=5
is_a = map(tokens, x == "a", numerical)
before = select(indices, indices, <=)
share = aggregate(before, is_a, numerical)
most = map(share, x > 0.5)
return most
""",
}


def compiled(name: str) -> tuple[TransformerProgram, Program, Signature]:
    source = parse_source(PROGRAMS[name].lstrip())
    assert source.signature is not None
    model = compile_program(source.program, source.signature, mode=Mode.FIXED)
    return model, source.program, source.signature


@pytest.mark.parametrize("level", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_behind_noise_is_found(name: str, level: float) -> None:
    model, true, signature = compiled(name)

    found = decompile(noisy(model, level, seed=1), method="lift")

    assert found.program is not None, found.partial
    assert canonical(found.program, signature) == canonical(true, signature)
    assert "read through noise of" in found.verification.note


def test_the_model_with_its_noise_is_what_is_judged() -> None:
    model, _, _ = compiled("counted")
    found = decompile(noisy(model, 0.05, seed=1), method="lift")
    assert found.verdict is Verdict.REFUTED
    assert found.counterexample is not None


def test_the_size_of_the_noise_is_measured() -> None:
    model, _, _ = compiled("counted")
    _, share = denoised(noisy(model, 0.02, seed=3))
    assert 0.018 < share < 0.026


@pytest.mark.parametrize("name", PROGRAMS)
def test_weights_without_noise_are_left_alone(name: str) -> None:
    model, _, _ = compiled(name)
    with pytest.raises(NotNoisyError):
        denoised(model)
    with pytest.raises(NotNoisyError):
        denoised(rotated(model, seed=1))


@pytest.mark.parametrize(
    ("number", "deviation", "plain"), [(0.98, 0.02, 1.0), (0.34, 0.01, 1 / 3), (0.71, 0.001, 0.71)]
)
def test_numbers_become_plain_within_the_noise(number: float, deviation: float, plain: float) -> None:
    assert np.isclose(plainest(number, deviation), plain, rtol=1e-9)
