"""How to compile: as Tracr does, or with its faults mended."""

from __future__ import annotations

import enum

from inverse_tracr.errors import BadInputError


class Mode(enum.Enum):
    """`TRACR` reproduces Tracr, faults included; `FIXED` mends or refuses them (docs/tracr-faults.md)."""

    TRACR = "tracr"
    FIXED = "fixed"

    __hash__ = object.__hash__


class CompileError(BadInputError):
    """A program that cannot be compiled; says the line and why."""
