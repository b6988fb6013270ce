"""safetensors files, checked before anything in them is believed or allocated.

The library's own reader accepts double names, huge headers and any rank, so the header is read here. The
data are then taken from the same open file: what was checked is what is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from inverse_tracr.model.file_errors import ModelFileError, in_tensor, refuse_pickle_content
from inverse_tracr.model.safe_files import read_exactly
from inverse_tracr.model.strict_json import parse_object

MAX_HEADER_BYTES = 2**20
MAX_HEADER_DEPTH = 4
MAX_TENSORS = 4096
MAX_RANK = 4
TENSOR_NAME = re.compile(r"[A-Za-z0-9_./-]{1,200}")

ITEM_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "I16": 2,
    "I32": 4,
    "I64": 8,
    "F16": 2,
    "BF16": 2,
    "F32": 4,
    "F64": 8,
}
_NUMPY = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a header: type, shape, and the bytes of the data that hold it."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


Header = Mapping[str, TensorEntry]


def read_header(file: BinaryIO, size: int, path: Path, *, unused: re.Pattern[str] | None = None) -> Header:
    """The checked header of an open safetensors file of `size` bytes, left at the start of its data.

    Tensors whose names match `unused` are checked but left out, and may be empty.

    Raises ModelFileError for a header above 1 MiB, double names, more than 4,096 tensors, rank above 4,
    empty tensors, unknown types, odd names, and data with gaps, overlaps or bytes left over.
    """
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
        refuse_pickle_content(path, start)  # only now: the length 1152 looks like the start of a pickle
        raise ModelFileError(
            "this is no safetensors file: the header's length is wrong",
            where=str(path),
            expected=f"2 to {min(MAX_HEADER_BYTES, size - 8):,} bytes" if size >= 10 else "10 bytes or more",
            got=f"{length:,}" if len(start) == 8 else f"a file of {size} bytes",
        )
    text = read_exactly(file, length, path)
    if text[:1] != b"{":
        refuse_pickle_content(path, start)
        raise ModelFileError(
            "this is no safetensors file",
            where=str(path),
            expected="a header that starts with {",
            got=repr(text[:8]),
        )
    parsed = parse_object(text, f"{path}, header", MAX_HEADER_DEPTH)
    _check_metadata(parsed.pop("__metadata__", {}), path)
    if not 1 <= len(parsed) <= MAX_TENSORS:
        raise ModelFileError(
            "the file holds a wrong number of tensors",
            where=str(path),
            expected=f"1 to {MAX_TENSORS:,}",
            got=f"{len(parsed):,}",
        )
    header = {name: _entry(name, entry, path) for name, entry in parsed.items()}
    _check_layout(header, size - 8 - length, path)
    used = {name: entry for name, entry in header.items() if unused is None or not unused.fullmatch(name)}
    for name, entry in used.items():
        check_shape(entry.shape, in_tensor(path, name))
    return used


def check_shapes(header: Header, shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Raise ModelFileError unless the file holds float32 tensors of exactly these names and shapes."""
    if missing := sorted(shapes.keys() - header.keys()):
        raise ModelFileError("a tensor is missing", where=str(path), expected=missing[0])
    if unknown := sorted(header.keys() - shapes.keys()):
        raise ModelFileError("a tensor is unknown", where=in_tensor(path, unknown[0]))
    for name, entry in header.items():
        if (entry.shape, entry.dtype) != (shapes[name], "F32"):
            raise ModelFileError(
                "the tensor does not fit the sizes in config.json",
                where=in_tensor(path, name),
                expected=f"F32 {list(shapes[name])}",
                got=f"{entry.dtype} {list(entry.shape)}",
            )


