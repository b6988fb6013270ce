"""Lessons: what the network is taught depends on the function of the weights, not on their basis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.distill import fold
from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.kept import read_lessons, write_lessons
from inverse_tracr.metamodel.lessons import Decision, lesson
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.metamodel.stream import Lessons, is_test_function, sampled
from inverse_tracr.metamodel.view import view
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import parse_source
from inverse_tracr.rasp.interpreter import Categorical, Trace
from inverse_tracr.sample import Preset, sample_program

TIES = [1, 2, 3, 4, 5, 9, 10]
"""What a pair has to do with the best head, where two are, and with what is left, where nothing is."""

LESSONS = [Lessons(TrainConfig(blurred=0)).lesson(item) for item in range(6)]


def test_most_lines_are_among_the_possibilities() -> None:
    lines = decided = 0
    for item in range(6):
        found = sampled(TrainConfig(), item)
        assert found is not None
        lines += sum(encoding is not None for encoding in found[0].encodings)
        decided += sum(decision.kinds is not None for decision in LESSONS[item])
    assert decided >= 0.9 * lines


def test_every_choice_has_a_right_answer_and_a_wrong_one() -> None:
    for decision in (d for found in LESSONS for d in found):
        assert decision.grades.max() > 0
        assert decision.grades.min() == 0 or len(decision.features) == 1
        assert np.isfinite(decision.features).all()


def test_a_rotated_residual_stream_gives_the_same_lesson() -> None:
    sample = sample_program(Preset.SOUND, 21, 4)
    compiled = compile_weights(sample.program, sample.signature, mode=Mode.FIXED)
    size = compiled.plan.config.d_model
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((size, size)))
    weights = fold(compiled.weights, rotation.astype(np.float32))
    turned = TransformerProgram(
        compiled.plan.config, weights, compiled.input_encoder, compiled.output_encoder
    )
    plain = lesson(sample.program, sample.signature, compiled.model, key=3)
    other = lesson(sample.program, sample.signature, turned, key=3)
    assert len(plain) == len(other)
    for first, second in zip(plain, other, strict=True):
        if first.kinds is None:
            assert first.grades.tolist() == second.grades.tolist()
            difference = np.abs(first.features - second.features)
            difference[:, TIES] = 0
            assert difference.max(initial=0) < 0.05
        else:
            # Lines come in the order in which their selects fit, where two may fit alike.
            assert first.grades.max() == second.grades.max()


def test_noise_changes_what_is_seen_and_not_what_is_right() -> None:
    sample = sample_program(Preset.SOUND, 21, 5)
    model = compile_weights(sample.program, sample.signature, mode=Mode.FIXED).model
    plain = lesson(sample.program, sample.signature, model, key=3)
    noisy = lesson(sample.program, sample.signature, model, key=3, blur=Blur(0.1))
    lines = [sum(d.kinds is not None for d in found) for found in (plain, noisy)]
    assert lines[1] >= lines[0] - 1
    assert any(a.features.tolist() != b.features.tolist() for a, b in zip(plain, noisy, strict=False))


def test_the_view_has_the_outputs_of_the_program() -> None:
    sample = sample_program(Preset.SOUND, 22, 1)
    model = compile_weights(sample.program, sample.signature, mode=Mode.FIXED).model
    sites = draw_sites(sample.signature, key=1)
    seen = view(model, sites)
    for where, tokens in sites.batches:
        output = Trace(sample.program, sample.signature, tokens).output
        assert isinstance(output, Categorical)
        assert [[seen.values[i] for i in row] for row in seen.outputs[where].tolist()] == output.decode()


def test_lessons_are_kept_as_they_are(tmp_path: Path) -> None:
    write_lessons(tmp_path / "kept.npz", LESSONS)
    for first, second in zip(LESSONS, read_lessons(tmp_path / "kept.npz"), strict=True):
        assert [_shape(d) for d in first] == [_shape(d) for d in second]
        for a, b in zip(first, second, strict=True):
            assert np.abs(a.features - b.features).max() < 2e-3 * max(1.0, np.abs(a.features).max())
            assert a.grades.tolist() == b.grades.tolist()


def _shape(decision: Decision) -> tuple[object, ...]:
    kinds = None if decision.kinds is None else decision.kinds.tolist()
    return decision.features.shape, kinds


def test_functions_of_the_test_sets_are_not_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = Path("inverse_tracr/zoo/quick/standard-test")
    from inverse_tracr.zoo import Zoo

    zoo = Zoo(planted)
    for index in range(5):
        specimen = zoo.specimen("test", index)
        assert is_test_function(specimen.program, specimen.signature)
    program, signature, _ = sampled(TrainConfig(), 0) or pytest.fail("item 0 is a program")
    assert not is_test_function(program, signature)
    monkeypatch.setattr("inverse_tracr.metamodel.stream.is_test_function", lambda *_: True)
    assert sampled(TrainConfig(), 0) is None


def test_streams_do_not_depend_on_who_asks() -> None:
    config = TrainConfig(programs=8, batch=4, blurred=0)
    whole = Lessons(config)[1]
    parts = [Lessons(config, rank=rank, ranks=2)[1] for rank in (0, 1)]
    assert sum(map(len, parts)) == len(whole)
    assert np.array_equal(parts[1][0][0].features, whole[1][0].features)


def test_a_program_with_a_header_can_be_taught() -> None:
    source = parse_source(
        "# signature: vocab=[a, b, c] max_seq_len=5\n"
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2\n"
    )
    assert source.signature is not None
    model = compile_weights(source.program, source.signature, mode=Mode.FIXED).model
    decisions = lesson(source.program, source.signature, model, key=0)
    chosen = [d for d in decisions if d.kinds is not None]
    assert len(chosen) == 1
    assert chosen[0].grades.max() == 3


def test_twin_sizes_agree() -> None:
    program, signature, model = sampled(replace(TrainConfig(), tracr_share=1.0), 3) or pytest.fail(
        "a program"
    )
    decisions = lesson(program, signature, model, key=0)
    assert {d.features.shape[1] for d in decisions} == {26, 38}
