"""Where commands write to, looked at before anything takes time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.errors import BadInputError

PAGE = (".html", ".htm")
PICTURE = (".svg", ".png")


def _stated(_type: object, tokens: Sequence[Token]) -> Path:
    """The path of an argument; raises UsageError for an empty one, which would be the working folder."""
    (token,) = tokens
    if not token.value:
        raise UsageError(
            "the name is empty", where=token.keyword or "the path to write to", expected="a path"
        )
    return Path(token.value)


Destination = Annotated[Path, Parameter(converter=_stated)]
"""A path to write to."""


def check_file(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raise UsageError unless the name ends in one of `suffixes`, BadInputError where none can be written."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            "no such format", where=str(path), expected=f"a name that ends in {' or '.join(suffixes)}"
        )
    if path.is_dir():
        raise BadInputError("this is a folder", where=str(path), expected="the name of a file")
    if not path.parent.is_dir():
        raise BadInputError("there is no such folder", where=str(path.parent), advice="Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise BadInputError("nothing can be written to this folder", where=str(path.parent))
