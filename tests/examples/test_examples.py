"""Every example compiles as Tracr compiles it, and is found again from its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.compile import compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.rasp import parse_source, print_program

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.rasp"))


def test_there_are_enough() -> None:
    assert len(EXAMPLES) >= 30


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_decompiled_and_verified(path: Path) -> None:
    source = parse_source(path.read_text(encoding="utf-8"))
    assert source.signature is not None
    assert source.description.endswith(".")
    assert parse_source(print_program(source.program, source.signature)).program == source.program

    found = decompile(compile_program(source.program, source.signature))

    assert found.verification.verified, str(found)
    assert found.method == "lift"
    assert found.candidates == 1
    assert not found.unexplained
