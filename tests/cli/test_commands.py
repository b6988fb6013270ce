"""The commands, from a program file to a verdict, as a user runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine
from tests.conftest import Golden

SORT = """\
# signature: vocab=[1, 2, 3] max_seq_len=3
# Sorts distinct tokens.
smaller = select(tokens, tokens, <)
target = selector_width(smaller)
here = select(target, indices, ==)
ordered = aggregate(here, tokens)
return ordered
"""

REVERSED = SORT.replace("tokens, tokens, <", "tokens, tokens, >")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program file that sorts."""
    path = tmp_path / "sort.rasp"
    path.write_text(SORT, encoding="utf-8")
    return path


@pytest.fixture
def model(cli: CommandLine, program: Path, tmp_path: Path) -> Path:
    """The model folder that `compile` makes of it."""
    folder = tmp_path / "sort"
    assert cli("compile", program, "-o", folder).code == ExitCode.DONE
    return folder


def test_compile_writes_a_model_that_runs(cli: CommandLine, model: Path) -> None:
    assert {path.name for path in model.iterdir()} == {"config.json", "model.safetensors", "program.rasp"}
    assert cli("run", model, 3, 1, 2).out == "1 2 3\n"
    assert cli("run", model, 3, 1, "--json").data == {"schema": 1, "input": [3, 1], "output": [1, 3]}


def test_compile_prints_nothing_but_messages(cli: CommandLine, program: Path, tmp_path: Path) -> None:
    result = cli("compile", program, "-o", tmp_path / "m")
    assert result.out == ""
    assert "parameters" in result.err
    data = cli("compile", program, "-o", tmp_path / "m", "--json").data
    assert data["model"] == str(tmp_path / "m")
    assert data["config"]["n_layers"] == 2


def test_options_come_before_the_header(cli: CommandLine, program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    assert (
        cli("compile", program, "-o", folder, "--vocab", 'b,a,"1"', "--max-seq-len", 2).code == ExitCode.DONE
    )
    assert cli("run", folder, "b", "a").out == '"a" "b"\n'
    assert cli("run", folder, "b", 1).out == '"1" "b"\n'


def test_a_program_without_a_signature_asks_for_one(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "bare.rasp"
    path.write_text(SORT.partition("\n")[2], encoding="utf-8")
    result = cli("compile", path, "-o", tmp_path / "m")
    assert result.code == ExitCode.USAGE
    assert "--vocab is missing" in result.err
    result = cli("compile", path, "-o", tmp_path / "m", "--vocab", "a,b")
    assert "--max-seq-len is missing" in result.err
    assert not (tmp_path / "m").exists()


def test_a_model_above_the_cap_is_refused(cli: CommandLine, program: Path, tmp_path: Path) -> None:
    result = cli("compile", program, "-o", tmp_path / "m", "--max-parameters", 100)
    assert result.code == ExitCode.CAP_HIT
    assert "expected at most 100" in result.err
    assert not (tmp_path / "m").exists()


def test_a_fault_in_a_program_is_shown_where_it_is(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "wrong.rasp"
    path.write_text("v1 = select(tokens, tokens, ==)\nv2 = selektor_width(v1)\nreturn v2\n", encoding="utf-8")
    result = cli("show", path)
    assert result.code == ExitCode.BAD_INPUT
    assert "wrong.rasp" in result.err
    assert "line 2, column 6" in result.err


@pytest.mark.parametrize(
    ("tokens", "message"), [((9,), "position 0"), ((), "length"), ((1, 1, 1, 1), "length")]
)
def test_an_input_that_the_model_cannot_read_is_named(
    cli: CommandLine, model: Path, tokens: tuple[int, ...], message: str
) -> None:
    result = cli("run", model, *tokens)
    assert result.code == ExitCode.BAD_INPUT
    assert message in result.err


def test_decompile_finds_the_program(cli: CommandLine, model: Path, tmp_path: Path) -> None:
    result = cli("decompile", model)
    assert result.code == ExitCode.DONE
    assert "# verdict: equivalent (39 inputs checked)" in result.out
    found = tmp_path / "found.rasp"
    found.write_text(result.out, encoding="utf-8")
    assert cli("verify", model, found).code == ExitCode.DONE
    assert cli("compile", found, "-o", tmp_path / "again").code == ExitCode.DONE
    assert cli("run", tmp_path / "again", 3, 1, 2).out == "1 2 3\n"


def test_decompile_as_data(cli: CommandLine, model: Path) -> None:
    data = cli("decompile", model, "--json").data
    assert data["schema"] == 1
    assert data["verdict"] == "equivalent"
    assert data["inputs_checked"] == 3 + 9 + 27
    assert data["agreement"] == 1
    assert data["counterexample"] is None
    assert data["seconds"] > 0
    assert data["program"].endswith("\n")


def test_verify_refutes_with_the_smallest_counterexample(
    cli: CommandLine, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "reversed.rasp"
    path.write_text(REVERSED, encoding="utf-8")
    result = cli("verify", model, path)
    assert result.code == ExitCode.PROBLEM_FOUND
    assert "# verdict: refuted" in result.out
    data = cli("verify", model, path, "--json").data
    assert data["counterexample"] == {
        "input": [1, 2],
        "model": [1, 2],
        "program": [2, 1],
        "recompiled": [2, 1],
    }
    assert 0 < data["agreement"] < 1


def test_show_a_program(cli: CommandLine, program: Path, golden: Golden) -> None:
    golden("cli/show_program.txt", cli("show", program).out)
    data = cli("show", program, "--json").data
    assert data["value_sets"]["target"] == [0, 1, 2, 3]
    assert data["canonical"].endswith("return v4\n")


def test_show_a_model(cli: CommandLine, model: Path, program: Path, golden: Golden) -> None:
    golden("cli/show_model.txt", cli("show", model).out)
    data = cli("show", model, "--json").data
    assert data["parameters"] == cli("show", program, "--json").data["parameters"]
    assert data["layers"][0]["heads"] == 1


def test_what_show_prints_is_a_program_file(cli: CommandLine, program: Path, tmp_path: Path) -> None:
    shown = cli("show", program).out
    again = tmp_path / "again.rasp"
    again.write_text(shown, encoding="utf-8")
    assert cli("show", again).out == shown


@pytest.mark.parametrize("version", ["3", "4"])
def test_an_exported_model_is_imported_again(
    cli: CommandLine, model: Path, tmp_path: Path, version: str
) -> None:
    folder, again = tmp_path / "exported", tmp_path / "imported"
    assert cli("export", model, "-o", folder, "--transformer-lens", version).code == ExitCode.DONE
    assert cli("import", folder / "model.safetensors", "-o", again).code == ExitCode.DONE
    assert (again / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()


def test_a_pickle_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"not looked at")
    result = cli("import", path, "-o", tmp_path / "m")
    assert result.code == ExitCode.BAD_INPUT
    assert "Pickles can run code" in result.err
    assert not (tmp_path / "m").exists()


def test_a_program_may_come_from_a_pipe(cli: CommandLine, tmp_path: Path) -> None:
    def piped(content: bytes) -> str:
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        return f"/dev/fd/{reading}"

    sort = piped(SORT.replace("\n", "\r\n").encode())
    assert cli("compile", sort, "-o", tmp_path / "model").code == ExitCode.DONE
    assert cli("verify", tmp_path / "model", piped(SORT.encode())).code == ExitCode.DONE
    refused = cli("show", piped(b"v1 = map(tokens, x == \xff)\nreturn v1\n"))
    assert refused.code == ExitCode.BAD_INPUT
    assert "line 1" in refused.err
