"""Pictures as SVG and PNG files."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.report import study_model
from inverse_tracr.report.pictures import (
    PictureKind,
    heads_picture,
    mlp_picture,
    picture,
    residual_picture,
    to_png,
)
from inverse_tracr.report.samples import varied_input
from tests.cli.invoke import CommandLine
from tests.report.models import (
    EVERY,
    MIXED,
    Known,
    decompilation,
    known,
    random_weights,
    rotated,
    without_parts,
)
from tests.report.reading import SVG, svg_tree


def texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in svg_tree(svg).iter(f"{SVG}text")]


def titles(svg: str) -> list[str]:
    return [e.text or "" for e in svg_tree(svg).iter(f"{SVG}title")]


def not_understood() -> Known:
    model = random_weights(known(MIXED)[0])
    return model, decompilation(None, model.signature)


def turned() -> Known:
    model, found = known(MIXED)
    return rotated(model), without_parts(found)


@pytest.mark.parametrize("kind", PictureKind)
@pytest.mark.parametrize("case", [*EVERY, "rotated", "not understood"])
def test_every_picture_of_every_model_is_a_picture(kind: PictureKind, case: str) -> None:
    others = {"rotated": turned, "not understood": not_understood}
    model, found = others[case]() if case in others else known(EVERY[case])
    text = picture(kind, study_model(model, found), varied_input(model.signature))
    assert svg_tree(text).tag == f"{SVG}svg"
    assert "nan" not in text.lower().replace("font-family", "")
    assert "var(" not in text
    assert not any(said != said.strip() or "\n" in said for said in texts(text))


def test_the_residual_stream_shows_what_each_half_layer_adds() -> None:
    svg = residual_picture(study_model(*known(MIXED)), ["a", "b", "b"])
    assert [t for t in texts(svg) if t.startswith("after")] == [
        "after the embeddings",
        "after layer 0 attention",
        "after layer 0 MLP",
        "after layer 1 MLP",
        "after layer 2 attention",
        "after layer 2 MLP",
    ]
    # `count` is written in the first MLP and stands in that panel and the three after it.
    assert titles(svg).count("b · count = 2: 1") == 2 * 4
    assert titles(svg).count("a · count = 1: 1") == 4


def test_heads_show_truth_table_and_pattern() -> None:
    svg = heads_picture(study_model(*known(MIXED)), ["a", "b", "a"])
    assert "head 0.0 (same, count): W_Q W_Kᵀ / √d_head" in texts(svg)
    assert "tokens = b · tokens = b: 100" in titles(svg)
    assert "tokens = b · tokens = a: 100" not in titles(svg)
    assert "0.33" in texts(svg)


def test_mlps_show_the_product_from_input_to_output() -> None:
    svg = mlp_picture(study_model(*known(MIXED)), ["a", "b", "b"])
    for title in ("layer 2 MLP: read", "W_in", "hidden, with b_in", "after the ReLU", "W_out", "written"):
        assert title in texts(svg)
    assert "said 2.0" in texts(svg)


def test_a_png_is_a_png() -> None:
    pytest.importorskip("resvg_py", reason="needs the extra [pictures]")
    data = to_png(picture(PictureKind.GRAPH, study_model(*known(MIXED)), ()))
    assert data.startswith(b"\x89PNG")
    width = int.from_bytes(data[16:20], "big")
    assert width > 800


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_the_command_writes_pictures(cli: CommandLine, tmp_path: Path) -> None:
    known(MIXED)[0].save(tmp_path / "model")
    assert cli("picture", "graph", tmp_path / "model", "-o", tmp_path / "g.svg").code == ExitCode.DONE
    assert "selector_width" in "".join(texts((tmp_path / "g.svg").read_text(encoding="utf-8")))
    result = cli("picture", "heads", tmp_path / "model", "a", "b", "-o", tmp_path / "h.svg")
    assert result.code == ExitCode.DONE
    svg = (tmp_path / "h.svg").read_text(encoding="utf-8")
    assert svg_tree(svg).attrib["aria-label"] == "Attention heads on the input a b"


def test_the_command_says_what_is_wrong(cli: CommandLine, tmp_path: Path) -> None:
    known(MIXED)[0].save(tmp_path / "model")
    wrong_format = cli("picture", "graph", tmp_path / "model", "-o", tmp_path / "g.gif")
    assert wrong_format.code == ExitCode.USAGE
    assert "ends in .svg or .png" in wrong_format.err
    wrong_token = cli("picture", "mlp", tmp_path / "model", "q", "-o", tmp_path / "g.svg")
    assert wrong_token.code == ExitCode.BAD_INPUT
    assert "unknown token at position 0" in wrong_token.err
    assert not (tmp_path / "g.svg").exists()
