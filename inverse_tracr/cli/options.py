"""Option types that several commands share."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""A switch that is off unless it is given, without a `--no-` form."""
