"""Programs and models that commands are given by path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inverse_tracr.errors import BadInputError

if TYPE_CHECKING:
    from inverse_tracr.model import TransformerProgram
    from inverse_tracr.rasp import Source

MAX_PROGRAM_BYTES = 2_000_000


def read_program(path: Path) -> Source:
    """The program of a text file, with the signature of its header if it has one.

    Raises BadInputError, naming the file, when it is no text or no program.
    """
    from inverse_tracr.rasp import parse_source

    text = read_text(path)
    try:
        return parse_source(text)
    except BadInputError as error:
        where = f"{path}, {error.where}" if error.where else str(path)
        raise BadInputError(
            error.problem, where=where, expected=error.expected, got=error.got, advice=error.advice
        ) from error


def read_text(path: Path) -> str:
    """The text of a file or pipe; raises BadInputError, naming it, where it is none or too large."""
    if path.is_dir():
        raise BadInputError("this is a folder", where=str(path), expected="a file of text")
    with path.open("rb") as file:
        content = file.read(MAX_PROGRAM_BYTES + 1)
    if len(content) > MAX_PROGRAM_BYTES:
        raise BadInputError(
            "the file is too large", where=str(path), expected=f"{MAX_PROGRAM_BYTES} bytes at most"
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadInputError(
            "the file is no UTF-8 text",
            where=f"{path}, line {line}",
            got=f"the byte 0x{error.object[error.start]:02x}",
            advice="Save it as UTF-8",
        ) from None


def read_model(path: Path) -> TransformerProgram:
    """The model of a folder; raises BadInputError as `inverse_tracr.load` does."""
    from inverse_tracr.model.files import load

    return load(path)
