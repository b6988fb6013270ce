"""The text form of programs: parsing. The grammar is written down in docs/language.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from inverse_tracr.rasp.functions import (
    BinaryFunction,
    BinaryOp,
    BinaryTable,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Predicate,
    PredicateTable,
    Side,
    UnaryFunction,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.program import (
    INDICES,
    KEYWORDS,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    ProgramError,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.scanner import RaspSyntaxError, Token, TokenKind, scan
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import MAX_DEPTH, MAX_DIGITS, Maybe, Value, is_number

T = TypeVar("T")

_FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SIGNS = {"==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "and", "or"}


@dataclass(frozen=True)
class Source:
    """What a program file holds: the program, and the signature and first comment where it has them."""

    program: Program
    signature: Signature | None
    description: str


def parse(text: str) -> Program:
    """The program that `text` writes.

    Raises RaspSyntaxError (line and column) or ProgramError (line of the program).
    """
    return _Parser(text).program()


def parse_source(text: str) -> Source:
    """The program with the signature of its `# signature:` header and its first other comment."""
    signature, description = None, ""
    for number, row in enumerate(text.split("\n"), 1):
        if row.startswith("# signature:"):
            signature = parse_signature(row, number)
        elif row.startswith("#") and not description:
            description = row.lstrip("# ").rstrip()
    return Source(parse(text), signature, description)


def parse_signature(row: str, number: int = 1) -> Signature:
    """The signature that a header line `# signature: vocab=[a, b] max_seq_len=5 causal` names."""
    prefix = "# signature:"
    parser = _Parser(" " * len(prefix) + row[len(prefix) :], first_line=number)
    return parser.signature()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self._shift = first_line - 1
        self._tokens = list(scan(text))
        self._at = 0
        self._refs: dict[str, Ref] = {"tokens": TOKENS, "indices": INDICES}
        self._stated: list[tuple[Aggregate, Encoding, Token]] = []

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _error(self, message: str, token: Token | None = None) -> RaspSyntaxError:
        token = token or self._now
        return RaspSyntaxError(message, token.line + self._shift, token.column)

    def _advance(self) -> Token:
        token = self._now
        self._at += token.kind is not TokenKind.END
        return token

    def _accept(self, text: str) -> bool:
        if self._now.text == text and self._now.kind in (TokenKind.SIGN, TokenKind.NAME):
            self._advance()
            return True
        return False

    def _expect(self, text: str) -> Token:
        token = self._now
        if not self._accept(text):
            raise self._error(f"expected {text!r}, got {token}")
        return token

    def _skip_newlines(self) -> None:
        while self._now.kind is TokenKind.NEWLINE:
            self._advance()

    # -- program ---------------------------------------------------------------------------------

    def program(self) -> Program:
        lines: list[Line] = []
        names: list[str] = []
        self._skip_newlines()
        while not self._accept("return"):
            name = self._new_name()
            self._expect("=")
            lines.append(self._line())
            self._refs[name] = len(lines) - 1
            names.append(name)
            self._end_of_line()
        output = self._operand()
        self._end_of_line()
        if self._now.kind is not TokenKind.END:
            raise self._error(f"expected the end of the text after `return`, got {self._now}")
        program = Program(tuple(lines), output, tuple(names))
        for aggregate, encoding, token in self._stated:
            if program.encoding(aggregate.values) is not encoding:
                raise self._error(f"expected the encoding of its values, got {encoding.value}", token)
        return program

    def _end_of_line(self) -> None:
        if self._now.kind is not TokenKind.NEWLINE:
            raise self._error(f"expected the end of the line, got {self._now}")
        self._skip_newlines()

    def _new_name(self) -> str:
        token = self._advance()
        if token.kind is TokenKind.END:
            raise self._error("expected `return NAME` at the end of the program", token)
        if token.kind is not TokenKind.NAME or token.text in KEYWORDS:
            raise self._error(f"expected a new name or `return`, got {token}", token)
        if token.text in self._refs:
            raise self._error(f"the name {token.text!r} is taken by an earlier line", token)
        return token.text

    def _operand(self) -> Ref:
        token = self._advance()
        if token.kind is not TokenKind.NAME or token.text not in self._refs:
            expected = "`tokens`, `indices` or the name of an earlier line"
            raise self._error(f"expected {expected}, got {token}", token)
        return self._refs[token.text]

    def _line(self) -> Line:
        token = self._advance()
        parsers: dict[str, Callable[[], Line]] = {
            "map": self._map,
            "sequence_map": self._sequence_map,
            "linear_sequence_map": self._linear_sequence_map,
            "select": self._select,
            "aggregate": self._aggregate,
            "selector_width": self._selector_width,
        }
        if token.text not in parsers:
            raise self._error(f"expected one of {', '.join(parsers)}, got {token}", token)
        self._expect("(")
        try:
            line = parsers[token.text]()
        except ProgramError as error:
            raise self._error(str(error), token) from None
        self._expect(")")
        return line

    def _encoding(self) -> Encoding | None:
        if not self._accept(","):
            return None
        token = self._advance()
        if token.text not in ("numerical", "categorical"):
            raise self._error(f"expected `numerical` or `categorical`, got {token}", token)
        return Encoding(token.text)

    def _map(self) -> Line:
        operand = self._operand()
        self._expect(",")
        function = self._unary()
        return Map(operand, function, self._encoding() or Encoding.CATEGORICAL)

    def _pair(self) -> tuple[Ref, Ref]:
        first = self._operand()
        self._expect(",")
        return first, self._operand()

    def _sequence_map(self) -> Line:
        first, second = self._pair()
        self._expect(",")
        return SequenceMap(first, second, self._binary())

    def _linear_sequence_map(self) -> Line:
        first, second = self._pair()
        factors: list[float] = []
        for _ in range(2):
            self._expect(",")
            token = self._now
            factor = self._literal()
            if not is_number(factor):
                raise self._error("expected a number as factor", token)
            factors.append(factor)  # pyright: ignore[reportArgumentType]
        return LinearSequenceMap(first, second, *factors)

    def _select(self) -> Line:
        keys, queries = self._pair()
        self._expect(",")
        return Select(keys, queries, self._predicate())

    def _aggregate(self) -> Line:
        aggregate = Aggregate(*self._pair())
        encoding = self._encoding()
        if encoding is not None:
            self._stated.append((aggregate, encoding, self._tokens[self._at - 1]))
        return aggregate

    def _selector_width(self) -> Line:
        selector = self._operand()
        return SelectorWidth(selector, self._encoding() or Encoding.CATEGORICAL)

    # -- functions -------------------------------------------------------------------------------

    def _unary(self) -> UnaryFunction:
        start = self._now
        if start.text == "{":
            entries, default = self._table(self._literal)
            return self._checked(lambda: UnaryTable(tuple(entries), default), start)
        template, constant = self._expression(("x",))
        by_template = {op.value: op for op in UnaryOp}
        if template not in by_template:
            known = ", ".join(f"`{op.value}`" for op in UnaryOp)
            raise self._error(f"expected a table or one of {known}", start)
        return self._checked(lambda: NamedUnary(by_template[template], constant), start)

    def _binary(self) -> BinaryFunction:
        start = self._now
        if start.text == "{":
            entries, default = self._table(self._literal_pair)
            return self._checked(lambda: BinaryTable(tuple(entries), default), start)
        template, _ = self._expression(("x", "y"))
        by_template = {op.value: op for op in BinaryOp}
        if template not in by_template:
            known = ", ".join(f"`{op.value}`" for op in BinaryOp)
            raise self._error(f"expected a table or one of {known}", start)
        return NamedBinary(by_template[template])

    def _predicate(self) -> Predicate:
        start = self._now
        if self._accept("table"):
            return self._predicate_table(start)
        comparisons = {c.value: c for c in Comparison}
        if start.text in comparisons and start.kind is not TokenKind.STRING:
            self._advance()
            return NamedPredicate(comparisons[start.text])
        return self._named_predicate(start)

    def _named_predicate(self, start: Token) -> Predicate:
        side = self._advance()
        sign = self._advance()
        if side.text not in ("k", "q") or sign.text not in _FLIPPED:
            raise self._error(
                "expected a comparison (`==`), `True`, `False`, `k == q + 1`, `k == 3`, `q == 3` "
                f"or `table {{...}}`, got {start}",
                start,
            )
        comparison = Comparison(sign.text)
        if side.text == "k" and self._accept("q"):
            return NamedPredicate(comparison, offset=self._offset())
        if side.text == "q" and self._accept("k"):
            return NamedPredicate(Comparison(_FLIPPED[sign.text]), offset=-self._offset())
        constant = self._value()
        return NamedPredicate(comparison, Side.KEY_ALONE if side.text == "k" else Side.QUERY_ALONE, constant)

    def _offset(self) -> int:
        sign = 1 if self._accept("+") else -1 if self._accept("-") else 0
        if sign == 0:
            return 0
        token = self._now
        value = self._literal()
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._error("expected a whole number as offset", token)
        return sign * value

    def _predicate_table(self, start: Token) -> Predicate:
        self._expect("{")
        pairs: list[tuple[Value, Value]] = []
        while not self._accept("}"):
            pairs.append(self._literal_pair())
            if self._now.text != "}":
                self._expect(",")
        return self._checked(lambda: PredicateTable(tuple(pairs)), start)

    def _table(self, key: Callable[[], T | None]) -> tuple[list[tuple[T, Maybe]], Maybe]:
        self._expect("{")
        entries: list[tuple[T, Maybe]] = []
        default: Maybe = None
        while not self._accept("}"):
            start = self._now
            wanted = None if self._accept("_") else key()
            if wanted is None and start.text != "_":
                raise self._error("None cannot be a key of a table", start)
            self._expect(":")
            value = self._literal()
            if wanted is None:
                default = value
            else:
                entries.append((wanted, value))
            if self._now.text != "}":
                self._expect(",")
        return entries, default

    def _checked(self, make: Callable[[], T], start: Token) -> T:
        try:
            return make()
        except (ValueError, TypeError) as error:
            raise self._error(str(error), start) from None

    def _expression(self, variables: tuple[str, ...]) -> tuple[str, Maybe]:
        """An expression as its template (constants written `c`) and its constant."""
        constants: list[Value] = []
        template = self._template(variables, constants)
        if len(constants) > 1:
            raise self._error("expected at most one constant in a function")
        flipped = re.fullmatch(r"c (==|!=|<=|>=|<|>) x", template)
        if flipped:
            template = f"x {_FLIPPED[flipped[1]]} c"
        commuted = re.fullmatch(r"(?:c ([+*]) x)|(?:(min|max)\(c, x\))", template)
        if commuted:
            template = f"x {commuted[1]} c" if commuted[1] else f"{commuted[2]}(x, c)"
        return template, constants[0] if constants else None

    def _template(self, variables: tuple[str, ...], constants: list[Value]) -> str:
        if self._accept("not"):
            return f"not {self._atom(variables, constants)}"
        if self._now.text == "-" and self._tokens[self._at + 1].text in variables:
            self._advance()
            return f"-{self._atom(variables, constants)}"
        if self._now.kind is TokenKind.NAME and self._tokens[self._at + 1].text == "(":
            return self._call(variables, constants)
        left = self._atom(variables, constants)
        if self._now.text not in _SIGNS:
            return left
        sign = self._advance().text
        return f"{left} {sign} {self._atom(variables, constants)}"

    def _call(self, variables: tuple[str, ...], constants: list[Value]) -> str:
        name = self._advance().text
        self._expect("(")
        arguments = [self._atom(variables, constants)]
        if name == "abs" and self._accept("-"):
            arguments[0] += f" - {self._atom(variables, constants)}"
        if self._accept(","):
            arguments.append(self._atom(variables, constants))
        self._expect(")")
        return f"{name}({', '.join(arguments)})"

    def _atom(self, variables: tuple[str, ...], constants: list[Value]) -> str:
        token = self._now
        if token.kind is TokenKind.NAME and token.text in variables:
            self._advance()
            return token.text
        if token.text == "(" and self._tokens[self._at + 1].text in variables:
            self._advance()
            first = self._atom(variables, constants)
            self._expect(",")
            second = self._atom(variables, constants)
            self._expect(")")
            return f"({first}, {second})"
        constants.append(self._value())
        return "c"

    # -- literals --------------------------------------------------------------------------------

    def _value(self) -> Value:
        token = self._now
        value = self._literal()
        if value is None:
            raise self._error("expected a value, got None", token)
        return value

    def _literal_pair(self) -> tuple[Value, Value]:
        self._expect("(")
        first = self._value()
        self._expect(",")
        second = self._value()
        self._expect(")")
        return first, second

    def _literal(self, depth: int = 0) -> Maybe:
        token = self._advance()
        match token.kind:
            case TokenKind.NUMBER:
                return self._number(token)
            case TokenKind.STRING:
                return self._string(token)
            case TokenKind.NAME if token.text in ("True", "False", "None"):
                return {"True": True, "False": False, "None": None}[token.text]
            case TokenKind.SIGN if token.text == "-" and self._now.kind is TokenKind.NUMBER:
                return -self._number(self._advance())
            case TokenKind.SIGN if token.text == "(" and depth < MAX_DEPTH:
                return self._tuple(depth)
            case _:
                raise self._error(f"expected a value, got {token}", token)

    def _tuple(self, depth: int) -> Value:
        items: list[Value] = []
        while not self._accept(")"):
            token = self._now
            item = self._literal(depth + 1)
            if item is None:
                raise self._error("None cannot stand in a tuple", token)
            items.append(item)
            if self._now.text != ")":
                self._expect(",")
        return tuple(items)

    def _number(self, token: Token) -> int | float:
        if len(token.text) >= MAX_DIGITS:
            raise self._error(f"expected a number of at most {MAX_DIGITS - 1} digits", token)
        number = int(token.text) if token.text.isdigit() else float(token.text)
        if number in (float("inf"), float("-inf")):
            raise self._error(f"the number {token.text} is too large", token)
        return number

    def _string(self, token: Token) -> str:
        text = token.text
        if text[0] == "'":
            text = '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
        try:
            value = str(json.loads(text))
            value.encode()
        except (json.JSONDecodeError, UnicodeEncodeError) as error:
            raise self._error(f"bad string: {error}", token) from None
        return value

    # -- signature -------------------------------------------------------------------------------

    def signature(self) -> Signature:
        start = self._now
        self._expect("vocab")
        self._expect("=")
        self._expect("[")
        vocab: list[Value] = []
        while not self._accept("]"):
            bare = self._now.kind is TokenKind.NAME and self._now.text not in ("True", "False", "None")
            vocab.append(self._advance().text if bare else self._value())
            if self._now.text != "]":
                self._expect(",")
        self._expect("max_seq_len")
        self._expect("=")
        length = self._literal()
        if not isinstance(length, int) or isinstance(length, bool):
            raise self._error("expected a whole number as max_seq_len")
        causal = self._accept("causal")
        if self._now.kind is not TokenKind.NEWLINE:
            raise self._error(f"expected the end of the signature, got {self._now}")
        return self._checked(lambda: Signature(tuple(vocab), length, causal), start)
