"""The rules under which an npz file is believed, each broken once."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.model import ModelFileError
from inverse_tracr.model.safe_npz import read_npz
from tests.model.raw_files import npy_bytes

ARRAY = np.arange(4, dtype="<f4")


def archive(*members: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as file:
        warnings.simplefilter("ignore")  # of doubled names
        for name, content in members:
            file.writestr(name, content, compression)
    return buffer.getvalue()


def one(content: bytes) -> bytes:
    return archive(("a.npy", content))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(path: Path, save: object) -> None:
    arrays = {
        "transformer/layer_0/attn/query/w": np.random.default_rng(0).random((3, 4)),
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "half": np.ones(5, np.float16),
        "big_endian": np.arange(3, dtype=">f4"),
        "scalar": np.array(2.5, np.float32),
    }
    save(path, **arrays)  # type: ignore[operator]
    read = read_npz(path)
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == np.float32
        assert np.array_equal(read[name], array.astype(np.float32))


def header(text: str) -> bytes:
    return npy_bytes(ARRAY, header=text.encode())


def encrypted() -> bytes:
    content = bytearray(one(npy_bytes(ARRAY)))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    return bytes(content)


def lying(content: bytes, claimed: int) -> bytes:
    """The archive with another unpacked size in its directory."""
    changed = bytearray(content)
    directory = changed.index(b"PK\x01\x02")
    changed[directory + 24 : directory + 28] = struct.pack("<L", claimed)
    return bytes(changed)


GOOD = one(npy_bytes(ARRAY))
END = GOOD.index(b"PK\x05\x06")

MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "no npz file"),
    "no archive": (b"hello, world" * 10, "no npz file"),
    "cut short": (GOOD[:-10], "plain form"),
    "bytes behind": (GOOD + b"\0", "plain form"),
    "bytes before": (b"PK\x03\x04" + GOOD, "plain form"),
    "comment": (GOOD[:-2] + b"\x01\x00!", "plain form"),
    "ZIP64": (GOOD[:END] + b"PK\x06\x07" + bytes(16) + GOOD[END:], "plain form"),
    "10,000 members in the directory's end": (
        GOOD[: END + 10] + struct.pack("<H", 10_000) + GOOD[END + 12 :],
        "number of arrays",
    ),
    "directory of another size": (
        GOOD[: END + 12] + struct.pack("<L", 2**30) + GOOD[END + 16 :],
        "plain form",
    ),
    "no member": (b"PK\x03\x04" + bytes(40), "plain form"),
    "absolute path": (archive(("/etc/a.npy", npy_bytes(ARRAY))), "name is not allowed"),
    "path upwards": (archive(("../a.npy", npy_bytes(ARRAY))), "name is not allowed"),
    "path upwards inside": (archive(("a/../../b.npy", npy_bytes(ARRAY))), "name is not allowed"),
    "backslash": (archive(("a\\b.npy", npy_bytes(ARRAY))), "name is not allowed"),
    "nested archive": (archive(("a.zip", GOOD)), "name is not allowed"),
    "nested archive under an array's name": (one(GOOD), "no .npy array"),
    "pickle": (archive(("data.pkl", b"\x80\x04N.")), "name is not allowed"),
    "name twice": (archive(("a.npy", npy_bytes(ARRAY)), ("a.npy", npy_bytes(ARRAY))), "member twice"),
    "encrypted": (encrypted(), "encrypted or packed oddly"),
    "bzip2": (archive(("a.npy", npy_bytes(ARRAY)), compression=zipfile.ZIP_BZIP2), "packed oddly"),
    "bad checksum": (GOOD.replace(npy_bytes(ARRAY)[-8:], b"\1" * 8), "archive is malformed"),
    "bomb": (
        archive(("a.npy", npy_bytes(np.zeros(10**5))), compression=zipfile.ZIP_DEFLATED),
        "unpacks to too much",
    ),
    "bomb that lies": (
        lying(archive(("a.npy", npy_bytes(np.zeros(10**5))), compression=zipfile.ZIP_DEFLATED), 100),
        "malformed",
    ),
    "size that lies": (lying(GOOD, 10), "malformed"),
    "no magic": (one(b"\x93NUMPX\x01\x00"), "no .npy array"),
    "version 9": (one(npy_bytes(ARRAY).replace(b"NUMPY\x01", b"NUMPY\x09")), "no .npy array"),
    "objects": (
        one(header("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }\n")),
        "header is not allowed",
    ),
    "records": (
        one(header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }\n")),
        "header is not",
    ),
    "integers": (
        one(header("{'descr': '<i4', 'fortran_order': False, 'shape': (4,), }\n")),
        "header is not allowed",
    ),
    "code in the header": (
        one(header("{'descr': '<f4', 'fortran_order': f(), 'shape': (4,), }\n")),
        "header is not",
    ),
    "header of more": (
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'x': 1}\n")),
        "header is not",
    ),
    "header too long": (one(header("{" + " " * 5000 + "}\n")), "header is not allowed"),
    "negative shape": (
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }\n")),
        "header is not",
    ),
    "shape too large": (
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (10, 10), }\n")),
        "expected 400 bytes, got 16",
    ),
    "shape too small": (
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n")),
        "expected 8 bytes, got 16",
    ),
    "no data": (one(npy_bytes(np.zeros((0, 4), np.float32))), "shape is not allowed"),
    "rank 5": (one(npy_bytes(np.zeros((1, 1, 1, 1, 1), np.float32))), "shape is not allowed"),
    "not a number": (one(npy_bytes(np.array([1, np.nan]))), r"tensor a: a number is not finite .* \[1\]"),
    "infinite in float32": (one(npy_bytes(np.array([1e300]))), "not finite"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_archive_is_refused(path: Path, name: str) -> None:
    content, message = MALFORMED[name]
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message) as caught:
        read_npz(path)
    assert str(path) in caught.value.where


def test_an_archive_above_the_limit_is_not_read(path: Path) -> None:
    path.write_bytes(GOOD)
    assert read_npz(path, max_bytes=len(GOOD)).keys() == {"a"}
    with pytest.raises(ModelFileError, match="too large"):
        read_npz(path, max_bytes=len(GOOD) - 1)


def test_unpacked_bytes_count_against_the_limit_too(path: Path) -> None:
    path.write_bytes(archive(("a.npy", npy_bytes(np.arange(400) % 7)), compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelFileError, match="unpacks to too much; expected at most 2,000 bytes, got 3,"):
        read_npz(path, max_bytes=2000)
