"""Sections of docs/results.md, each written by its command and by nobody else."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results.md"

_HEADER = """# Results

Every section is written by the command that it names; no figure here was typed by hand.
"""


def write_section(name: str, title: str, body: str, *, path: Path = RESULTS) -> None:
    """Replace the section between the markers of `name`, or append it, with command, revision and hardware.

    Raises ValueError for a name that cannot stand in a marker.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(
            f"expected lower-case letters, digits and hyphens as name of a section, got {name!r}"
        )
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    section = f"{begin}\n## {title}\n\n{body.strip()}\n\n{_provenance()}\n{end}\n"
    text = path.read_text(encoding="utf-8") if path.exists() else _HEADER
    found = re.compile(rf"{re.escape(begin)}\n.*?{re.escape(end)}\n", re.DOTALL)
    if found.search(text):
        text = found.sub(lambda _: section, text, count=1)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def tell(done: int, of: int, every: int = 1_000) -> None:
    """Say on standard error how far a long run has come, now and then."""
    if done % every == 0:
        print(f"{done:,} of {of:,}", file=sys.stderr, flush=True)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _provenance() -> str:
    return f"`{_command()}` at revision {_revision()}, on {_hardware()}."


def _command() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return " ".join(["python -m", spec.name.removesuffix(".__main__"), *sys.argv[1:]])


def _revision() -> str:
    """Short hash of the commit, with a plus where files of the project differ from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", "inverse_tracr", "benchmarks")
    return commit + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("unknown" if done.returncode else "")


def _hardware() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
        model = named.group(1).strip() if named else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
