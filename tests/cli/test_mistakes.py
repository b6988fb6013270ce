"""Mistakes that users make: each is named, nothing of theirs is lost, and no traceback is shown."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine

SORT = """\
# signature: vocab=[1, 2, 3] max_seq_len=3
# A comment of mine.
smaller = select(tokens, tokens, <)
target = selector_width(smaller)
return target
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a program file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sort.rasp").write_text(SORT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def model(cli: CommandLine, here: Path) -> Path:
    """The model folder that `compile` makes of the program."""
    assert cli("compile", "sort.rasp", "-o", "sort").code == ExitCode.DONE
    return here / "sort"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("option", ["-o", "--output="])
def test_an_empty_name_is_not_the_working_folder(cli: CommandLine, here: Path, option: str) -> None:
    before = contents(here)
    words = ["-o", ""] if option == "-o" else [option]
    result = cli("compile", "sort.rasp", *words)
    assert result.code == ExitCode.USAGE
    assert "the name is empty" in result.err
    assert contents(here) == before


@pytest.mark.parametrize("command", [("train", ""), ("zoo", "build", "--count", 2, "--out", "")])
def test_an_empty_name_is_no_folder_to_build_in(
    cli: CommandLine, here: Path, command: tuple[object, ...]
) -> None:
    before = contents(here)
    result = cli(*command)
    assert result.code == ExitCode.USAGE
    assert "the name is empty" in result.err
    assert contents(here) == before


def test_a_program_of_the_user_is_not_written_over(cli: CommandLine, here: Path) -> None:
    mine = here / "program.rasp"
    mine.write_text("mine = map(tokens, x)\nreturn mine\n", encoding="utf-8")
    before = contents(here)
    result = cli("compile", "sort.rasp", "-o", ".")
    assert result.code == ExitCode.BAD_INPUT
    assert "program.rasp" in result.err
    assert contents(here) == before


def test_the_source_keeps_its_comments_where_it_lies_in_the_model_folder(
    cli: CommandLine, model: Path
) -> None:
    source = model / "program.rasp"
    source.write_text(SORT, encoding="utf-8")
    assert cli("compile", source, "-o", model).code == ExitCode.DONE
    assert source.read_text(encoding="utf-8") == SORT


def test_a_model_of_another_project_is_not_written_over(cli: CommandLine, here: Path) -> None:
    theirs = here / "gpt2"
    theirs.mkdir()
    (theirs / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    (theirs / "model.safetensors").write_bytes(b"weights")
    before = contents(theirs)
    result = cli("compile", "sort.rasp", "-o", theirs)
    assert result.code == ExitCode.BAD_INPUT
    assert "gpt2" in result.err
    assert contents(theirs) == before
    assert "inverse-tracr import" in cli("run", theirs, 1).err


def test_a_model_is_not_written_over_by_its_export_or_import(cli: CommandLine, model: Path) -> None:
    before = contents(model)
    result = cli("export", model, "-o", model)
    assert result.code == ExitCode.BAD_INPUT
    assert "the folder holds a model" in result.err
    assert contents(model) == before
    assert cli("export", model, "-o", "lens").code == ExitCode.DONE
    before = contents(Path("lens"))
    result = cli("import", "lens/model.safetensors", "-o", "lens")
    assert result.code == ExitCode.USAGE
    assert contents(Path("lens")) == before


@pytest.mark.parametrize("command", [("report", "sort", "-o"), ("decompile", "sort", "--report")])
@pytest.mark.parametrize(
    ("name", "problem"),
    [("sort/model.safetensors", "no such format"), ("none/x.html", "no such folder"), ("x.html", "a folder")],
)
@pytest.mark.usefixtures("model")
def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    cli: CommandLine, here: Path, command: tuple[str, ...], name: str, problem: str
) -> None:
    (here / "x.html").mkdir()
    before = contents(here)
    result = cli(*command, name)
    assert result.code in (ExitCode.USAGE, ExitCode.BAD_INPUT)
    assert problem in result.err
    assert result.out == ""
    assert contents(here) == before


