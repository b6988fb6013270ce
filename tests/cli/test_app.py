"""The application as a whole: help, usage, errors, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import inverse_tracr
from inverse_tracr.cli.app import COMMANDS, build_app
from inverse_tracr.cli.errors import ExitCode, guarded
from inverse_tracr.errors import BadInputError, CapExceededError, InverseTracrError
from tests.cli.invoke import CommandLine


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_root_help_names_every_command(cli: CommandLine, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert result.code == ExitCode.DONE
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in result.out
        assert summary in result.out


def test_the_quick_answers_are_those_of_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    build_app()(["--version"])
    assert capsys.readouterr().out.strip() == inverse_tracr.__version__


def test_the_version(cli: CommandLine) -> None:
    assert cli("--version").out.strip() == inverse_tracr.__version__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(cli: CommandLine, name: str) -> None:
    result = cli(name, "--help")
    assert result.code == ExitCode.DONE
    assert f"inverse-tracr {name}" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], 'Unknown command "nonsense"'),
        (["decompile"], "MODEL"),
        (["decompile", "m", "--method", "guess"], "guess"),
        (["run", "m", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(
    cli: CommandLine, arguments: list[str], message: str
) -> None:
    result = cli(*arguments)
    assert result.code == ExitCode.USAGE
    assert message in result.err
    assert result.out == ""


@pytest.mark.parametrize("command", ["decompile", "run", "show"])
def test_a_missing_file_exits_3_and_is_named(cli: CommandLine, tmp_path: Path, command: str) -> None:
    result = cli(command, tmp_path / "absent")
    assert result.code == ExitCode.BAD_INPUT
    assert "absent" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInputError("wrong"), ExitCode.BAD_INPUT),
        (CapExceededError("wrong"), ExitCode.CAP_HIT),
        (InverseTracrError("wrong"), ExitCode.PROBLEM_FOUND),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (FileNotFoundError(2, "wrong", "file"), ExitCode.BAD_INPUT),
    ],
)
def test_an_error_has_its_exit_code_and_one_message(
    error: BaseException, code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    assert guarded(command, as_json=False) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1


def test_a_fault_of_the_package_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ZeroDivisionError

    assert guarded(command, as_json=False) == ExitCode.FAULT
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_an_error_is_data_too_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise BadInputError("too long", where="m/config.json", expected="1", got="2", advice="Cut it.")

    guarded(command, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "error": {
            "kind": "BadInputError",
            "problem": "too long",
            "where": "m/config.json",
            "expected": "1",
            "got": "2",
            "advice": "Cut it.",
        },
    }


def test_a_missing_extra_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ModuleNotFoundError("No module named 'haiku'", name="haiku")

    assert guarded(command, as_json=False) == ExitCode.USAGE
    assert "pip install 'inverse-tracr[tracr]'" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_knows_every_command(cli: CommandLine, shell: str) -> None:
    result = cli("completion", shell)
    assert result.code == ExitCode.DONE
    for name in COMMANDS:
        assert name in result.out


def test_doctor_names_core_extras_and_caps(cli: CommandLine) -> None:
    data = cli("doctor", "--json").data
    assert data["schema"] == 1
    assert data["missing"] == []
    assert data["torch"]["threads"] >= 1
    assert data["core"]["torch"] == data["torch"]["version"]
    assert data["extras"]["tracr"].startswith(("installed", "not installed"))
    assert data["caps"]["parameters of a compiled model"] == 10**7
    assert "no problem found" in cli("doctor").out
