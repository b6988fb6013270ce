"""Model files written byte by byte, so that tests can write what no library would."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

Entries = dict[str, Any]


def safetensors_bytes(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A safetensors file with this header (JSON, or text as it is) and a true or false header length."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def split(path: Path) -> tuple[Entries, bytes]:
    """Header and data of a well-formed safetensors file."""
    content = path.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:end]), content[end:]


def npy_bytes(array: np.ndarray, *, header: bytes | None = None) -> bytes:
    """A .npy file of version 1 with its own header or another one."""
    shape = ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "")
    descr = np.lib.format.dtype_to_descr(array.dtype)
    text = header or f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + array.tobytes()
