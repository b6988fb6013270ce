"""Zoos as files of other programs, and circuits of each kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import import_model, load
from inverse_tracr.rasp import Signature, parse, parse_source
from inverse_tracr.zoo.circuits import circuit_json
from inverse_tracr.zoo.config import Kind
from inverse_tracr.zoo.export import Layout, export
from inverse_tracr.zoo.reader import Zoo


@pytest.mark.parametrize("layout", list(Layout))
def test_exported_models_load_again(standard_zoo: Path, tmp_path: Path, layout: Layout) -> None:
    zoo = Zoo(standard_zoo)
    assert export(zoo, tmp_path / "out", layout, limit=1) == sum(
        rows > 0 for rows in zoo.manifest.rows.values()
    )
    specimen = zoo.specimen("train", 0)
    folder = tmp_path / "out" / "models" / "train" / f"{specimen.row['item']:012}"
    foreign = layout in {Layout.TRANSFORMER_LENS_3, Layout.TRANSFORMER_LENS_4}
    model = import_model(folder / "model.safetensors") if foreign else load(folder)
    tokens = list(specimen.signature.vocab[:2])
    assert model(tokens) == specimen.model(tokens)
    assert parse_source((folder / "program.rasp").read_text()).program == specimen.program
    assert json.loads((folder / "circuit.json").read_text())["granularity"] == "subspaces"
    assert (tmp_path / "out" / "README.md").exists() == (layout is Layout.HUGGING_FACE)


def test_an_export_overwrites_nothing(standard_zoo: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(BadInputError, match="not empty"):
        export(Zoo(standard_zoo), tmp_path, Layout.SAFETENSORS)


def test_circuits_say_only_what_is_known() -> None:
    program = parse("v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2")
    signature = Signature(("a", "b"), 3)
    found = {kind: json.dumps(circuit_json(kind, program, signature)["lines"]) for kind in Kind}
    assert '"dims"' in found[Kind.STANDARD]
    assert '"dims"' not in found[Kind.COMPRESSED]
    assert '"head": 0' in found[Kind.COMPRESSED]
    assert '"head": 0' not in found[Kind.NATURAL]
    assert '"half_layer": 0' in found[Kind.NATURAL]
