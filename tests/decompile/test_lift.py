"""Lift: the same program however a model is written down, and what it says of models that are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inverse_tracr.compile import Mode, compile_program, soundness
from inverse_tracr.decompile import Verdict, decompile, verify
from inverse_tracr.decompile.lift import mlp
from inverse_tracr.decompile.lift.lift import lift
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, parse_source, print_program
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import SamplerConfig, sample_program
from tests.decompile.variations import (
    Random,
    arrays_of,
    noisy,
    padded,
    permuted,
    scaled,
    with_arrays,
    with_biases,
    with_dead_parts,
    with_split_heads,
)

SMALL = SamplerConfig(length=(4, 10), vocab_size=(2, 4), max_seq_len=(3, 4))

VARIATIONS: dict[str, Callable[[TransformerProgram, Random], TransformerProgram]] = {
    "permuted": permuted,
    "scaled": scaled,
    "noisy": noisy,
    "padded": lambda model, _: padded(model),
    "with dead parts": with_dead_parts,
    "with biases": lambda model, _: with_biases(model),
    "with split heads": lambda model, _: with_split_heads(model),
}


def sampled(preset: str, index: int) -> tuple[Program, Signature]:
    sample = sample_program(preset, 11, index, SMALL)
    return sample.program, sample.signature


def parsed(text: str) -> tuple[Program, Signature]:
    source = parse_source(text.lstrip())
    assert source.signature is not None
    return source.program, source.signature


@given(st.sampled_from(["sound", "tracr"]), st.integers(0, 10_000), st.integers(0, 10_000))
@settings(max_examples=15)
def test_random_programs_are_found_exactly_however_permuted(preset: str, index: int, seed: int) -> None:
    program, signature = sampled(preset, index)
    model = compile_program(program, signature, mode=Mode.FIXED)
    found = decompile(permuted(model, np.random.default_rng(seed)), method="lift")
    assert found.verdict is Verdict.EQUIVALENT, str(found)
    assert found.program is not None
    assert canonical(found.program, signature) == canonical(program, signature)
    plain = decompile(model, method="lift")
    assert plain.program is not None
    assert print_program(found.program, signature) == print_program(plain.program, signature)


@pytest.mark.parametrize("variation", VARIATIONS)
@pytest.mark.parametrize("index", range(6))
def test_other_weights_for_the_same_function(variation: str, index: int) -> None:
    program, signature = sampled(("sound", "tracr")[index % 2], index)
    model = VARIATIONS[variation](
        compile_program(program, signature, mode=Mode.FIXED), np.random.default_rng(index)
    )
    found = decompile(model, method="lift")
    assert found.verification.verified, str(found)
    assert found.program is not None
    assert canonical(found.program, signature) == canonical(program, signature)


DEPARTING = {
    "long widths": """
# signature: vocab=[a, b, c] max_seq_len=12
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1)
return v2
""",
    "long widths as numbers": """
# signature: vocab=[a, b] max_seq_len=11
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1, numerical)
return v2
""",
    "negative numbers": """
# signature: vocab=[a, b, c] max_seq_len=3
v1 = map(tokens, {"a": -1, "b": 2, "c": -0.5}, numerical)
return v1
""",
    "means between thresholds": """
# signature: vocab=[a, b] max_seq_len=5
v1 = map(tokens, x == "a", numerical)
v2 = select(indices, indices, <=)
v3 = aggregate(v2, v1)
v4 = map(v3, x > 0.5)
return v4
""",
    "numbers close together": """
# signature: vocab=[a, b] max_seq_len=3
v1 = map(tokens, {"a": 0.5, "b": 0.502}, numerical)
v2 = linear_sequence_map(v1, v1, 1, 0)
v3 = map(v2, x > 0.501)
return v3
""",
}


@pytest.mark.parametrize("name", DEPARTING)
def test_what_a_model_really_computes_where_it_departs_from_its_program(name: str) -> None:
    program, signature = parsed(DEPARTING[name])
    assert soundness(program, signature, Mode.TRACR)
    model = permuted(compile_program(program, signature), np.random.default_rng(3))
    found = decompile(model, method="lift")
    assert found.verification.verified, str(found)
    assert verify(model, program).verdict is Verdict.REFUTED


def test_values_blended_in_too_many_ways_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlp, "_MOST_BLENDS", 0)
    program, signature = parsed(DEPARTING["long widths"])
    model = compile_program(program, signature)
    lifted = lift(model, exact=True)
    assert [line.problem for line in lifted.unknown.values()] == ["values are blended in too many ways"]
    assert decompile(model, method="lift").verdict is Verdict.REFUTED


def test_soft_attention_is_refuted_with_the_agreement_and_a_counterexample() -> None:
    program, signature = parsed(
        """
# signature: vocab=[a, b] max_seq_len=40
is_a = map(tokens, x == "a", numerical)
before = select(indices, indices, <=)
share = aggregate(before, is_a)
return share
"""
    )
    found = decompile(compile_program(program, signature), method="lift")
    assert found.verdict is Verdict.REFUTED
    assert found.program is not None
    assert canonical(found.program, signature) == canonical(program, signature)
    assert 0 < found.agreement < 1
    assert found.counterexample is not None


@pytest.mark.parametrize("part", ["heads", "neurons", "everything"])
@pytest.mark.parametrize("seed", range(4))
def test_random_parts_are_said_to_be_unknown(part: str, seed: int) -> None:
    """No crash, no verified program, and the part named that no line explains."""
    random = np.random.default_rng(seed)
    program, signature = parsed(
        """
# signature: vocab=[a, b, c] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
often = map(count, x > 1)
before = select(indices, indices, k == q - 1)
found = aggregate(before, often)
return found
"""
    )
    arrays = arrays_of(compile_program(program, signature))
    names = {"heads": ("W_Q", "W_K", "W_V", "W_O"), "neurons": ("W_in", "W_out")}.get(part, tuple(arrays))
    for name in names:
        arrays[name] = random.normal(size=arrays[name].shape).astype(np.float32)
    model = with_arrays(compile_program(program, signature), arrays)

    found = decompile(model, method="lift")

    assert found.verdict is Verdict.REFUTED
    assert found.agreement < 1
    assert found.unexplained
    assert "unknown(" in found.partial
