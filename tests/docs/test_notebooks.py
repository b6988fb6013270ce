"""The notebooks run from a clean kernel, and are committed with their outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient", reason="needs the extra [dev]")
pytest.importorskip("ipykernel", reason="needs the extra [dev]")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def prints(cell: dict[str, Any]) -> bool:
    """Whether a cell ends in an expression or prints at its outermost level."""
    last = "".join(cell["source"]).rstrip().splitlines()[-1]
    return last.startswith("print(") or (not last.startswith((" ", "import", "from")) and " = " not in last)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_committed(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell["source"] for cell in cells if prints(cell) and not cell["outputs"]] == []
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds
    assert kinds


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    process = subprocess.run(
        [sys.executable, "-m", "tests.docs.notebooks", copy],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr[-3_000:]
    assert len(code_cells(copy)) == len(code_cells(path))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 2
