"""How values and lines are written on a page: short, and without characters that could break it."""

from __future__ import annotations

import re

from inverse_tracr.rasp.printer import print_function, print_line
from inverse_tracr.rasp.program import INDICES, TOKENS, Line, Program, Ref
from inverse_tracr.rasp.values import Maybe, value_text

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset({"True", "False", "None"})
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


def shown(value: Maybe) -> str:
    """A value as a person reads it: strings that look like words without quotes, the rest as literals."""
    if isinstance(value, str) and _BARE.match(value) and value not in _WORDS:
        return value
    return clean(value_text(value))


def clean(text: str) -> str:
    """`text` without controls, marks of direction and what no XML may hold; they become U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", text)


def clipped(text: str, width: int) -> str:
    """`text` cut to `width` characters, with an ellipsis where something is missing."""
    text = clean(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def operation(line: Line) -> str:
    """The operation's name in the text form, such as `selector_width`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(line).__name__).lower()


def line_text(program: Program, position: int) -> str:
    """One line of the text form, `v3 = map(v2, x > 1)`."""
    return clean(f"{program.names[position]} = {print_line(program, program.lines[position])}")


def function_text(line: Line) -> str:
    """What a line does apart from its operands; empty for plain aggregates and widths."""
    return clean(print_function(line).removeprefix(", "))


def ref_name(program: Program | None, ref: Ref) -> str:
    """The name of an s-op; works for the inputs where there is no program."""
    if program is None:
        return {TOKENS: "tokens", INDICES: "indices"}[ref]
    return program.name(ref)