def read_floats(file: BinaryIO, header: Header, path: Path) -> dict[str, np.ndarray]:
    """The floating-point tensors of an open file whose header was just read, as float32.

    Raises ModelFileError when the file ends early or a number is not finite. Others are skipped.
    """
    data = memoryview(read_exactly(file, max((entry.end for entry in header.values()), default=0), path))
    arrays: dict[str, np.ndarray] = {}
    for name, entry in header.items():
        if entry.dtype not in _NUMPY and entry.dtype != "BF16":
            continue
        arrays[name] = _floats(data[entry.begin : entry.end], entry.dtype).reshape(entry.shape)
        check_finite(arrays[name], in_tensor(path, name))
    return arrays


def check_finite(array: np.ndarray, where: str) -> None:
    """Raise ModelFileError when a number is NaN or infinite."""
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ModelFileError(
            "a number is not finite in float32",
            where=where,
            expected="finite numbers",
            got=f"{array[index]} at {list(index)}",
        )


def _floats(data: memoryview, dtype: str) -> np.ndarray:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):  # a float64 too large becomes infinite, which is refused
        return np.frombuffer(data, _NUMPY[dtype]).astype(np.float32)


def _check_metadata(metadata: object, path: Path) -> None:
    if not isinstance(metadata, dict) or not all(
        isinstance(text, str) for text in cast("dict[str, object]", metadata).values()
    ):
        raise ModelFileError("__metadata__ is malformed", where=str(path), expected="an object of strings")


def _entry(name: str, entry: object, path: Path) -> TensorEntry:
    where = in_tensor(path, name if TENSOR_NAME.fullmatch(name) else repr(name[:200]))
    if not TENSOR_NAME.fullmatch(name):
        raise ModelFileError(
            "the name is not allowed", where=where, expected="1 to 200 of A-Z a-z 0-9 _ . / -"
        )
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError("the entry is malformed", where=where, expected="dtype, shape and data_offsets")
    fields = cast("dict[str, object]", entry)
    dtype = fields["dtype"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise ModelFileError(
            "the type is unknown",
            where=where,
            expected=f"one of {', '.join(ITEM_BYTES)}",
            got=repr(dtype)[:80],
        )
    shape = _whole_numbers(fields["shape"], "shape", where)
    check_shape(shape, where, may_be_empty=True)
    offsets = _whole_numbers(fields["data_offsets"], "data_offsets", where)
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * ITEM_BYTES[dtype]:
        raise ModelFileError(
            "shape and data_offsets disagree",
            where=where,
            expected=f"{math.prod(shape) * ITEM_BYTES[dtype]} bytes for {dtype} {list(shape)}",
            got=f"data_offsets {list(offsets)[:3]}",
        )
    return TensorEntry(dtype, shape, offsets[0], offsets[1])


def check_shape(shape: tuple[int, ...], where: str, *, may_be_empty: bool = False) -> None:
    """Raise ModelFileError for more than four dimensions or an empty one."""
    if len(shape) > MAX_RANK or (0 in shape and not may_be_empty):
        raise ModelFileError(
            "the shape is not allowed",
            where=where,
            expected=f"at most {MAX_RANK} dimensions, none empty",
            got=str(list(shape)[:8]),
        )


def _whole_numbers(numbers: object, field: str, where: str) -> tuple[int, ...]:
    if not isinstance(numbers, list) or not all(
        type(number) is int and 0 <= number < 2**63 for number in cast("list[object]", numbers)
    ):
        raise ModelFileError(f"{field} is malformed", where=where, expected="a list of whole numbers")
    return tuple(cast("list[int]", numbers))


def _check_layout(header: Header, data_bytes: int, path: Path) -> None:
    """Raise ModelFileError unless the tensors fill the data exactly, one behind the other."""
    reached = 0
    for name, entry in sorted(header.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != reached:
            raise ModelFileError(
                "the data have a gap or an overlap",
                where=in_tensor(path, name),
                expected=f"a tensor that begins at byte {reached}",
                got=f"{entry.begin}",
            )
        reached = entry.end
    if reached != data_bytes:
        raise ModelFileError(
            "the data do not fill the file",
            where=str(path),
            expected=f"{reached:,} bytes of data",
            got=f"{data_bytes:,}",
        )
