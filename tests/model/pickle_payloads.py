"""Pickles that would leave a mark if anything opened them, in forms that have fooled loaders."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.model.raw_files import npy_bytes


class Calls:
    """Pickles to a call of `function(*arguments)`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def payloads(mark: Path) -> dict[str, bytes]:
    """File contents by kind; opening one with a careless loader makes the file `mark`."""
    touch = Calls(Path.touch, mark)
    pickled = {protocol: pickle.dumps(touch, protocol) for protocol in range(6)}
    plain = pickled[4]
    code = f"open({str(mark)!r}, 'w')"
    text = str(mark).encode()
    state_dict = {"embed.W_E": torch.ones(2), "x": touch}
    kinds = {f"protocol {protocol}": content for protocol, content in pickled.items()}
    kinds |= {
        "global by name": b"cbuiltins\nopen\n(V" + text + b"\nVw\ntR.",
        "inst opcode": b"(V" + text + b"\nVw\nibuiltins\nopen\n.",
        "obj opcode": b"(cbuiltins\nopen\nV" + text + b"\nVw\no.",
        "shell": pickle.dumps(Calls(subprocess.call, ["touch", str(mark)])),
        "exec": pickle.dumps(Calls(exec, code)),
        "eval": pickle.dumps(Calls(eval, code)),
        "resolved by name": b"\x80\x04cpkgutil\nresolve_name\n(Vbuiltins:open\ntR(V" + text + b"\nVw\ntR.",
        "pickle in a pickle": pickle.dumps(Calls(pickle.loads, plain)),
        "after a harmless one": pickle.dumps({"a": 1}) + plain,
        "behind white space": b" \n" + plain,
        "truncated": plain[:-1],
        "gzip": gzip.compress(plain),
        "bzip2": bz2.compress(plain),
        "xz": lzma.compress(plain),
        "zlib": zlib.compress(plain),
        "tar": _tar(plain),
        "torch archive": _torch(state_dict, zipped=True),
        "torch, old form": _torch(state_dict, zipped=False),
        "torch archive with a bad checksum": _torch(state_dict, zipped=True).replace(b"Path", b"path", 1),
        "archive of a pickle": _zip({"archive/data.pkl": plain, "archive/version": b"3"}),
        "archive in an archive": _zip({"a.npy": _zip({"data.pkl": plain})}),
        "npz with a pickle beside": _zip({"a.npy": npy_bytes(np.ones(3)), "data.pkl": plain}),
        "npz of objects": _npz(np.array([touch, None], dtype=object)),
        "npy of objects": _npy(np.array([touch, None], dtype=object)),
        "array header before a pickle": npy_bytes(np.ones(3)) + plain,
        "safetensors before an archive": _safetensors({"a": _entry(4)}, bytes(4)) + _zip({"data.pkl": plain}),
        "safetensors of a pickle": _safetensors(
            {"__metadata__": {"pickle": plain.hex()}, "a": _entry(4)}, bytes(4)
        ),
        "safetensors whose length is a pickle": plain[:8] + b"{" + plain[8:],
        "JSON of code": json.dumps({"__reduce__": ["builtins.eval", [code]]}).encode(),
        "Python source": code.encode(),
    }
    return kinds


def _entry(size: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}


def _safetensors(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("pickle")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _torch(content: object, *, zipped: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _npz(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=array)
    return buffer.getvalue()
