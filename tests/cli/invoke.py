"""Run the command line in this process, as a user would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from inverse_tracr.cli import app
from inverse_tracr.cli.errors import guarded


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """Standard output as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Calls commands and collects what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        self._capsys.readouterr()
        try:
            code = guarded(lambda: app.run(words), as_json="--json" in words)
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        printed = self._capsys.readouterr()
        return Result(code, printed.out, printed.err)
