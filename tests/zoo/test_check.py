"""Whatever is wrong with a zoo is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inverse_tracr.rasp import RaspSyntaxError
from inverse_tracr.zoo.check import check
from inverse_tracr.zoo.check_models import check_model
from inverse_tracr.zoo.chunks import digest_of, parquet_bytes
from inverse_tracr.zoo.reader import Zoo
from inverse_tracr.zoo.weights_file import open_packed, pack
from tests.zoo.examples import copy

TRAIN = "data/train-00000-of-00001.parquet"
Edit = Callable[[list[dict[str, object]]], object]
WEIGHTS = "weights/train-00000-of-00001.safetensors"


def problems(folder: Path, sample: int = 2) -> str:
    return "\n".join(map(str, check(folder, sample=sample).problems))


def first_model(folder: Path) -> list[tuple[str, str]]:
    try:
        return list(check_model(Zoo(folder), "train", 0, 0))
    except RaspSyntaxError:
        return []


def rewrite(folder: Path, name: str, data: bytes, rows: int) -> None:
    """Replace a file and its entry in the manifest, as one who knows the format would."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "zoo.json").read_text())
    manifest["files"][name] = {"digest": digest_of(data), "size": len(data), "rows": rows}
    (folder / "zoo.json").write_text(json.dumps(manifest))


def edit_rows(folder: Path, edit: Edit) -> None:
    table = pq.read_table(folder / TRAIN)
    rows = table.to_pylist()
    edit(rows)
    data = parquet_bytes(pa.Table.from_pylist(rows, schema=table.schema))
    rewrite(folder, TRAIN, data, len(rows))


@pytest.mark.parametrize("fixture", ["standard_zoo", "compressed_zoo"])
def test_nothing_is_wrong_with_a_fresh_zoo(fixture: str, request: pytest.FixtureRequest) -> None:
    found = check(request.getfixturevalue(fixture), sample=3)
    assert found.problems == ()
    assert found.models == 3


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit": (lambda zoo: flip(zoo / TRAIN), "content has changed"),
    "a cut": (lambda zoo: (zoo / TRAIN).write_bytes((zoo / TRAIN).read_bytes()[:-5]), "bytes, got"),
    "a loss": (lambda zoo: (zoo / TRAIN).unlink(), "is missing"),
    "a stranger": (lambda zoo: (zoo / "data" / "train-9.parquet").touch(), "does not name"),
    "a remnant": (lambda zoo: (zoo / ".building").mkdir(), "left over"),
    "a card": (lambda zoo: (zoo / "README.md").write_text("# Mine"), "not that of the manifest"),
    "no licence": (lambda zoo: (zoo / "LICENSE").unlink(), "is missing"),
    "no manifest": (lambda zoo: (zoo / "zoo.json").unlink(), "this is no zoo"),
    "a broken manifest": (lambda zoo: (zoo / "zoo.json").write_text("{"), "malformed"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_found(standard_zoo: Path, tmp_path: Path, damage: str) -> None:
    folder = copy(standard_zoo, tmp_path / "zoo")
    make, expected = DAMAGES[damage]
    make(folder)
    assert expected in problems(folder, sample=0)


def set_cell(name: str, value: object) -> Edit:
    return lambda rows: rows[0].__setitem__(name, value)


FORGERIES: dict[str, tuple[Edit, str]] = {
    "a row less": (lambda rows: rows.pop(), "programs_hash"),
    "a row twice": (lambda rows: rows.append(rows[0]), "have the function of another row"),
    "order": (lambda rows: rows.reverse(), "out of order"),
    "a program": (lambda rows: rows[0].update(program=rows[1]["program"]), "programs_hash"),
    "a size": (set_cell("d_model", 3), "d_model: expected"),
    "a hash": (set_cell("canonical_hash", "0" * 32), "canonical_hash: expected"),
    "a split": (set_cell("function_hash", "0" * 30 + "5f"), "belong to another split"),
    "text": (set_cell("program", "return x"), "programs_hash"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_rows_are_found(standard_zoo: Path, tmp_path: Path, forgery: str) -> None:
    folder = copy(standard_zoo, tmp_path / "zoo")
    edit, expected = FORGERIES[forgery]
    edit_rows(folder, edit)
    found = problems(folder, sample=0) + "".join(problem for _, problem in first_model(folder))
    assert expected in found


def test_functions_of_test_sets_are_found(standard_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = int(str(pq.read_table(standard_zoo / TRAIN)["function_hash"][0])[:16], 16)
    monkeypatch.setattr(
        "inverse_tracr.zoo.check_rows.excluded_functions", lambda: np.array([key], dtype=np.uint64)
    )
    assert "1 rows have the function of a test set" in problems(standard_zoo, sample=0)


def test_changed_weights_are_found(compressed_zoo: Path, tmp_path: Path) -> None:
    folder = copy(compressed_zoo, tmp_path / "zoo")
    packed = open_packed(folder / WEIGHTS)
    models = [packed[index] for index in range(len(packed))]
    models[0][5] += 1
    rewrite(folder, WEIGHTS, pack(models), len(models))
    assert "weights_hash: expected" in "".join(problem for _, problem in first_model(folder))
