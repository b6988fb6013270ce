"""npz files (zip archives of .npy arrays), checked before anything in them is believed or unpacked.

Only the arrays of plain floating-point numbers that `numpy.savez` writes are read; numpy's own reader,
which knows pickled arrays too, is not used.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from inverse_tracr.model.file_errors import ModelFileError, in_tensor, refuse_pickle_content
from inverse_tracr.model.safe_files import MAX_BYTES, open_regular
from inverse_tracr.model.safe_tensors import MAX_TENSORS, check_finite, check_shape

MAX_RATIO = 20
"""How many times its packed size an archive may unpack to."""

MAX_DIRECTORY_BYTES = 2**20
MAX_ARRAY_HEADER_BYTES = 2**12

_MEMBER = re.compile(r"([A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*)\.npy")
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_ENCRYPTED = 0x1
_ARRAY_MAGIC = b"\x93NUMPY"
_ARRAY_HEADER = re.compile(
    rb"\{'descr': '([<>]f[248])', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\),? ?\} *\n"
)


def read_npz(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """The arrays of an npz file by name, as float32.

    Raises ModelFileError for an archive that is malformed, encrypted, nested, in ZIP64 form, holds
    anything but .npy arrays of floats, names paths outside itself, or unpacks to more than `max_bytes`
    or 20 times its size; and for arrays that are pickled, empty, of rank above 4, or not finite.
    """
    with open_regular(path, max_bytes) as (file, size):
        _check_end(file, size, path)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                _check_members(members, size, max_bytes, path)
                return {
                    _name(member): _array(archive.read(member), in_tensor(path, _name(member)))
                    for member in members
                }
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            ValueError,
            zlib.error,
        ) as error:
            raise ModelFileError("the archive is malformed", where=str(path), got=str(error)) from error
        except (OSError, struct.error, KeyError) as error:
            raise ModelFileError("the archive is malformed", where=str(path), got=repr(error)) from error


def _check_end(file: BinaryIO, size: int, path: Path) -> None:
    """Raise ModelFileError unless the file is one plain zip archive with a small directory.

    The number of entries is checked here because `zipfile` makes an object for each when it opens a file.
    """
    head = file.read(4)
    refuse_pickle_content(path, head, zip_expected=True)
    if not head.startswith(b"PK\x03\x04") or size < _END_OF_DIRECTORY.size + _ZIP64_LOCATOR_BYTES:
        raise ModelFileError("this is no npz file", where=str(path), expected="a zip archive", got=repr(head))
    file.seek(size - _END_OF_DIRECTORY.size - _ZIP64_LOCATOR_BYTES)
    tail = file.read()
    end = _END_OF_DIRECTORY.unpack(tail[_ZIP64_LOCATOR_BYTES:])
    magic, _, _, _, entries, directory_bytes, directory_begin, comment_bytes = end
    plain = magic == b"PK\x05\x06" and comment_bytes == 0 and not tail.startswith(_ZIP64_LOCATOR)
    if not plain or directory_begin + directory_bytes != size - _END_OF_DIRECTORY.size:
        raise ModelFileError(
            "the archive is not of the plain form that numpy.savez writes",
            where=str(path),
            expected="no ZIP64, no comment, nothing before or behind",
        )
    if not 1 <= entries <= MAX_TENSORS or directory_bytes > MAX_DIRECTORY_BYTES:
        raise ModelFileError(
            "the archive holds a wrong number of arrays",
            where=str(path),
            expected=f"1 to {MAX_TENSORS:,}",
            got=f"{entries:,}",
        )


def _check_members(members: list[zipfile.ZipInfo], size: int, max_bytes: int, path: Path) -> None:
    for member in members:
        where = f"{path}, member {member.filename[:200]!r}"
        if not _MEMBER.fullmatch(member.filename) or len(member.filename) > 204:
            raise ModelFileError("the member's name is not allowed", where=where, expected="a plain NAME.npy")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise ModelFileError(
                "the member is encrypted or packed oddly", where=where, expected="stored or deflated"
            )
    if len({member.filename for member in members}) != len(members):
        raise ModelFileError("the archive names a member twice", where=str(path))
    unpacked = sum(member.file_size for member in members)
    if unpacked > min(max_bytes, MAX_RATIO * size):
        raise ModelFileError(
            "the archive unpacks to too much",
            where=str(path),
            expected=f"at most {min(max_bytes, MAX_RATIO * size):,} bytes",
            got=f"{unpacked:,}",
            advice="Write it anew with numpy.savez, which does not pack",
        )


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _array(data: bytes, where: str) -> np.ndarray:
    """The array in the bytes of a .npy file."""
    if data[:6] != _ARRAY_MAGIC or data[6:8] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise ModelFileError("this is no .npy array", where=where, got=repr(data[:8]))
    length_bytes = 2 if data[6] == 1 else 4
    begin = 8 + length_bytes
    length = int.from_bytes(data[8:begin], "little")
    header = data[begin : begin + min(length, MAX_ARRAY_HEADER_BYTES)]
    match = _ARRAY_HEADER.fullmatch(header)
    if match is None:
        raise ModelFileError(
            "the array's header is not allowed",
            where=where,
            expected="floating-point numbers of 2, 4 or 8 bytes, not pickled",
            got=repr(header[:120]),
        )
    dtype = np.dtype(match[1].decode())
    shape = tuple(int(number) for number in match[3].replace(b" ", b"").split(b",") if number)
    check_shape(shape, where)
    content = memoryview(data)[begin + length :]
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ModelFileError(
            "the array's shape and data disagree",
            where=where,
            expected=f"{math.prod(shape) * dtype.itemsize:,} bytes",
            got=f"{len(content):,}",
        )
    with np.errstate(over="ignore"):  # a float64 too large becomes infinite, which is refused
        flat = np.frombuffer(content, dtype).astype(np.float32)
    array = flat.reshape(shape, order="F" if match[2] == b"True" else "C")
    check_finite(array, where)
    return array
