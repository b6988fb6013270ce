"""Changed model files: read, or refused with a typed error, in bounded memory."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fuzz_files
from benchmarks.fuzz_files import fuzz, seed_models
from benchmarks.mutations import mutate_model_file

COUNT = 2000


def test_two_thousand_changed_files_do_no_harm(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = fuzz(COUNT, seed=1, folder=tmp_path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert outcome.unexpected == []
    assert outcome.count == COUNT == outcome.read + outcome.refused.total()
    assert grown < 128 * 1024  # KiB
    assert outcome.read > COUNT / 50  # some changes do no harm, or nothing was really read
    assert len(outcome.refused) > 40  # and the others go wrong in many ways


def test_every_seed_is_read_when_it_is_not_changed(tmp_path: Path) -> None:
    for seed in seed_models(tmp_path):
        seed.read(tmp_path / seed.name)


def test_a_reader_that_fails_otherwise_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(fuzz_files, "import_model", fail)
    outcome = fuzz(20, seed=0, folder=tmp_path)
    assert any("KeyError('surprise')" in text for text in outcome.unexpected)


def test_a_change_depends_on_its_random_numbers_alone(tmp_path: Path) -> None:
    for seed in seed_models(tmp_path):
        for name, content in seed.files.items():
            changed = [mutate_model_file(content, np.random.default_rng(number)) for number in range(20)]
            again = [mutate_model_file(content, np.random.default_rng(number)) for number in range(20)]
            assert changed == again, name
            assert len(set(changed)) > 10, name
