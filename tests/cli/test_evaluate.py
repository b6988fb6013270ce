"""`inverse-tracr evaluate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Kind, Splits, ZooConfig, build
from inverse_tracr.zoo.engines import EngineKind, make_engine
from tests.cli.invoke import CommandLine

CONFIG = ZooConfig(
    Kind.STANDARD, 3, 5, presets=(Preset.SOUND,), splits=Splits.TEST_ONLY, without_test_functions=False
)


@pytest.fixture(scope="module")
def test_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("test-sets")
    engine = make_engine(EngineKind.SERIAL, workers=1, memory=2**32, timeout=600.0)
    build(CONFIG, folder / "standard-test", engine=engine, chunk_size=4, report=lambda _: None)
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_rows_and_the_section_of_results(
    command: CommandLine, test_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    arguments = ("evaluate", "standard-test", "--folder", test_sets, "--limit", 2, "--jobs", 1)
    found = command(*arguments, "--method", "lift", "--results", tmp_path / "r.jsonl", "--json", "--write")
    assert found.code == 0
    (row,) = found.data["rows"]
    assert (row["test_set"], row["kind"]) == ("standard-test", "standard")
    assert (row["method"], row["models"]) == ("lift", 2)
    for name in ("functional_match", "faithful_match", "exact_match", "token_accuracy", "functional_ceiling"):
        assert 0 <= row[name] <= 1
        low, high = row["intervals"][name]
        assert low <= row[name] <= high
    assert row["functional_match"] == 1.0
    assert row["false_equivalent"] == 0
    written = (tmp_path / "docs" / "results.md").read_text(encoding="utf-8")
    assert "<!-- begin: evaluation-standard-test -->" in written
    assert "| standard-test | lift | 2 |" in written
    assert len((tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "which models?"),
        (("standard-test", "--quick"), 2, "which models?"),
        (("nowhere",), 3, "there is no such test set"),
        (("standard-test", "--method", "magic"), 2, "magic"),
        (("standard-test", "--decompiler", "nowhere:nothing"), 3, "cannot be imported"),
        (("standard-test", "--limit", "0"), 2, "--limit"),
        (("standard-test", "--noise", "-1"), 2, "--noise"),
        (("standard-test", "--timeout", "0"), 2, "--timeout"),
    ],
)
def test_arguments_that_make_no_sense(
    command: CommandLine, test_sets: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found = command("evaluate", *arguments, "--folder", test_sets)
    assert found.code == code
    assert message in found.err