@pytest.mark.usefixtures("model")
def test_a_page_in_a_folder_without_permission_is_refused(
    cli: CommandLine, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = here / "locked"
    locked.mkdir(mode=0o500)
    # Root, as whom tests run in containers, may write there all the same.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != locked)
    result = cli("report", "sort", "-o", locked / "x.html")
    assert result.code == ExitCode.BAD_INPUT
    assert "nothing can be written" in result.err


@pytest.mark.usefixtures("model")
def test_a_picture_without_an_input_takes_none(cli: CommandLine) -> None:
    result = cli("picture", "graph", "sort", 9, "-o", "x.svg")
    assert result.code == ExitCode.USAGE
    assert "shows no input" in result.err
    assert cli("picture", "graph", "sort", "-o", "x.SVG").code == ExitCode.DONE


def test_a_log_that_is_none_is_named(cli: CommandLine, here: Path) -> None:
    result = cli("picture", "learning-curve", "sort.rasp", "-o", "x.svg")
    assert result.code == ExitCode.BAD_INPUT
    assert result.err.startswith("error: sort.rasp: this is no log")


def test_a_byte_order_mark_is_no_part_of_a_program(cli: CommandLine, here: Path) -> None:
    Path("marked.rasp").write_bytes(b"\xef\xbb\xbf" + SORT.replace("\n", "\r\n").encode())
    assert cli("show", "marked.rasp").out == cli("show", "sort.rasp").out


def test_text_in_another_encoding_is_refused_at_its_line(cli: CommandLine, here: Path) -> None:
    Path("latin.rasp").write_bytes(SORT.encode() + "# caf\xe9\n".encode("latin-1"))
    result = cli("show", "latin.rasp")
    assert result.code == ExitCode.BAD_INPUT
    assert "latin.rasp, line 6: the file is no UTF-8 text; got the byte 0xe9" in result.err


def test_model_and_program_in_the_wrong_order(cli: CommandLine, model: Path) -> None:
    assert "this is no model" in cli("verify", "sort.rasp", "sort").err
    assert "sort: this is a folder" in cli("verify", "sort", "sort").err


def test_what_is_no_model_folder_is_named(cli: CommandLine, model: Path) -> None:
    Path("empty").mkdir()
    assert "empty: the folder holds no model" in cli("run", "empty", 1).err
    (model / "model.safetensors").write_bytes(b"")
    assert "expected 10 bytes or more, got a file of 0 bytes" in cli("run", model, 1).err
    assert "there is no such file" in cli("import", "none.safetensors", "-o", "x").err
    assert "this is a folder" in cli("import", "empty", "-o", "x").err


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_out_of_range(cli: CommandLine, port: int) -> None:
    result = cli("explore", "--port", port)
    assert result.code == ExitCode.USAGE
    assert "0 to 65535" in result.err


def test_a_port_that_is_taken(cli: CommandLine) -> None:
    pytest.importorskip("fastapi", reason="needs the extra [serve]")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = cli("explore", "--port", port)
    assert result.code == ExitCode.BAD_INPUT
    assert f"port {port}" in result.err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--steps", "0"], "--steps"),
        (["--zoo", "none"], "none: there is no such folder"),
        (["--zoo", "."], "this is no zoo"),
    ],
)
def test_training_options_are_looked_at_first(
    cli: CommandLine, here: Path, options: list[str], problem: str
) -> None:
    result = cli("train", "run", *options)
    assert result.code in (ExitCode.USAGE, ExitCode.BAD_INPUT)
    assert problem in result.err
    assert "Traceback" not in result.err
    assert not (here / "run").exists()


