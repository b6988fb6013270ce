"""Statistics of samples."""

from __future__ import annotations

import pytest

from inverse_tracr.rasp import Signature, parse
from inverse_tracr.sample import Preset, Sample
from inverse_tracr.sample.statistics import statistics
from tests.sample.pool import pool

SIGNATURE = Signature(("a", "b", "c"), 5)


def sample_of(text: str, rejections: int = 0) -> Sample:
    return Sample(parse(text), SIGNATURE, Preset.SOUND, 0, 0, rejections)


def test_duplicates_and_aliases_are_counted() -> None:
    count = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\n"
    found = statistics(
        [
            sample_of(count + "return v2\n"),
            sample_of("v9 = select(tokens, tokens, ==)\nv7 = selector_width(v9)\nreturn v7\n", rejections=4),
            sample_of(count + "v3 = map(v2, x + 1)\nreturn v3\n"),
            sample_of("v1 = map(indices, x < 9)\nreturn v1\n"),
        ]
    )
    assert found.programs == 4
    assert found.same_canonical == 1 / 4
    assert found.same_function == 2 / 4
    assert found.same_weights == 0
    assert found.constant_outputs == 1 / 4
    assert found.rejections == 4 / 8
    assert found.operations == {"Select": 3 / 8, "SelectorWidth": 3 / 8, "Map": 2 / 8}
    assert found.length.maximum == 3
    assert found.values.maximum == 6


def test_different_forms_with_one_set_of_weights_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inverse_tracr.sample.statistics.weights_hash", lambda _weights: b"")
    found = statistics([sample_of(f"v1 = map(indices, x < {c})\nreturn v1\n") for c in (1, 2, 2, 3)])
    assert found.same_canonical == 1 / 4
    assert found.same_weights == pytest.approx(2 / 3)


def test_no_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        statistics([])


def test_sound_programs_are_all_different_and_none_is_constant() -> None:
    found = statistics(pool(Preset.SOUND)[:50])
    assert found.constant_outputs == 0
    assert found.same_canonical == found.same_function == found.same_weights == 0
