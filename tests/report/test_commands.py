"""`report` and `decompile --report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine
from tests.report.models import MIXED, SORT, known, random_weights


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "sorter"
    known(SORT)[0].save(folder)
    return folder


def test_report_writes_a_page(cli: CommandLine, model: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    result = cli("report", model, "-o", page)
    assert result.code == ExitCode.DONE
    assert result.out == ""
    assert "equivalent" in result.err
    assert "<title>sorter — Inverse Tracr</title>" in page.read_text(encoding="utf-8")
    data = cli("report", model, "-o", page, "--json").data
    assert data["report"] == str(page)
    assert data["verdict"] == "equivalent"


def test_decompile_writes_a_page_too(cli: CommandLine, model: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    result = cli("decompile", model, "--report", page)
    assert result.code == ExitCode.DONE
    assert "# verdict: equivalent" in result.out
    assert "What does it compute?" in page.read_text(encoding="utf-8")


def test_a_model_that_is_not_understood_has_a_page(cli: CommandLine, tmp_path: Path) -> None:
    random_weights(known(MIXED)[0]).save(tmp_path / "random")
    page = tmp_path / "out.html"
    result = cli("report", tmp_path / "random", "-o", page, "--method", "lift")
    assert result.code == ExitCode.PROBLEM_FOUND
    assert "No whole program was found" in page.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_said(cli: CommandLine, model: Path, tmp_path: Path) -> None:
    result = cli("report", model, "-o", tmp_path / "nowhere" / "out.html")
    assert result.code == ExitCode.BAD_INPUT
    assert "there is no such folder" in result.err
