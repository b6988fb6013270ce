"""Standard output is data, standard error is messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

SCHEMA = 1
"""Version of the JSON that commands print; raised when a key changes its meaning or goes."""


def emit(text: str) -> None:
    """Print data."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def emit_json(data: Mapping[str, object]) -> None:
    """Print one JSON object, its schema version first."""
    emit(json.dumps({"schema": SCHEMA, **data}, ensure_ascii=False, indent=2))


def note(message: str) -> None:
    """Print a message for the person at the terminal."""
    sys.stderr.write(message + "\n")
