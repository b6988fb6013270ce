"""The text form of programs: from characters to tokens with line and column."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from inverse_tracr.errors import BadInputError

MAX_CHARACTERS = 2_000_000


class RaspSyntaxError(BadInputError):
    """Text that is no program; says line, column, what was expected and what came."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column


class TokenKind(enum.Enum):
    """Kinds of token of the text form."""

    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    SIGN = "sign"
    NEWLINE = "end of line"
    END = "end of text"


@dataclass(frozen=True)
class Token:
    """A token and where it begins (line and column count from 1)."""

    kind: TokenKind
    text: str
    line: int
    column: int

    def __str__(self) -> str:
        return repr(self.text) if self.text.strip() else f"the {self.kind.value}"


_PATTERN = re.compile(
    r"(?P<space>[ \t\r]+)"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<sign>==|!=|<=|>=|//|[-+*/%<>=(){}\[\],:])"
)


def scan(text: str) -> Iterator[Token]:
    """Tokens of `text`, ended by one `END`; line breaks inside brackets are passed over."""
    if len(text) > MAX_CHARACTERS:
        raise RaspSyntaxError(f"expected at most {MAX_CHARACTERS} characters, got {len(text)}", 1, 1)
    line, start, depth, position = 1, 0, 0, 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        column = position - start + 1
        if match is None:
            raise RaspSyntaxError(f"unexpected character {text[position]!r}", line, column)
        position = match.end()
        kind, token = match.lastgroup, match.group()
        if kind == "newline":
            if depth == 0:
                yield Token(TokenKind.NEWLINE, "\n", line, column)
            line, start = line + 1, position
        elif kind not in ("space", "comment"):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token, 0)
            depth = max(depth, 0)
            yield Token(TokenKind[(kind or "sign").upper()], token, line, column)
    yield Token(TokenKind.NEWLINE, "\n", line, position - start + 1)
    yield Token(TokenKind.END, "", line, position - start + 1)
