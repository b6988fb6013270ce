"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest

from tests.cli.invoke import CommandLine


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, called in this process."""
    return CommandLine(capsys)
