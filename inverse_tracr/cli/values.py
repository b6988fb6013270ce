"""Values on the command line: `3`, `0.5`, `True` and `"3"` are what they look like, the rest are strings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from inverse_tracr.cli.errors import UsageError

if TYPE_CHECKING:
    from inverse_tracr.rasp.values import Value

_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?")
_BETWEEN = re.compile(r"[\s,]+")
_ITEM = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,"']*?)\s*(?:,|$)""")


def parse_value(text: str) -> Value:
    """The value that one argument writes; quotes make a string of what looks like a number."""
    if text in ("True", "False"):
        return text == "True"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return _unquoted(text)
    return text


def parse_values(text: str) -> tuple[Value, ...]:
    """The values of a list with commas; a comma inside quotes belongs to its item.

    Raises UsageError for an item without text and for quotes that do not close.
    """
    values: list[Value] = []
    at = 0
    while at < len(text) or text.endswith(",", 0, at):
        match = _ITEM.match(text, at)
        if match is None:
            raise UsageError(
                f"cannot read the list at character {at + 1}", where=text, expected="items and commas"
            )
        if not match.group(1):
            raise UsageError(f"an item of the list is empty, at character {at + 1}", where=repr(text))
        values.append(parse_value(match.group(1)))
        at = match.end()
    return tuple(values)


def parse_tokens(arguments: Sequence[str], vocab: Sequence[Value]) -> list[Value]:
    """The tokens of an input: each argument as a value, or as a string where only that is in `vocab`.

    Raises UsageError for an argument that is no token but a list of them.
    """
    known = set(vocab)
    tokens: list[Value] = []
    for argument in arguments:
        value = parse_value(argument)
        parts = _BETWEEN.split(argument.strip())
        if not known & {value, argument} and len(parts) > 1 and known.issuperset(map(parse_value, parts)):
            raise UsageError(
                "several tokens in one argument", got=repr(argument), advice=f"Write: {' '.join(parts)}"
            )
        tokens.append(argument if value not in known and argument in known else value)
    return tokens


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        raise UsageError("cannot read the escapes of a quoted string", got=text) from None
