"""How options are written where they identify what was made with them."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LATER = MappingProxyType({"later": True})
"""Metadata of a field that came later than zoos whose fingerprints are known."""


def options_text(options: DataclassInstance) -> str:
    """The `repr` that a dataclass has by itself, without later fields that are as they were before them."""
    shown = [
        f"{known.name}={getattr(options, known.name)!r}"
        for known in fields(options)
        if not (known.metadata.get("later") and getattr(options, known.name) == known.default)
    ]
    return f"{type(options).__qualname__}({', '.join(shown)})"
