"""The rules under which a safetensors file is believed, each broken once."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from inverse_tracr.model import ModelFileError
from inverse_tracr.model.safe_files import open_regular
from inverse_tracr.model.safe_tensors import read_floats, read_header
from tests.model.raw_files import safetensors_bytes

FOUR = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


def entry(**change: Any) -> dict[str, Any]:
    return FOUR | change


def read(path: Path, content: bytes | None = None, max_bytes: int = 2**20) -> dict[str, np.ndarray]:
    if content is not None:
        path.write_bytes(content)
    with open_regular(path, max_bytes) as (file, size):
        return read_floats(file, read_header(file, size, path), path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def test_a_good_file_is_read(path: Path) -> None:
    data = np.arange(6, dtype="<f4")
    header = {
        "__metadata__": {"format": "pt"},
        "b.c": entry(shape=[2], data_offsets=[16, 24]),
        "a": FOUR,
    }
    arrays = read(path, safetensors_bytes(header, data.tobytes()))
    assert arrays["a"].tolist() == [[0, 1], [2, 3]]
    assert arrays["b.c"].tolist() == [4, 5]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_all_floating_types_become_float32(path: Path, dtype: torch.dtype) -> None:
    tensor = torch.tensor([[1.5, -3e-5], [0, 300]], dtype=dtype)
    safetensors.torch.save_file({"a": tensor, "mask": torch.ones(3, dtype=torch.bool)}, path)
    arrays = read(path)
    assert arrays.keys() == {"a"}
    assert arrays["a"].dtype == np.float32
    assert arrays["a"].tolist() == tensor.float().tolist()


ZEROS = bytes(16)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "length is wrong; .* got a file of 0 bytes"),
    "seven bytes": (b"\x00" * 7, "length is wrong"),
    "header beyond the file": (safetensors_bytes({"a": FOUR}, ZEROS, length=500), "length is wrong"),
    "header of 2^63 bytes": (struct.pack("<Q", 2**63) + ZEROS, "length is wrong"),
    "header of nothing": (safetensors_bytes(b"", ZEROS), "length is wrong"),
    "no brace": (safetensors_bytes(b" {}", ZEROS), "starts with {"),
    "no JSON": (safetensors_bytes(b'{"a"}', ZEROS), "JSON is malformed"),
    "no UTF-8": (safetensors_bytes(b'{"\xff": 1}', ZEROS), "JSON is malformed; got 'utf-8'"),
    "text behind": (safetensors_bytes(b"{} {}", ZEROS), "JSON is malformed"),
    "names twice": (safetensors_bytes(b'{"a": 1, "a": 2}', ZEROS), "the key 'a' occurs twice"),
    "fields twice": (
        safetensors_bytes(b'{"a": {"dtype": "F32", "dtype": "F64"}}'),
        "the key 'dtype' occurs twice",
    ),
    "nested": (
        safetensors_bytes(b'{"a": {"shape": [[[1]]]}}'),
        "nested too deeply; expected at most 4 levels, got 5",
    ),
    "nested 10^5 deep": (safetensors_bytes(b'{"a":' + b"[" * 10**5), "nested too deeply"),
    "nesting in a string": (safetensors_bytes(b'{"a": "[[[[[[[\\"[[[["}'), "entry is malformed"),
    "no tensors": (safetensors_bytes({}), "wrong number of tensors; expected 1 to 4,096, got 0"),
    "5,000 tensors": (safetensors_bytes({f"t{i}": 0 for i in range(5000)}), "wrong number of tensors"),
    "metadata of numbers": (safetensors_bytes({"__metadata__": {"a": 1}, "a": FOUR}, ZEROS), "__metadata__"),
    "metadata a list": (safetensors_bytes({"__metadata__": [], "a": FOUR}, ZEROS), "__metadata__"),
    "odd name": (safetensors_bytes({"a b": FOUR}, ZEROS), "name is not allowed"),
    "long name": (safetensors_bytes({"a" * 201: FOUR}, ZEROS), "name is not allowed"),
    "empty name": (safetensors_bytes({"": FOUR}, ZEROS), "name is not allowed"),
    "half a character": (safetensors_bytes(b'{"\\ud800": 1}'), "JSON is malformed"),
    "entry a list": (safetensors_bytes({"a": []}), "tensor a: the entry is malformed"),
    "field missing": (safetensors_bytes({"a": {"dtype": "F32", "shape": [4]}}), "the entry is malformed"),
    "field too many": (safetensors_bytes({"a": entry(strides=[1])}, ZEROS), "the entry is malformed"),
    "unknown type": (
        safetensors_bytes({"a": entry(dtype="F8_E4M3")}, ZEROS),
        "the type is unknown; .* got 'F8_E4M3'",
    ),
    "type a number": (safetensors_bytes({"a": entry(dtype=3)}, ZEROS), "the type is unknown"),
    "rank 5": (
        safetensors_bytes({"a": entry(shape=[1, 1, 1, 2, 2])}, ZEROS),
        "shape is not allowed; expected at most 4",
    ),
    "rank 10^5": (safetensors_bytes({"a": entry(shape=[1] * 10**5)}, ZEROS), "shape is not allowed"),
    "empty dimension": (
        safetensors_bytes({"a": entry(shape=[0, 4], data_offsets=[0, 0])}),
        "shape is not allowed",
    ),
    "negative dimension": (safetensors_bytes({"a": entry(shape=[-2, -2])}, ZEROS), "shape is malformed"),
    "dimension true": (safetensors_bytes({"a": entry(shape=[True, 4])}, ZEROS), "shape is malformed"),
    "dimension 4.0": (safetensors_bytes({"a": entry(shape=[4.0])}, ZEROS), "shape is malformed"),
    "dimension 2^63": (safetensors_bytes({"a": entry(shape=[2**63])}, ZEROS), "shape is malformed"),
    "product beyond 2^64": (
        safetensors_bytes({"a": entry(shape=[2**62, 4])}, ZEROS),
        "shape and data_offsets disagree",
    ),
    "dimension of 5,000 digits": (
        safetensors_bytes(b'{"a": {"shape": [' + b"9" * 5000 + b"]}}"),
        "JSON is malformed",
    ),
    "shape too small": (safetensors_bytes({"a": entry(shape=[2])}, ZEROS), "expected 8 bytes for F32"),
    "one offset": (safetensors_bytes({"a": entry(data_offsets=[16])}, ZEROS), "data_offsets disagree"),
    "offsets backwards": (
        safetensors_bytes({"a": entry(data_offsets=[16, 0])}, ZEROS),
        "data_offsets disagree",
    ),
    "gap": (safetensors_bytes({"a": entry(data_offsets=[4, 20])}, bytes(20)), "gap or an overlap"),
    "overlap": (
        safetensors_bytes({"a": FOUR, "b": entry(data_offsets=[8, 24])}, bytes(24)),
        "tensor b: the data have a gap or an overlap; expected a tensor that begins at byte 16, got 8",
    ),
    "the same bytes twice": (safetensors_bytes({"a": FOUR, "b": FOUR}, ZEROS), "gap or an overlap"),
    "bytes left over": (safetensors_bytes({"a": FOUR}, bytes(17)), "do not fill the file; expected 16"),
    "bytes missing": (safetensors_bytes({"a": FOUR}, bytes(15)), "do not fill the file; expected 16"),
    "not a number": (
        safetensors_bytes({"a": FOUR}, bytes(12) + b"\x00\x00\xc0\x7f"),
        r"not finite .* got nan at \[1, 1\]",
    ),
    "infinite in float32": (
        safetensors_bytes(
            {"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}, struct.pack("<d", 1e300)
        ),
        r"not finite in float32; expected finite numbers, got inf at \[0\]",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused(path: Path, name: str) -> None:
    content, message = MALFORMED[name]
    with pytest.raises(ModelFileError, match=message) as caught:
        read(path, content)
    assert str(path) in caught.value.where


def test_a_header_above_one_mebibyte_is_not_read(path: Path) -> None:
    header = b'{"a": "' + b"x" * 2**20 + b'"}'
    with pytest.raises(ModelFileError, match="length is wrong; expected 2 to 1,048,576 bytes, got 1,048,585"):
        read(path, safetensors_bytes(header), max_bytes=2**22)


def test_a_string_of_escapes_that_never_ends_is_refused_at_once(path: Path) -> None:
    with pytest.raises(ModelFileError, match="JSON is malformed"):
        read(path, safetensors_bytes(b'{"' + b'\\"' * 500_000))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_header_whose_length_looks_like_a_pickle_is_read(path: Path, protocol: int) -> None:
    length = 0x80 + 256 * protocol
    header = {"a": FOUR, "__metadata__": {"padding": ""}}
    header["__metadata__"]["padding"] = "x" * (length - len(safetensors_bytes(header)) + 8)
    content = safetensors_bytes(header, ZEROS)
    assert content[:2] == bytes([0x80, protocol])
    assert read(path, content).keys() == {"a"}


def test_a_file_above_the_limit_is_not_read(path: Path) -> None:
    content = safetensors_bytes({"a": FOUR}, ZEROS)
    assert read(path, content, max_bytes=len(content)).keys() == {"a"}
    with pytest.raises(
        ModelFileError, match=f"too large; expected at most {len(content) - 1} bytes, got {len(content)}"
    ):
        read(path, content, max_bytes=len(content) - 1)


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(safetensors_bytes({"a": FOUR}, ZEROS))
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelFileError, match="cannot be opened; expected a regular file, not a link"):
        read(path)


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(ModelFileError, match="no regular file"):
        read(path)


@pytest.mark.parametrize("name", ["missing", "nul\0byte", "x" * 5000])
def test_a_name_that_opens_nothing_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFileError, match=r"cannot be opened|name is invalid"):
        read(tmp_path / name)
