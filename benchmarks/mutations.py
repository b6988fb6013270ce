"""Model files changed at random, mostly so that they still look like model files."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any, cast

import numpy as np

Random = np.random.Generator
Mutation = Callable[[bytes, Random], bytes]

NUMBERS = (-1, 0, 1, 2, 3, 255, 2**15, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64, 10**30)
JSON_LEAVES: tuple[object, ...] = (
    *NUMBERS,
    None,
    True,
    0.5,
    1e308,
    "",
    "a",
    "compiler_bos",
    "../a",
    "a\0b",
    "x" * 300,
    [],
    [[]],
    {},
    {"tuple": []},
    {"tuple": [1, {"tuple": ["a"]}]},
)
DTYPES = ("F32", "F64", "F16", "BF16", "I64", "BOOL", "U8", "F8_E4M3", "", "f32")
RAW_JSON = (
    b"NaN",
    b"Infinity",
    b"1e999",
    b"-0",
    b'"\\ud800"',
    b"[" * 200,
    b"9" * 5000,
    b'"\\u0000"',
    b"\xff",
    b"{}{}",
)
ARRAY_HEADERS = (
    "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 9), }\n",
)


def mutate_model_file(content: bytes, rng: Random) -> bytes:
    """The content of a safetensors, JSON or npz file with one to three things changed."""
    for _ in range(_pick(rng, (1, 1, 2, 3))):
        content = _pick(rng, _mutations_for(content))(content, rng)
    return content


def _mutations_for(content: bytes) -> tuple[Mutation, ...]:
    if content.startswith(b"PK"):
        return (*ANY_FILE, *ARCHIVE)
    return (*ANY_FILE, *(JSON_TEXT if content.startswith(b"{") else SAFETENSORS))


def _pick(rng: Random, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _place(content: bytes, rng: Random) -> int:
    """A position, half of the time among the first or last 200 bytes, where headers and directories are."""
    if not content:
        return 0
    near = int(rng.integers(min(200, len(content))))
    return _pick(rng, (near, len(content) - 1 - near, *rng.integers(len(content), size=2).tolist()))


def flip_bit(content: bytes, rng: Random) -> bytes:
    """One bit changed."""
    if not content:
        return b"\0"
    place = _place(content, rng)
    return content[:place] + bytes([content[place] ^ (1 << int(rng.integers(8)))]) + content[place + 1 :]


def cut(content: bytes, rng: Random) -> bytes:
    """Some bytes left out, or all behind a place."""
    place = _place(content, rng)
    return content[:place] + (content[place + int(rng.integers(1, 64)) :] if rng.random() < 0.5 else b"")


def insert(content: bytes, rng: Random) -> bytes:
    """Some bytes put in, random ones or a copy of others."""
    place, other = _place(content, rng), _place(content, rng)
    extra = content[other : other + 64] if rng.random() < 0.5 else rng.bytes(int(rng.integers(1, 64)))
    return content[:place] + extra + content[place:]


def overwrite_number(content: bytes, rng: Random) -> bytes:
    """Two, four or eight bytes replaced by a number that counts are often wrong about."""
    size, form = _pick(rng, ((2, "<H"), (4, "<L"), (8, "<Q")))
    number = _pick(rng, NUMBERS) % 256**size
    place = _pick(rng, (0, _place(content, rng)))
    return content[:place] + struct.pack(form, number) + content[place + size :]


def change_leaf(content: bytes, rng: Random) -> bytes:
    """One part of the JSON replaced, removed or added."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return flip_bit(content, rng)
    return json.dumps(_changed(document, rng)).encode()


