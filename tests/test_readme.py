"""What the README tells a reader to type works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

TRACR_MODEL = """
from tracr.compiler import compiling
from tracr.rasp import rasp

width = rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, rasp.Comparison.EQ))
assembled = compiling.compile_rasp_to_model(width, vocab={1, 2, 3}, max_seq_len=3)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the examples in it, which is the working folder."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    lines = [line.partition("#")[0].strip() for block in blocks("") for line in block.splitlines()]
    return [line for line in lines if line.startswith("inverse-tracr ")]


@pytest.mark.usefixtures("here")
def test_every_command_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    cli = CommandLine(capsys)
    lines = shell_lines()
    assert len(lines) >= 5
    for line in lines:
        result = cli(*shlex.split(line)[1:])
        assert result.code == ExitCode.DONE, f"{line}: {result.err}"


def test_the_python_of_the_readme_runs(here: Path) -> None:
    (code,) = blocks("python")
    compiled = "import inverse_tracr as it\nfrom pathlib import Path\n" + (
        "source = it.parse(Path('examples/sort_unique.rasp').read_text())\n"
        "it.compile(source, vocab=[1, 2, 3], max_seq_len=3).save('sort')\n"
    )
    script = here / "readme.py"
    script.write_text(TRACR_MODEL + compiled + code, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=here, timeout=300
    )
    assert process.returncode == 0, process.stderr
    assert "Verdict.EQUIVALENT" in process.stdout


def test_the_readme_names_the_folders_that_there_are() -> None:
    for folder in re.findall(r"^\| `([a-z_/]+)/` \|", README, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


def test_the_figures_are_those_of_the_results() -> None:
    results = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    section = results.split("<!-- begin: evaluation -->")[1].split("<!-- end: evaluation -->")[0]
    tables = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    heads = [cell.strip() for cell in tables[0]]
    exact = {row[0].split()[1]: row[3].strip() for row in tables if row[0].startswith(" thesis, ")}
    shown = [line.strip("| ").split(" | ") for line in README.splitlines() if re.match(r"\|.* s \|", line)]
    assert len(shown) == 3
    for kind, *figures in shown:
        name = kind.split(",")[0]
        (row,) = (row for row in tables if row[0].strip() == f"{name}-test" and row[1].strip() == "auto")
        found = dict(zip(heads, (cell.split()[0] for cell in row), strict=True))
        assert f"| {found['models']} models each of the test sets |" in README
        assert figures == [
            f"{float(found['functional']):g} %",
            f"{float(found['exact']):g} %",
            f"{float(found['seconds, median']):.1f} s",
            f"{float(exact[name]):g} %",
        ]
