"""The guide's pages: their commands run in order, and print what the page says they print."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = ("tutorial", "have-a-model", "need-ground-truth", "study-weights", "transformer-lens")

BLOCK = re.compile(r'^```(\w+)(?: title="([\w.-]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
BETWEEN = "\x1e"
"""Printed between the blocks of a page's Python."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `prints` is the block of output that follows it."""

    language: str
    title: str
    text: str
    prints: str | None


def blocks(page: str) -> list[Block]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    found = [(m[1], m[2] or "", m[3]) for m in BLOCK.finditer(text)]
    following = [*found[1:], ("", "", "")]
    return [
        Block(*block, prints=after[2] if after[0] == "output" else None)
        for block, after in zip(found, following, strict=True)
        if block[0] != "output"
    ]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    found = blocks(page)
    assert any(block.language == "sh" for block in found)
    for block in found:
        if block.language == "text" and block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            run_commands(block, CommandLine(capsys))
    run_python([block for block in found if block.language == "python"], tmp_path)


def run_commands(block: Block, cli: CommandLine) -> None:
    printed = ""
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "inverse-tracr", line
        result = cli(*words[1:])
        printed = result.out
        refuted = block.prints is not None and "verdict: refuted" in block.prints
        wanted = ExitCode.PROBLEM_FOUND if refuted else ExitCode.DONE
        assert result.code == wanted, f"{line}: {result.err}"
    if block.prints is not None:
        assert printed == block.prints


def run_python(found: list[Block], folder: Path) -> None:
    """All blocks in one process; those that need TransformerLens only where it is installed."""
    run = [block for block in found if block.title != "lens" or find_spec("transformer_lens")]
    if not run:
        return
    script = folder / "page.py"
    script.write_text(f"print({BETWEEN!r})\n".join(block.text for block in run), encoding="utf-8")
    process = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=folder, timeout=120
    )
    assert process.returncode == 0, process.stderr
    printed = process.stdout.split(f"{BETWEEN}\n")
    for block, text in zip(run, printed, strict=True):
        assert block.prints in (None, text), block.text


def test_blocks_are_found_with_what_they_print() -> None:
    found = blocks("tutorial")
    assert [block.title for block in found if block.title] == ["twice.rasp", "guess.rasp"]
    assert sum(block.prints is not None for block in found) >= 5


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [*DOCS.glob("*.md"), *DOCS.glob("notebooks/*.ipynb")]
    assert [str(page) for page in pages if page.relative_to(DOCS).as_posix() not in menu] == []


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs the extra [docs]")
    pytest.importorskip("material", reason="needs the extra [docs]")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert process.returncode == 0, process.stderr
    assert "WARNING -" not in process.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES)
    elsewhere = re.compile(r'<(?:script|img|iframe|link rel="stylesheet")[^>]*(?:src|href)="https?://')
    assert [page for page in pages if elsewhere.search(page.read_text(encoding="utf-8"))] == []
