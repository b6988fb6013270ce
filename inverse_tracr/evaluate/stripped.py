"""What a decompiler is given: a folder with weights and configuration, named by their hash, and no more."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from inverse_tracr.model import TransformerProgram
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE

DIGEST_BYTES = 16


def strip(model: TransformerProgram, parent: Path) -> Path:
    """Write a model, without program, circuit, labels or provenance, to a folder of `parent`.

    The folder's name is the hash of its bytes, so that it says nothing about test set or row.
    """
    with tempfile.TemporaryDirectory(dir=parent) as scratch:
        model.save(scratch)
        folder = parent / folder_hash(Path(scratch))
        folder.mkdir(exist_ok=True)
        for name in (WEIGHTS_FILE, CONFIG_FILE):
            (Path(scratch) / name).replace(folder / name)
    return folder


def folder_hash(folder: Path) -> str:
    """Hash of a stripped model: weights and configuration, 32 hexadecimal digits."""
    found = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        content = (folder / name).read_bytes()
        found.update(len(content).to_bytes(8, "little"))
        found.update(content)
    return found.hexdigest()
