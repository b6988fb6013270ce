"""Sections of a Markdown file, each written by its command with revision and hardware, and by nobody else."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HEADER = """# Results

Every section is written by the command that it names; no figure here was typed by hand.
"""


def replace_section(path: Path, name: str, title: str, body: str, provenance: str) -> None:
    """Replace the section between the markers of `name`, or append it.

    Raises ValueError for a name that cannot stand in a marker.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(
            f"expected lower-case letters, digits and hyphens as name of a section, got {name!r}"
        )
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    section = f"{begin}\n## {title}\n\n{body.strip()}\n\n{provenance}\n{end}\n"
    text = path.read_text(encoding="utf-8") if path.exists() else HEADER
    found = re.compile(rf"{re.escape(begin)}\n.*?{re.escape(end)}\n", re.DOTALL)
    if found.search(text):
        text = found.sub(lambda _: section, text, count=1)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plain_arguments() -> list[str]:
    """The options of this process; of an absolute path its last part, all that means something elsewhere."""
    return [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]


def provenance(command: str, root: Path) -> str:
    """Command, revision of the checkout at `root` and hardware, in a sentence."""
    return f"`{command}` at revision {revision(root)}, on {hardware()}."


def revision(root: Path) -> str:
    """Short hash of the commit, with a plus where files of the project differ from it."""
    commit = _git(root, "rev-parse", "--short", "HEAD")
    changed = _git(root, "status", "--porcelain", "--", "inverse_tracr", "benchmarks")
    return commit + ("+" if changed else "")


def hardware() -> str:
    """Processor, cores and Python of this machine."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
        model = named.group(1).strip() if named else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _git(root: Path, *arguments: str) -> str:
    # Git is whatever the person calls git; arguments are ours, and no shell reads them.
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip() or ("unknown" if done.returncode else "")
