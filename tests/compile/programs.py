"""Programs written on one line."""

from __future__ import annotations

from inverse_tracr.rasp import Program, parse


def lines(text: str) -> Program:
    """A program whose lines stand side by side, with "; " between them."""
    return parse(text.replace("; ", "\n"))
