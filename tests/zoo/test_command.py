"""`inverse-tracr zoo`."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.zoo import Zoo
from tests.cli.invoke import CommandLine
from tests.zoo.examples import copy


def test_build_info_and_check(command: CommandLine, tmp_path: Path) -> None:
    folder = str(tmp_path / "zoo")
    options = ["--out", folder, "--count", "3", "--engine", "serial", "--chunk-size", "3", "--json"]
    built = command("zoo", "build", *options)
    assert built.code == ExitCode.DONE
    assert sum(built.data["rows"].values()) == 3
    again = command("zoo", "info", folder, "--json")
    assert again.data == built.data
    other = command("zoo", "build", "--out", folder, "--count", "4", "--engine", "serial")
    assert other.code == ExitCode.USAGE
    assert "another configuration" in other.err


def test_models_have_at_most_the_parameters_asked_for(command: CommandLine, tmp_path: Path) -> None:
    options = ["--count", "6", "--engine", "serial", "--max-parameters", "4000"]
    assert command("zoo", "build", "--out", str(tmp_path / "zoo"), *options).code == ExitCode.DONE
    zoo = Zoo(tmp_path / "zoo")
    rows = [zoo.split(split).row(row) for split in zoo.manifest.rows for row in range(len(zoo.split(split)))]
    assert len(rows) == 6
    assert max(row["parameters"] for row in rows) <= 4000
    assert zoo.manifest.outcomes["too large"] > 0


def test_check_finds_what_is_wrong(command: CommandLine, standard_zoo: Path, tmp_path: Path) -> None:
    folder = copy(standard_zoo, tmp_path / "zoo")
    assert command("zoo", "check", str(folder), "--sample", "1").code == ExitCode.DONE
    (folder / "LICENSE").unlink()
    found = command("zoo", "check", str(folder), "--sample", "0", "--json")
    assert found.code == ExitCode.PROBLEM_FOUND
    assert found.data["problems"][0]["what"] == "the file is missing"


def test_plan_says_what_it_takes(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inverse_tracr.zoo.estimate.MEASURED", 6)
    monkeypatch.setattr("inverse_tracr.zoo.estimate.WARM_UP", 1)
    found = command("zoo", "plan", "--count", "1000000", "--workers", "2", "--json").data
    assert found["chunks"] == 1_000
    assert 10**8 < found["disk"] < 10**10
    assert found["core_hours"] > found["hours"] > 0


def test_export_writes_models(command: CommandLine, standard_zoo: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = command("zoo", "export", str(standard_zoo), "--out", out, "--limit", "1")
    assert done.code == ExitCode.DONE
    splits = sum(rows > 0 for rows in Zoo(standard_zoo).manifest.rows.values())
    assert len(list((tmp_path / "out").rglob("model.safetensors"))) == splits


def test_a_test_set_must_be_known(command: CommandLine, tmp_path: Path) -> None:
    found = command("zoo", "test-sets", "--out", str(tmp_path), "--only", "best-test")
    assert found.code == ExitCode.USAGE
    assert "standard-test" in found.err


def test_a_test_set_can_be_built_in_part(command: CommandLine, tmp_path: Path) -> None:
    args = ("zoo", "test-sets", "--out", str(tmp_path), "--only", "standard-test", "--count", "5")
    assert command(*args, "--engine", "serial").code == ExitCode.DONE
    assert Zoo(tmp_path / "standard-test").manifest.count == 5


def test_quick_sets_have_their_own_count(command: CommandLine, tmp_path: Path) -> None:
    found = command("zoo", "test-sets", "--out", str(tmp_path), "--quick", "--count", "5")
    assert found.code == ExitCode.USAGE
