"""The benchmarks of students run, on what is small."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import distill_cost, distill_losses
from inverse_tracr.distill import COMPRESSED, Kind, Teacher


def test_every_loss_of_the_thesis_trains(
    teachers: list[Teacher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {"steps": 4, "check_every": 4, "pages": 2, "vocabulary_batch": 4, "random_batch": 4}
    rows = tuple(replace(row, recipe=replace(row.recipe, **short)) for row in distill_losses.ROWS)
    monkeypatch.setattr(distill_losses, "ROWS", rows)
    cache = tmp_path / "losses.json"
    found = distill_losses.rows_of(teachers[:2], 0, cache)
    assert [len(figures["positions"]) for figures in found.values()] == [2] * len(rows)
    assert len(json.loads(cache.read_text())) == len(rows)
    monkeypatch.setattr(distill_losses, "trained", None)
    assert distill_losses.rows_of(teachers[:2], 0, cache) == found
    assert "L2 × CE, random | 56.3 (48.3)" in distill_losses.comparison(found)


def test_cost_is_that_of_all_over_those_accepted(teachers: list[Teacher]) -> None:
    drawn = [distill_cost.Drawn(t, distill_cost.PRESETS[0], 4 + t.item, 20) for t in teachers]
    found = distill_cost.measured(drawn, COMPRESSED, 0)
    accepted, of = found.accepted()
    assert (accepted, of) == (sum(s.accepted for s in found.students.values()), 3)
    assert accepted > 0
    text = distill_cost.summary(found, Kind.COMPRESSED)
    assert f"core-seconds per accepted student | {found.core_seconds / accepted:.2f} | 0.5" in text
    assert "length 4 to 6" in distill_cost.classes(found)


def test_programs_are_spread_over_lengths_and_presets() -> None:
    drawn = distill_cost.draw(48, 0)
    assert len({(d.preset, d.length) for d in drawn}) == 24
