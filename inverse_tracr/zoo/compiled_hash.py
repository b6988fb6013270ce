"""A hash of compiled weights: of some models of a standard zoo, spread evenly over its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.zoo.index import SplitIndex
from inverse_tracr.zoo.reader import program_of
from inverse_tracr.zoo.weights_file import flatten

MODELS = 16


def compiled_hash(folder: Path, files: Iterable[str]) -> str:
    """Hash of the weights of `MODELS` models of a zoo with these files, or of all if there are fewer."""
    index = SplitIndex(folder, sorted(name for name in files if name.startswith("data/")))
    count = len(index)
    found = hashlib.blake2b(digest_size=16)
    for position in range(min(MODELS, count)):
        program, signature = program_of(index.row(position * count // min(MODELS, count)), str(folder))
        weights = compile_weights(program, signature, mode=Mode.FIXED, cap=2**40).weights
        found.update(flatten(weights).tobytes())
    return found.hexdigest()
