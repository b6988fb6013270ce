"""Runs notebooks from a clean kernel and keeps their outputs: `python -m tests.docs.notebooks FILE...`."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

SECONDS = 300
"""Longest time for a cell."""


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook, executed; raises CellExecutionError for a cell that fails."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ from run to run
    return notebook


def main() -> None:
    """Execute notebooks in place."""
    for name in sys.argv[1:]:
        nbformat.write(run(Path(name)), name)


if __name__ == "__main__":
    main()
