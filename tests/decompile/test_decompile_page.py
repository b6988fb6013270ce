"""docs/decompile.md says what the code does: its commands and its snippet run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from inverse_tracr.cli.verdicts import decompilation_data
from inverse_tracr.compile import compile_program
from inverse_tracr.decompile import Verdict, decompile, proposers
from inverse_tracr.rasp import parse_source
from tests.cli.invoke import CommandLine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "decompile.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_its_commands_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    cli = CommandLine(capsys)
    for command in block("sh").splitlines():
        program, *arguments = shlex.split(command)
        assert program == "inverse-tracr"
        result = cli(*arguments)
        assert result.code == 0, result.err


def test_its_snippet_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", block("python")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "return v2" in done.stdout


def test_it_names_every_proposer_verdict_and_field() -> None:
    written = set(re.findall(r"`([^`\n]+)`", PAGE))
    source = parse_source((ROOT / "examples" / "histogram.rasp").read_text(encoding="utf-8"))
    assert source.signature is not None
    found = decompile(compile_program(source.program, source.signature), method="lift")
    assert set(proposers()) <= written
    assert {verdict.value for verdict in Verdict} <= written
    assert set(decompilation_data(found)) <= written | {"schema"}
