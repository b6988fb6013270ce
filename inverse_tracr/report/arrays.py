"""Arrays of numbers as text: base64 of float32, and only what is not zero where most is zero."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

_BOOK = 256
_FULL = 255


def encode(array: NDArray[np.float32]) -> dict[str, object]:
    """`array` for JSON, in the shortest of three forms; float32 comes back to the last bit, -0 as 0.

    Dense: `data` holds every number, little-endian. Sparse: `gaps` holds for each nonzero number how many
    zeros precede it, in bytes (255 says that more follow), and `data` these numbers, or, where they are at
    most 256 different ones, a byte each that points into `book`.
    """
    flat = np.ascontiguousarray(array, dtype="<f4").ravel()
    where = np.flatnonzero(flat)
    shape = list(array.shape)
    gaps = _gap_bytes(np.diff(where, prepend=-1) - 1)
    book, codes = np.unique(flat[where], return_inverse=True)
    small = len(book) <= _BOOK and 4 * len(book) + len(codes) < 4 * len(codes)
    values = codes.astype(np.uint8).tobytes() if small else flat[where].tobytes()
    if len(gaps) + len(values) >= 4 * len(flat):
        return {"shape": shape, "data": _text(flat.tobytes())}
    rows: dict[str, object] = {"shape": shape, "gaps": _text(gaps), "data": _text(values)}
    return {**rows, "book": _text(book.tobytes())} if small else rows


def _gap_bytes(gaps: NDArray[np.int64]) -> bytes:
    """Each gap as as many bytes of 255 as fit, and the rest."""
    ends = np.cumsum(gaps // _FULL + 1)
    found = np.full(int(ends[-1]) if len(ends) else 0, _FULL, dtype=np.uint8)
    found[ends - 1] = gaps % _FULL
    return found.tobytes()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
