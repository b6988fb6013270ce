"""The command `sample`."""

from __future__ import annotations

import pytest

from inverse_tracr.rasp import parse_source
from tests.cli.invoke import CommandLine


def test_the_command_prints_programs(cli: CommandLine) -> None:
    result = cli("sample", "-n", 3, "--seed", 1, "--length", 5)
    assert result.code == 0
    programs = result.out.split("\n\n")
    assert len(programs) == 3
    for index, text in enumerate(programs):
        assert text.startswith(f"# sample: preset=sound seed=1 index={index}\n# signature: vocab=[")
        source = parse_source(text)
        assert source.signature is not None
        assert len(source.program) == 5
    later = cli("sample", "--seed", 1, "--start", 2, "--length", 5)
    assert later.out.rstrip() == programs[2].rstrip()


def test_the_command_prints_json_and_statistics(cli: CommandLine) -> None:
    result = cli("sample", "-n", 2, "--preset", "tracr", "--vocab", "x,y,z", "--max-seq-len", 6, "--json")
    data = result.data
    assert [found["index"] for found in data["samples"]] == [0, 1]
    assert "vocab=[x, y, z] max_seq_len=6" in data["samples"][0]["program"]
    table = cli("sample", "-n", 10, "--stats")
    assert "constant outputs    0.00%" in table.out
    assert cli("sample", "-n", 10, "--stats", "--json").data["programs"] == 10


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-n", "0"], 2, "a count, a seed and a start"),
        (["--length", "1"], 2, "a range from 2 or more"),
        (["--vocab", "a,a"], 2, "two or more different tokens"),
    ],
)
def test_the_command_refuses(cli: CommandLine, arguments: list[str], code: int, message: str) -> None:
    result = cli("sample", *arguments)
    assert result.code == code
    assert message in result.err
