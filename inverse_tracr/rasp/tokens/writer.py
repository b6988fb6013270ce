"""From a program to its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import (
    MAX_TEXT,
    BinaryFunction,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Predicate,
    PredicateTable,
    Side,
    UnaryFunction,
)
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tokens.codebook import (
    BINARY_OPS,
    CHARACTERS,
    CODEBOOK,
    COMPARISONS,
    GREATEST_INTEGER,
    LEAST_INTEGER,
    MAX_LINES,
    MAX_LITERALS,
    UNARY_OPS,
    Form,
    Group,
    Spelling,
    Statement,
    TokenError,
    form_id,
    reference_id,
    spelling_id,
    statement_id,
)
from inverse_tracr.rasp.tokens.literals import (
    ESCAPE_NIBBLES,
    MAX_DECIMAL_DIGITS,
    MAX_DENOMINATOR,
    MAX_ITEMS,
    character_id,
    integer_id,
    nibbles_of,
)
from inverse_tracr.rasp.tokens.steps import VALUE_FIRST
from inverse_tracr.rasp.tokens.table_order import pairs_in_order
from inverse_tracr.rasp.tokens.tables import NIBBLE
from inverse_tracr.rasp.tokens.value_codes import ValueCodes
from inverse_tracr.rasp.value_sets import MAX_PAIRS, ValueSets
from inverse_tracr.rasp.values import MAX_DIGITS, Maybe, Value

_SIDES = {Side.KEY_ALONE: Group.KEY, Side.QUERY_ALONE: Group.QUERY}
_UNARY = {op: CODEBOOK.id(Group.UNARY, place) for place, op in enumerate(UNARY_OPS)}
_BINARY = {op: CODEBOOK.id(Group.BINARY, place) for place, op in enumerate(BINARY_OPS)}
_COMPARISONS = {comparison: place for place, comparison in enumerate(COMPARISONS)}
_FIRST_COMPARE, _FIRST_SHIFTED = CODEBOOK.id(Group.COMPARE, 0), CODEBOOK.id(Group.SHIFTED, 0)
_FIRST_BITS = CODEBOOK.id(Group.BITS, 0)
_FIRST_REFERENCE = reference_id(0)
_TABLE, _NONE = form_id(Form.TABLE), form_id(Form.NONE)
_STATEMENTS: dict[object, int] = {
    (Map, Encoding.CATEGORICAL): statement_id(Statement.MAP),
    (Map, Encoding.NUMERICAL): statement_id(Statement.MAP_NUMERICAL),
    (SelectorWidth, Encoding.CATEGORICAL): statement_id(Statement.SELECTOR_WIDTH),
    (SelectorWidth, Encoding.NUMERICAL): statement_id(Statement.SELECTOR_WIDTH_NUMERICAL),
    SequenceMap: statement_id(Statement.SEQUENCE_MAP),
    LinearSequenceMap: statement_id(Statement.LINEAR_SEQUENCE_MAP),
    Select: statement_id(Statement.SELECT),
    Aggregate: statement_id(Statement.AGGREGATE),
}
"""Tokens of statements by the type of the line, and its encoding where it has one."""


def tokenise(program: Program, signature: Signature, *, values: ValueSets | None = None) -> tuple[int, ...]:
    """The tokens of a program under a signature; `detokenise` gives an equal program back.

    Equal programs have equal tokens; names of lines are not among them. `values` are the program's value
    sets where they are known already. Raises TokenError for more than 64 lines or 256 different literals,
    what `ValueSets` raises, and CapExceededError for a select over too many pairs of values.
    """
    if len(program) > MAX_LINES:
        raise TokenError("too many lines", expected=f"at most {MAX_LINES}", got=str(len(program)))
    writer = _Writer(program, signature, ValueSets(program, signature) if values is None else values)
    return writer.tokens()


class _Writer:
    """Tokens of one program: lines in order, literals as they come up."""

    def __init__(self, program: Program, signature: Signature, sets: ValueSets) -> None:
        self._program = program
        self._sets = sets
        self._codes = ValueCodes(signature)
        self._spelled: list[int] = []

    def tokens(self) -> tuple[int, ...]:
        written: list[int] = []
        for position, line in enumerate(self._program.lines):
            written += self._line(line, position)
        end = [statement_id(Statement.RETURN), reference_id(self._program.output)]
        return (*self._spelled, *written, *end)

    def _line(self, line: Line, position: int) -> list[int]:
        begin = [_statement(line), *[ref + _FIRST_REFERENCE for ref in self._program.reads[position]]]
        match line:
            case Map():
                return begin + self._unary(line.function, self._sets[line.operand])
            case SequenceMap():
                return begin + self._binary(line.function, self._sets[line.first], self._sets[line.second])
            case LinearSequenceMap():
                return [*begin, self._free(line.first_factor), self._free(line.second_factor)]
            case Select():
                self._check_pairs(line.keys, line.queries, position)
                return begin + self._predicate(
                    line.predicate, self._sets[line.keys], self._sets[line.queries]
                )
            case Aggregate() | SelectorWidth():
                return begin

    def _check_pairs(self, keys: Ref, queries: Ref, position: int) -> None:
        pairs = len(self._sets[keys]) * len(self._sets[queries])
        if pairs > MAX_PAIRS:
            raise CapExceededError(
                "the select compares too many pairs of values",
                where=f"line {position + 1} ({self._program.names[position]})",
                expected=f"at most {MAX_PAIRS}",
                got=str(pairs),
            )

    # -- functions -------------------------------------------------------------------------------------

    def _unary(self, function: UnaryFunction, xs: Sequence[Value]) -> list[int]:
        if isinstance(function, NamedUnary):
            token = _UNARY[function.op]
            if function.constant is None:
                return [token]
            if function.op in VALUE_FIRST:
                return [token, self._seen(function.constant, xs)]
            return [token, self._free(function.constant)]
        keys = [key for key, _ in function.entries]
        if function.default is None and keys == list(xs):
            return self._full_table([result for _, result in function.entries])
        written = [form_id(Form.ENTRIES)]
        for key, result in function.entries:
            written += [self._seen(key, xs), self._maybe(result)]
        return written + self._end(function.default)

    def _binary(self, function: BinaryFunction, xs: Sequence[Value], ys: Sequence[Value]) -> list[int]:
        if isinstance(function, NamedBinary):
            return [_BINARY[function.op]]
        keys = [key for key, _ in function.entries]
        if function.default is None and keys == list(product(xs, ys)):
            return self._full_table([result for _, result in function.entries])
        written = [form_id(Form.ENTRIES)]
        for (x, y), result in function.entries:
            written += [self._seen(x, xs), self._seen(y, ys), self._maybe(result)]
        return written + self._end(function.default)

    def _full_table(self, results: Sequence[Maybe]) -> list[int]:
        return [_TABLE, *map(self._maybe, results)]

    def _end(self, default: Maybe) -> list[int]:
        if default is None:
            return [form_id(Form.END)]
        return [form_id(Form.DEFAULT), self._free(default)]

    def _predicate(self, predicate: Predicate, keys: Sequence[Value], queries: Sequence[Value]) -> list[int]:
        if isinstance(predicate, NamedPredicate):
            return self._named_predicate(predicate, keys, queries)
        if pairs_in_order(predicate.pairs, keys, queries):
            return [_TABLE, *_bits(predicate, keys, queries)]
        written = [form_id(Form.ENTRIES)]
        for key, query in predicate.pairs:
            written += [self._seen(key, keys), self._seen(query, queries)]
        return [*written, form_id(Form.END)]

    def _named_predicate(
        self, predicate: NamedPredicate, keys: Sequence[Value], queries: Sequence[Value]
    ) -> list[int]:
        place = _COMPARISONS[predicate.comparison]
        if predicate.constant is not None:
            values = keys if predicate.side is Side.KEY_ALONE else queries
            return [CODEBOOK.id(_SIDES[predicate.side], place), self._seen(predicate.constant, values)]
        if predicate.offset:
            return [_FIRST_SHIFTED + place, self._free(predicate.offset)]
        return [_FIRST_COMPARE + place]

    # -- values ------------------------------------------------------------------------------------------

    def _maybe(self, value: Maybe) -> int:
        return _NONE if value is None else self._free(value)

    def _seen(self, value: Value, values: Sequence[Value]) -> int:
        code = self._codes.code(value, values)
        return self._literal(value) if code is None else code

    def _free(self, value: Value) -> int:
        code = self._codes.free_code(value)
        return self._literal(value) if code is None else code

    def _literal(self, value: Value) -> int:
        """The token of a literal, spelled now."""
        spelled = self._spell(value)
        if self._codes.full:
            raise TokenError(
                "too many different literals",
                expected=f"at most {MAX_LITERALS}",
                advice="The canonical form numbers the values of inner lines.",
            )
        self._spelled += spelled
        self._codes.define(value)
        return self._free(value)

    def _spell(self, value: Value) -> list[int]:
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise TokenError("a string is too long", expected=f"at most {MAX_TEXT} characters")
            characters = [token for c in value for token in _character(c)]
            return [spelling_id(Spelling.STRING), *characters, form_id(Form.END)]
        if isinstance(value, tuple):
            if len(value) > MAX_ITEMS:
                raise TokenError("a tuple is too long", expected=f"at most {MAX_ITEMS} items")
            return [spelling_id(Spelling.TUPLE), *(self._free(item) for item in value), form_id(Form.END)]
        return _number(value)


def _statement(line: Line) -> int:
    if isinstance(line, (Map, SelectorWidth)):
        return _STATEMENTS[type(line), line.encoding]
    return _STATEMENTS[type(line)]


def _bits(predicate: PredicateTable, keys: Sequence[Value], queries: Sequence[Value]) -> list[int]:
    written: list[int] = []
    for query in queries:
        row = predicate.row(tuple(keys), query)
        for start in range(0, len(keys), NIBBLE):
            nibble = 0
            for place, chosen in enumerate(row[start : start + NIBBLE]):
                nibble |= chosen << (NIBBLE - 1 - place)
            written.append(_FIRST_BITS + nibble)
    return written


def _character(character: str) -> list[int]:
    if character in CHARACTERS:
        return [character_id(character)]
    digits = f"{ord(character):0{ESCAPE_NIBBLES}x}"
    return [spelling_id(Spelling.ESCAPE), *(CODEBOOK.id(Group.BITS, int(d, 16)) for d in digits)]


def _number(value: int | float) -> list[int]:
    """A number spelled the shortest way that gives it back: whole, as a ratio, decimal, by its bits."""
    if value == int(value) and abs(value) < 10 ** (MAX_DIGITS - 1):
        return _digits(str(int(value)))
    number = float(value)
    ratio = Fraction(number).limit_denominator(MAX_DENOMINATOR)
    small = LEAST_INTEGER <= ratio.numerator <= GREATEST_INTEGER and ratio.denominator > 1
    if small and ratio.numerator / ratio.denominator == number:
        return [spelling_id(Spelling.RATIO), integer_id(ratio.numerator), integer_id(ratio.denominator)]
    text = repr(number)
    if "e" not in text and sum(c.isdigit() for c in text) <= MAX_DECIMAL_DIGITS:
        return _digits(text)
    return [spelling_id(Spelling.FLOAT), *(CODEBOOK.id(Group.BITS, n) for n in nibbles_of(number))]


def _digits(text: str) -> list[int]:
    return [spelling_id(Spelling.NUMBER), *(character_id(c) for c in text), form_id(Form.END)]
