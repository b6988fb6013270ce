"""The same preset, seed and index give the same program, whatever was sampled before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.rasp import print_program
from inverse_tracr.sample import Preset, SamplerConfig, default_config, sample_program
from inverse_tracr.sample.draws import Draws, recency_sums
from tests.conftest import Golden

COUNT = 12


def text(preset: Preset, index: int, seed: int = 11) -> str:
    found = sample_program(preset, seed, index)
    return print_program(found.program, found.signature)


@pytest.mark.parametrize("preset", Preset)
def test_the_order_of_sampling_does_not_matter(preset: Preset) -> None:
    forwards = [text(preset, index) for index in range(COUNT)]
    assert [text(preset, index) for index in reversed(range(COUNT))] == forwards[::-1]
    assert len(set(forwards)) == COUNT


@pytest.mark.parametrize("preset", Preset)
def test_a_fresh_process_samples_the_same(preset: Preset) -> None:
    code = (
        "import sys; from inverse_tracr.rasp import print_program; from inverse_tracr.sample import *\n"
        f"for i in range({COUNT - 1}, -1, -3):\n"
        f"    s = sample_program('{preset.value}', 11, i)\n"
        "    sys.stdout.write(print_program(s.program, s.signature))\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "".join(text(preset, index) for index in range(COUNT - 1, -1, -3))


@pytest.mark.parametrize("preset", Preset)
def test_seeds_and_presets_are_streams_of_their_own(preset: Preset) -> None:
    assert text(preset, 0, seed=1) != text(preset, 0, seed=2)
    assert len({text(other, 0) for other in Preset}) == len(Preset)


@pytest.mark.parametrize("preset", Preset)
def test_programs_stay_what_they_were(preset: Preset, golden: Golden) -> None:
    golden(f"sample/{preset.value}.rasp", "\n".join(text(preset, index) for index in range(8)))


def test_options_fix_length_vocabulary_and_inputs() -> None:
    config = default_config(Preset.SOUND).with_options(length=6, vocab=("x", "y", "z"), max_seq_len=5)
    for index in range(10):
        found = sample_program("sound", 0, index, config)
        assert len(found.program) == 6
        assert found.signature.vocab == ("x", "y", "z")
        assert found.signature.max_seq_len == 5


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"length": (1, 3)}, "length of a sampler; expected a range from 2 or more, got 1–3"),
        ({"max_seq_len": (5, 4)}, "max_seq_len of a sampler"),
        ({"vocab": ("a", "a")}, "two or more different tokens"),
        ({"vocab": ("a",)}, "two or more different tokens"),
    ],
)
def test_impossible_options_are_refused(config: dict[str, tuple[int, int]], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        SamplerConfig(**config)  # pyright: ignore[reportArgumentType]


def test_options_that_leave_no_program_are_found_out() -> None:
    config = SamplerConfig(length=(4, 4), max_share=0.1)
    with pytest.raises(CapExceededError, match="no program of 4 lines"):
        sample_program("sound", 0, 0, config)


def test_recency_weights_are_those_of_the_thesis() -> None:
    assert recency_sums(6) == (1, 2, 4, 8, 15, 26)


def test_draws_are_spread_as_they_should_be() -> None:
    draws = Draws(1, 2, 3)
    assert {draws.below(3) for _ in range(100)} == {0, 1, 2}
    assert {draws.between(4, 6) for _ in range(100)} == {4, 5, 6}
    assert sorted(draws.distinct("abcd", 4)) == list("abcd")
    assert 150 < sum(draws.chance(0.2) for _ in range(1_000)) < 250
    counted = [draws.weighted("ab", (1.0, 4.0)) for _ in range(1_000)]
    assert 200 < counted.count("a") < 300
