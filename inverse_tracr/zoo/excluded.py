"""The functions of the test sets, which no other zoo may hold."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

TEST_FUNCTIONS_FILE = Path(__file__).parent / "test_functions.txt"
"""One function a line: the first 16 hexadecimal digits of its hash, sorted."""

KEY_DIGITS = 16


def key_of(digest: str) -> int:
    """The first 64 bits of a hash in hexadecimal digits.

    That is enough to tell rows apart: two of 10^9 agree by accident with a probability of 3 %, and one of
    them is then left out.
    """
    return int(digest[:KEY_DIGITS], 16)


def keys_of(digests: list[str]) -> Keys:
    """`key_of` of many."""
    return np.array([key_of(digest) for digest in digests], dtype=np.uint64)


@cache
def excluded_functions() -> Keys:
    """Keys of the functions of all test sets, sorted."""
    lines = TEST_FUNCTIONS_FILE.read_text(encoding="ascii").split()
    return np.sort(keys_of(lines))


@cache
def excluded_digest() -> str:
    """Hash of the list of excluded functions."""
    return hashlib.blake2b(excluded_functions().tobytes(), digest_size=16).hexdigest()
