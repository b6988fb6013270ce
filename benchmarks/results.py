"""Sections of docs/results.md, each written by its command and by nobody else."""

from __future__ import annotations

import sys
from pathlib import Path

from inverse_tracr.evaluate.sections import plain_arguments, provenance, replace_section, table

__all__ = ["RESULTS", "ROOT", "table", "tell", "write_section"]

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results.md"


def write_section(name: str, title: str, body: str, *, path: Path = RESULTS) -> None:
    """Replace the section between the markers of `name`, or append it, with command, revision and hardware.

    Raises ValueError for a name that cannot stand in a marker.
    """
    replace_section(path, name, title, body, provenance(_command(), ROOT))


def tell(done: int, of: int, every: int = 1_000) -> None:
    """Say on standard error how far a long run has come, now and then."""
    if done % every == 0:
        print(f"{done:,} of {of:,}", file=sys.stderr, flush=True)


def _command() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return " ".join([Path(sys.argv[0]).name, *plain_arguments()])
    return " ".join(["python -m", spec.name.removesuffix(".__main__"), *plain_arguments()])