def _changed(document: object, rng: Random) -> object:
    if isinstance(document, dict) and document and rng.random() < 0.9:
        fields = dict(cast("dict[str, object]", document))
        key = _pick(rng, list(fields))
        match int(rng.integers(8)):
            case 0:
                del fields[key]
            case 1:
                fields[str(_pick(rng, JSON_LEAVES))[:220]] = fields[key]
            case 2:
                fields[key] = fields[_pick(rng, list(fields))]
            case _:
                fields[key] = _changed(fields[key], rng)
        return fields
    if isinstance(document, list) and document and rng.random() < 0.8:
        items = list(cast("list[object]", document))
        place = int(rng.integers(len(items)))
        match int(rng.integers(4)):
            case 0:
                del items[place]
            case 1:
                items.insert(place, _pick(rng, items))
            case _:
                items[place] = _changed(items[place], rng)
        return items
    if type(document) is int and rng.random() < 0.5:
        return document + int(rng.integers(-2, 3))
    if document in DTYPES and rng.random() < 0.8:
        return _pick(rng, DTYPES)
    return _pick(rng, JSON_LEAVES)


def put_raw_json(content: bytes, rng: Random) -> bytes:
    """Text that JSON libraries disagree about, behind a colon or comma."""
    places = [place for place, byte in enumerate(content) if byte in b":,["]
    if not places:
        return insert(content, rng)
    place = _pick(rng, places) + 1
    return content[:place] + _pick(rng, RAW_JSON) + (b"," if rng.random() < 0.5 else b"") + content[place:]


def double_key(content: bytes, rng: Random) -> bytes:
    """A field of the outermost object written twice."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return flip_bit(content, rng)
    if not isinstance(fields, dict) or not fields:
        return flip_bit(content, rng)
    key = _pick(rng, sorted(cast("dict[str, object]", fields)))
    field = f"{json.dumps(key)}: {json.dumps(fields[key])}".encode()
    return content.rstrip()[:-1] + b", " + field + b"}"


def of_header(mutation: Mutation) -> Mutation:
    """The mutation of JSON done to the header of a safetensors file, its length mostly corrected."""

    def mutate(content: bytes, rng: Random) -> bytes:
        end = 8 + int.from_bytes(content[:8], "little")
        if end > len(content):
            return flip_bit(content, rng)
        header = mutation(content[8:end], rng)
        length = content[:8] if rng.random() < 0.1 else struct.pack("<Q", len(header))
        return length + header + content[end:]

    return mutate


def spoil_data(content: bytes, rng: Random) -> bytes:
    """A number of the data replaced by NaN, an infinity, or a huge or denormal one."""
    number = struct.pack("<f", _pick(rng, (float("nan"), float("inf"), -float("inf"), 3e38, 1e-42)))
    place = len(content) - 4 * int(rng.integers(1, max(2, len(content) // 8)))
    return content[: max(0, place)] + number + content[max(0, place) + 4 :]


def pack_again(content: bytes, rng: Random) -> bytes:
    """The archive packed anew with one member changed, renamed, doubled or left out: checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    except Exception:  # whatever an archive spoiled before does to the library
        return flip_bit(content, rng)
    if members:
        place = int(rng.integers(len(members)))
        members[place : place + 1] = _changed_member(*members[place], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", _pick(rng, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, data in members:
            with warnings.catch_warnings(action="ignore"):  # of doubled names, which are meant
                archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _changed_member(name: str, data: bytes, rng: Random) -> list[tuple[str, bytes]]:
    match int(rng.integers(6)):
        case 0:
            return []
        case 1:
            return [(name, data), (name + "x.npy", data)]
        case 2:
            return [(_pick(rng, ("../a.npy", "/a.npy", "a.pkl", "a/./b.npy", "unembed/w.npy")), data)]
        case 3:
            header = _pick(rng, ARRAY_HEADERS).encode()
            return [(name, data[:8] + struct.pack("<H", len(header)) + header + data[-16:])]
        case 4:
            return [(name, spoil_data(data, rng))]
        case _:
            return [(name, _pick(rng, ANY_FILE)(data, rng))]


ANY_FILE: tuple[Mutation, ...] = (flip_bit, cut, insert, overwrite_number)
JSON_TEXT: tuple[Mutation, ...] = (*[change_leaf] * 20, put_raw_json, double_key)
SAFETENSORS: tuple[Mutation, ...] = (*map(of_header, JSON_TEXT), of_header(flip_bit), spoil_data)
ARCHIVE: tuple[Mutation, ...] = (pack_again,) * 6
