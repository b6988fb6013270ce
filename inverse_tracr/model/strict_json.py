"""JSON from strangers: no double keys, no deep nesting, no NaN, no other encoding than UTF-8."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import cast

from inverse_tracr.model.file_errors import ModelFileError, refuse_pickle_content
from inverse_tracr.model.safe_files import open_regular, read_exactly

MAX_JSON_BYTES = 4 * 2**20
MAX_DEPTH = 32

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # an unclosed one runs to the end: linear time
_BRACKET = re.compile(rb"[\[\]{}]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(path: Path) -> dict[str, object]:
    """The JSON object in a file of at most 4 MiB, nested at most 32 deep; raises ModelFileError."""
    with open_regular(path, MAX_JSON_BYTES) as (file, size):
        data = read_exactly(file, size, path)
    refuse_pickle_content(path, data)
    return parse_object(data, str(path), MAX_DEPTH)


def parse_object(data: bytes, where: str, max_depth: int) -> dict[str, object]:
    """The JSON object that `data` spells; raises ModelFileError, which names `where`."""
    depth = _depth(data)
    if depth > max_depth:
        raise ModelFileError(
            "the JSON is nested too deeply",
            where=where,
            expected=f"at most {max_depth} levels",
            got=f"{depth}",
        )
    try:
        parsed: object = json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant
        )
        if _SURROGATE.search(data):
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")  # half a character cannot be printed
    except (ValueError, RecursionError) as error:  # all of JSON's and Unicode's errors are ValueErrors
        raise ModelFileError("the JSON is malformed", where=where, got=str(error)) from error
    if not isinstance(parsed, dict):
        raise ModelFileError(
            "the JSON is no object", where=where, expected="{...}", got=type(parsed).__name__
        )
    return cast("dict[str, object]", parsed)


def dump(data: dict[str, object]) -> bytes:
    """JSON text for people and for `read_json`; raises ValueError for NaN and infinities."""
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _depth(data: bytes) -> int:
    """Nesting of brackets outside strings, counted before the parser recurses."""
    deepest = level = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key, item in pairs:
        if key in mapping:
            raise ValueError(f"the key {key!r} occurs twice")
        mapping[key] = item
    return mapping


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")
