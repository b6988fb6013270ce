"""Programs of the presets `sound` and `tracr` keep their laws."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inverse_tracr.rasp import (
    Aggregate,
    Encoding,
    LinearSequenceMap,
    Map,
    NamedPredicate,
    PredicateTable,
    Select,
    SelectorWidth,
    SequenceMap,
    Signature,
    parse,
)
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import Preset, Sample, default_config, sample_program
from tests.sample.laws import check_laws, first_disagreement
from tests.sample.pool import pool

SOUND = (Preset.SOUND, Preset.TRACR)


@pytest.mark.parametrize("preset", SOUND)
def test_programs_keep_the_laws(preset: Preset) -> None:
    for found in pool(preset)[:50]:
        check_laws(found, limit=1_000)


@pytest.mark.parametrize("preset", SOUND)
def test_compiled_models_mean_the_same(preset: Preset) -> None:
    for found in pool(preset)[:40]:
        assert first_disagreement(found.program, found.signature, limit=120) is None


@pytest.mark.parametrize("preset", SOUND)
def test_small_signatures_agree_on_every_input(preset: Preset) -> None:
    config = replace(default_config(preset), vocab_size=(2, 3), max_seq_len=(3, 5))
    for index in range(15):
        found = sample_program(preset, 3, index, config)
        assert first_disagreement(found.program, found.signature, limit=400) is None


@pytest.mark.slow
@pytest.mark.parametrize("preset", SOUND)
def test_many_compiled_models_mean_the_same(preset: Preset) -> None:
    for index in range(500):
        found = sample_program(preset, 2, index)
        assert first_disagreement(found.program, found.signature, limit=2_000) is None


def test_the_checks_can_fail() -> None:
    signature = Signature(("a", "b"), 4)
    mixing = parse("v1 = select(tokens, tokens, True)\nv2 = aggregate(v1, indices)\nreturn v2\n")
    assert first_disagreement(mixing, signature) is not None
    for text, complaint in (
        ("v1 = map(tokens, x == 'a')\nv2 = map(indices, x < 2)\nreturn v2\n", "not used"),
        ("v1 = map(indices, x < 9)\nreturn v1\n", "constant"),
        ("v1 = map(indices, x + 1)\nreturn v1\n", "same"),
        ("v1 = map(indices, x // 2)\nv2 = map(v1, x == 1)\nreturn v2\n", "map of a map"),
    ):
        program = parse(text.replace("'", '"'))
        with pytest.raises(AssertionError, match=complaint):
            check_laws(Sample(program, signature, Preset.SOUND, 0, 0, 0))


@pytest.mark.parametrize("preset", SOUND)
@pytest.mark.parametrize("length", [2, 4, 7, 15, 20])
def test_lengths_are_met(preset: Preset, length: int) -> None:
    config = default_config(preset).with_options(length=length)
    for index in range(8):
        assert len(sample_program(preset, 4, index, config).program) == length


@pytest.mark.parametrize("preset", SOUND)
def test_ranges_of_the_design(preset: Preset) -> None:
    config = default_config(preset)
    found = pool(preset)
    assert {len(s.program) for s in found} == set(range(4, 16))
    sizes = {len(s.signature.vocab) for s in found}
    assert sizes == {2, *range(config.vocab_size[0], config.vocab_size[1] + 1)}
    assert {s.signature.max_seq_len for s in found} == set(
        range(config.max_seq_len[0], config.max_seq_len[1] + 1)
    )
    kinds = {type(s.signature.vocab[0]) for s in found}
    assert kinds == {str, int, bool}
    assert {s.signature.causal for s in found} == ({False} if preset is Preset.SOUND else {False, True})


def test_the_sound_preset_uses_five_operations() -> None:
    lines = [(s.program, line) for s in pool(Preset.SOUND) for line in s.program.lines]
    assert {type(line) for _, line in lines} == {Map, SequenceMap, Select, Aggregate, SelectorWidth}
    widths = [line for _, line in lines if isinstance(line, SelectorWidth)]
    assert {line.encoding for line in widths} == {Encoding.CATEGORICAL}


def test_the_tracr_preset_uses_the_whole_language() -> None:
    found = pool(Preset.TRACR)
    lines = [line for s in found for line in s.program.lines]
    assert {type(line) for line in lines} == {
        Map,
        SequenceMap,
        LinearSequenceMap,
        Select,
        Aggregate,
        SelectorWidth,
    }
    assert {line.encoding for line in lines if isinstance(line, SelectorWidth)} == set(Encoding)
    assert {type(line.predicate) for line in lines if isinstance(line, Select)} == {
        NamedPredicate,
        PredicateTable,
    }
    assert {s.program.encoding(s.program.output) for s in found} == set(Encoding)


@pytest.mark.parametrize("preset", SOUND)
def test_few_drafts_are_rejected(preset: Preset) -> None:
    found = pool(preset)
    rejected = sum(s.rejections for s in found)
    assert rejected < 0.2 * (len(found) + rejected)


@pytest.mark.parametrize("preset", SOUND)
def test_operations_are_mixed_about_as_in_the_thesis(preset: Preset) -> None:
    lines = [line for s in pool(preset) for line in s.program.lines]
    wanted = {Map: 0.25, Select: 0.23, SequenceMap: 0.19, Aggregate: 0.17, SelectorWidth: 0.16}
    for operation, share in wanted.items():
        found = sum(isinstance(line, operation) for line in lines) / len(lines)
        assert abs(found - share) < 0.08, operation


@pytest.mark.parametrize("preset", SOUND)
def test_programs_are_nearly_canonical(preset: Preset) -> None:
    found = pool(preset)[:40]
    shorter = [s for s in found if len(canonical(s.program, s.signature)) < len(s.program)]
    assert len(shorter) <= 1
