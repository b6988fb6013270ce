"""The files of a zoo against its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from inverse_tracr.zoo.card import card
from inverse_tracr.zoo.job import BUILDING
from inverse_tracr.zoo.reader import Zoo

_KNOWN = {"zoo.json", "README.md", "LICENSE"}
_BLOCK = 2**20


def check_files(zoo: Zoo) -> Iterator[tuple[str, str]]:
    """What is missing, changed, or should not be there: where, and what."""
    folder = zoo.folder
    if (folder / BUILDING).exists():
        yield str(folder / BUILDING), "left over from the build; run the build again to remove it"
    for name in sorted(_KNOWN):
        if not (folder / name).is_file():
            yield str(folder / name), "the file is missing"
    if (folder / "README.md").is_file() and (folder / "README.md").read_bytes() != card(
        zoo.manifest
    ).encode():
        yield str(folder / "README.md"), "the card is not that of the manifest"
    for name, entry in zoo.manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield str(path), "the file is missing"
        elif path.stat().st_size != entry.size:
            yield str(path), f"expected {entry.size:,} bytes, got {path.stat().st_size:,}"
        elif (digest := _digest(path)) != entry.digest:
            yield str(path), f"the content has changed: expected digest {entry.digest}, got {digest}"
    for path in _files_in(folder):
        name = path.relative_to(folder).as_posix()
        if name not in zoo.manifest.files and name not in _KNOWN:
            yield str(path), "the manifest does not name this file"


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and BUILDING not in path.relative_to(folder).parts:
            yield path


def _digest(path: Path) -> str:
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
