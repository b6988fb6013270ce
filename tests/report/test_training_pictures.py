"""Pictures of training: learning curves, and the grid of target and prediction."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from inverse_tracr.cli.app import run
from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp import parse
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.report.pictures import learning_curve_picture, token_grid_picture

LETTERS = Signature(("a", "b", "c"), 5)
TRUE = parse("v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x > 1)\nreturn v3\n")


def log(points: int) -> str:
    line = {"loss": [4.0, 1.0, 1.0], "operands_right": 0.9, "fillings_right": 0.8, "programs_right": 0.3}
    rows = [
        line | {"programs": 100 * (at + 1), "held_out_loss": [5.0 - at, 1.0, 1.0]} for at in range(points)
    ]
    return "\n".join(map(json.dumps, rows))


def nodes(svg: str, name: str) -> list[ElementTree.Element]:
    tree = ElementTree.fromstring(svg)  # noqa: S314 - the text was made by this very test, by no stranger
    return [node for node in tree.iter() if node.tag.endswith(name)]


def test_curves_have_a_point_a_line() -> None:
    lines = nodes(learning_curve_picture(log(3)), "polyline")
    assert len(lines) == 5
    assert all(len(node.attrib["points"].split()) == 3 for node in lines)


def test_a_run_with_one_check_shows_where_it_stands() -> None:
    dots = nodes(learning_curve_picture(log(1)), "circle")
    assert len(dots) == 5
    assert {float(dot.attrib["cx"]) for dot in dots} == {388.0}


@pytest.mark.parametrize("text", ["", "nonsense", '{"programs": 3}'])
def test_other_files_are_no_logs(text: str) -> None:
    with pytest.raises(BadInputError, match="log"):
        learning_curve_picture(text)


def test_the_grid_counts_right_cells() -> None:
    whole = token_grid_picture(TRUE, TRUE, LETTERS)
    assert "prediction: 25 of 25 tokens right" in whole
    other = parse(
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x == 1)\nreturn v3\n"
    )
    assert "prediction: 25 of 25" not in token_grid_picture(TRUE, other, LETTERS)
    assert "prediction: 0 of 25 tokens right" in token_grid_picture(TRUE, None, LETTERS)


def test_the_commands_write_them(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(log(4), encoding="utf-8")
    assert not run(["picture", "learning-curve", str(tmp_path / "log.jsonl"), "-o", str(tmp_path / "a.svg")])
    program = "# signature: vocab=[a, b, c] max_seq_len=5\n" + str(TRUE)
    (tmp_path / "p.rasp").write_text(program, encoding="utf-8")
    assert not run(["compile", str(tmp_path / "p.rasp"), "-o", str(tmp_path / "m")])
    grid = ["picture", "token-grid", str(tmp_path / "p.rasp"), "--beside", str(tmp_path / "m")]
    assert not run([*grid, "-o", str(tmp_path / "b.svg")])
    assert "25 of 25" in (tmp_path / "b.svg").read_text(encoding="utf-8")