def test_training_on_a_gpu_that_is_not_there(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = cli("train", "run", "--device", "cuda")
    assert result.code == ExitCode.USAGE
    assert "finds no GPU" in result.err


@pytest.mark.parametrize("command", [("zoo", "info"), ("zoo", "export", "--out", "x"), ("evaluate",)])
def test_a_folder_that_is_no_zoo(cli: CommandLine, model: Path, command: tuple[str, ...]) -> None:
    result = cli(*command, "sort")
    assert result.code == ExitCode.BAD_INPUT
    assert "no zoo" in result.err


def test_a_build_leaves_nothing_in_a_folder_that_is_not_its_own(cli: CommandLine, model: Path) -> None:
    before = sorted(model.iterdir())
    result = cli("zoo", "build", "--out", model, "--count", 2, "--engine", "serial")
    assert result.code == ExitCode.USAGE
    assert "Give another folder" in result.err
    assert sorted(model.iterdir()) == before
    result = cli("zoo", "build", "--out", "sort.rasp", "--count", 2, "--engine", "serial")
    assert result.code == ExitCode.USAGE
    assert "this is a file" in result.err


def test_a_zoo_that_is_half_built_is_called_so(cli: CommandLine, here: Path) -> None:
    building = here / "half" / ".building"
    building.mkdir(parents=True)
    (building / "job.json").write_text("{}", encoding="utf-8")
    result = cli("zoo", "info", "half")
    assert result.code == ExitCode.BAD_INPUT
    assert "half: the zoo is not finished" in result.err
    assert "--close" in result.err


def test_a_split_without_models_and_a_name_that_is_misspelt(cli: CommandLine, here: Path) -> None:
    assert cli("zoo", "build", "--out", "zoo", "--count", 2, "--engine", "serial").code == ExitCode.DONE
    result = cli("evaluate", "zoo", "--split", "validation")
    assert result.code == ExitCode.BAD_INPUT
    assert "validation holds no models" in result.err
    result = cli("evaluate", "standrd-test")
    assert result.code == ExitCode.BAD_INPUT
    assert "one of standard-test" in result.err
    assert "--only standrd-test" not in result.err
    result = cli("evaluate", "zoo", "--write")
    assert result.code == ExitCode.USAGE
    assert result.out == ""


def test_an_export_that_was_interrupted_does_not_look_whole(cli: CommandLine, here: Path) -> None:
    assert cli("zoo", "build", "--out", "zoo", "--count", 2, "--engine", "serial").code == ExitCode.DONE
    assert cli("zoo", "export", "zoo", "--out", "whole").code == ExitCode.DONE
    assert [path.name for path in Path("whole").iterdir()] == ["models"]
    Path("cut").mkdir()
    shutil.copytree("whole/models/train", "cut/.exporting/models/validation")
    assert cli("zoo", "export", "zoo", "--out", "cut").code == ExitCode.DONE
    relative = {str(path.relative_to("cut")) for path in Path("cut").rglob("*")}
    assert relative == {str(path.relative_to("whole")) for path in Path("whole").rglob("*")}
    assert cli("zoo", "export", "zoo", "--out", "none", "--limit", 0).code == ExitCode.BAD_INPUT


def test_a_zoo_that_was_closed_early_says_so(cli: CommandLine, here: Path) -> None:
    assert cli("zoo", "build", "--out", "zoo", "--count", 2, "--engine", "serial").code == ExitCode.DONE
    assert "closed early" not in cli("zoo", "info", "zoo").out
    manifest = Path("zoo/zoo.json")
    fields = json.loads(manifest.read_text(encoding="utf-8"))
    fields["config"]["count"] = 5
    manifest.write_text(json.dumps(fields), encoding="utf-8")
    assert "2 (closed early: 5 were asked for)" in cli("zoo", "info", "zoo").out


@pytest.mark.parametrize("written", ["1,2,3", "1 2 3"])
@pytest.mark.usefixtures("model")
def test_tokens_in_one_argument_are_taken_apart_for_the_reader(cli: CommandLine, written: str) -> None:
    result = cli("run", "sort", written)
    assert result.code == ExitCode.USAGE
    assert "Write: 1 2 3" in result.err


@pytest.mark.usefixtures("model")
def test_a_program_of_another_signature_is_compared_under_the_models(cli: CommandLine) -> None:
    Path("wide.rasp").write_text(SORT.replace("[1, 2, 3]", "[1, 2, 3, 4]"), encoding="utf-8")
    result = cli("verify", "sort", "wide.rasp")
    assert result.code == ExitCode.DONE
    assert "another signature" in result.err
    assert cli("verify", "sort", "sort.rasp").err == ""


@pytest.mark.parametrize("name", ["sort.rasp", "sort.rasp/model"])
def test_a_file_where_a_folder_should_be(cli: CommandLine, here: Path, name: str) -> None:
    result = cli("compile", "sort.rasp", "-o", name)
    assert result.code == ExitCode.BAD_INPUT
    assert "expected a folder" in result.err
    assert (here / "sort.rasp").read_text(encoding="utf-8") == SORT


@pytest.mark.parametrize(
    "words",
    [
        "zoo build --kind standard --count 0 --out zoo",
        "zoo build --kind natural --count 3 --factor 0.5 --out zoo",
        "zoo build --count 3 --max-parameters 0 --out zoo",
        "zoo plan --kind standard --count 0",
        "sample -n 1 --length 0",
        "train run --programs 0",
        "train run --steps 0",
    ],
)
def test_options_out_of_range_are_wrong_usage(
    cli: CommandLine, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert cli(*words.split()).code == ExitCode.USAGE
    assert not list(tmp_path.iterdir())
