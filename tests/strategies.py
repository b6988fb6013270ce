"""Hypothesis strategies of the project: values, signatures, functions, predicates, programs.

`programs` draws anything that the language can write; `compilable_programs` draws programs whose functions
fit the value sets of their operands, so that Tracr's inference succeeds under the signature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

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
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number

T = TypeVar("T")
Draw = st.DrawFn
Strategy = st.SearchStrategy

COMPARISONS = [c for c in Comparison if c not in (Comparison.TRUE, Comparison.FALSE)]

# -- values and signatures -------------------------------------------------------------------------


@cache
def strings() -> Strategy[str]:
    return st.text(st.characters(codec="utf-8"), max_size=4).filter(lambda s: s not in (BOS, PAD))


@cache
def small_integers() -> Strategy[int]:
    return st.integers(-3, 12)


@cache
def finite_floats() -> Strategy[float]:
    return st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)


@cache
def numbers() -> Strategy[bool | int | float]:
    quarters = st.integers(-12, 12).map(lambda n: n / 4)
    return st.one_of(st.booleans(), small_integers(), st.integers(), quarters, finite_floats())


@cache
def values() -> Strategy[Value]:
    plain: Strategy[Value] = st.one_of(numbers(), strings())
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)


@cache
def maybes() -> Strategy[Maybe]:
    return st.one_of(values(), st.none())


def vocabularies(most: int = 4) -> Strategy[tuple[Value, ...]]:
    letters = st.sampled_from("abcdefgh")
    mixed: Strategy[Value] = st.one_of(letters, small_integers(), st.booleans(), st.sampled_from([0.5, 1.5]))
    kinds: list[Strategy[Value]] = [letters, letters, st.integers(0, 9), st.booleans(), mixed]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.lists(kind, min_size=1, max_size=most, unique=True).map(tuple)
    )


def signatures(most: int = 4, longest: int = 5) -> Strategy[Signature]:
    return st.builds(Signature, vocabularies(most), st.integers(1, longest), st.booleans())


def odd_signatures() -> Strategy[Signature]:
    """Signatures with any values as tokens."""
    vocab = st.lists(values(), min_size=1, max_size=5, unique=True).map(tuple)
    return st.builds(Signature, vocab, st.integers(1, 60), st.booleans())


# -- functions and predicates that the language can write ------------------------------------------


@cache
def unary_functions() -> Strategy[UnaryFunction]:
    named = st.sampled_from(UnaryOp).flatmap(
        lambda op: st.builds(NamedUnary, st.just(op), values() if op.takes_constant else st.none())
    )
    entries = st.lists(st.tuples(values(), maybes()), max_size=4, unique_by=lambda e: e[0]).map(tuple)
    return st.one_of(named, st.builds(UnaryTable, entries, maybes()))


@cache
def pairs() -> Strategy[tuple[Value, Value]]:
    return st.tuples(values(), values())


@cache
def binary_functions() -> Strategy[BinaryFunction]:
    entries = st.lists(st.tuples(pairs(), maybes()), max_size=4, unique_by=lambda e: e[0]).map(tuple)
    return st.one_of(
        st.builds(NamedBinary, st.sampled_from(BinaryOp)), st.builds(BinaryTable, entries, maybes())
    )


@cache
def predicates() -> Strategy[Predicate]:
    one_sided = st.builds(
        NamedPredicate,
        st.sampled_from(COMPARISONS),
        st.sampled_from([Side.KEY_ALONE, Side.QUERY_ALONE]),
        values(),
    )
    return st.one_of(
        st.builds(NamedPredicate, st.sampled_from(Comparison)),
        st.builds(
            NamedPredicate,
            st.sampled_from(COMPARISONS),
            st.just(Side.QUERY),
            st.none(),
            st.one_of(small_integers(), st.integers()),
        ),
        one_sided,
        st.builds(PredicateTable, st.lists(pairs(), max_size=4, unique=True).map(tuple)),
    )


# -- programs --------------------------------------------------------------------------------------


@dataclass
class Draft:
    """Lines of a program that is being drawn, and which references are what."""

    lines: list[Line] = field(default_factory=list[Line])
    categorical: list[Ref] = field(default_factory=lambda: [TOKENS, INDICES])
    numerical: list[Ref] = field(default_factory=list[Ref])
    selectors: list[Ref] = field(default_factory=list[Ref])

    def add(self, line: Line) -> None:
        position = len(self.lines)
        match line:
            case Select():
                self.selectors.append(position)
            case Map() | SelectorWidth():
                self._kind(line.encoding).append(position)
            case SequenceMap():
                self.categorical.append(position)
            case LinearSequenceMap():
                self.numerical.append(position)
            case Aggregate():
                home = self.numerical if line.values in self.numerical else self.categorical
                home.append(position)
        self.lines.append(line)

    def undo(self) -> None:
        """Take back the last line."""
        self.lines.pop()
        for refs in (self.categorical, self.numerical, self.selectors):
            if refs and refs[-1] == len(self.lines):
                refs.pop()

    def _kind(self, encoding: Encoding) -> list[Ref]:
        return self.numerical if encoding is Encoding.NUMERICAL else self.categorical

    def program(self, output: Ref | None = None, names: tuple[str, ...] = ()) -> Program:
        return Program(tuple(self.lines), self.outputs()[-1] if output is None else output, names)

    def outputs(self) -> list[Ref]:
        return sorted(r for r in (*self.categorical, *self.numerical) if r >= 0)


def line_names(count: int) -> Strategy[tuple[str, ...]]:
    first = st.sampled_from("abvXYZ_")
    rest = st.text(st.sampled_from("abc019_"), max_size=3)
    name = st.builds(str.__add__, first, rest).filter(lambda n: n not in KEYWORDS)
    return st.one_of(st.just(()), st.lists(name, min_size=count, max_size=count, unique=True).map(tuple))


@st.composite
def programs(draw: Draw, most: int = 6) -> Program:
    """Any program that the language can write, with any functions and names."""
    draft = Draft()
    for _ in range(draw(st.integers(1, most))):
        draft.add(draw(_any_line(draft)))
    if not draft.outputs():
        draft.add(Map(TOKENS, draw(unary_functions())))
    names = draw(line_names(len(draft.lines)))
    return draft.program(draw(st.sampled_from(draft.outputs())), names)


def _any_line(draft: Draft) -> Strategy[Line]:
    categorical = st.sampled_from(draft.categorical)
    any_sop = st.sampled_from(draft.categorical + draft.numerical)
    encodings = st.sampled_from(Encoding)
    kinds: list[Strategy[Line]] = [
        st.builds(Map, any_sop, unary_functions(), encodings),
        st.builds(SequenceMap, categorical, categorical, binary_functions()),
        st.builds(Select, categorical, categorical, predicates()),
    ]
    if draft.numerical:
        numerical, factors = st.sampled_from(draft.numerical), st.one_of(small_integers(), finite_floats())
        kinds.append(st.builds(LinearSequenceMap, numerical, numerical, factors, factors))
    if draft.selectors:
        selector = st.sampled_from(draft.selectors)
        kinds += [st.builds(Aggregate, selector, any_sop), st.builds(SelectorWidth, selector, encodings)]
    return st.one_of(kinds)


# -- programs that Tracr can compile ------------------------------------------------------------

MOST_VALUES = 24
RESULTS: list[Maybe] = [0, 1, 2, 3, "a", "b", True, 0.5, -1, None]
NUMBERS: list[Maybe] = [0, 1, 1, 2, 0.5, 3]
FACTORS = [-2.0, -1.0, 0.5, 1.0, 1, 3]


@st.composite
def compilable_programs(
    draw: Draw, signature: Signature, *, least: int = 1, most: int = 8, tables: bool = True
) -> Program:
    """A type-correct program whose value sets are small and can be inferred under `signature`.

    It has `least` to `most` lines, fewer where a line was dropped because its value set was too large.
    Without `tables` every function and predicate is a named one.
    """
    draft = Draft()
    writer = _Writer(draw, draft, tables)
    for _ in range(least + draw(_below(most - least + 1))):
        writer.sets = _sets(draft, signature)
        draft.add(writer.line())
        if len(_sets(draft, signature)[len(draft.lines) - 1]) > MOST_VALUES:
            draft.undo()
    if not draft.outputs():
        draft.add(Map(TOKENS, NamedUnary(UnaryOp.IDENTITY)))
    return draft.program(draft.outputs()[-1])


@st.composite
def signed_programs(
    draw: Draw, *, least: int = 1, most: int = 8, tables: bool = True
) -> tuple[Program, Signature]:
    """A program that Tracr can compile, and the signature for which it can."""
    signature = draw(signatures())
    return draw(compilable_programs(signature, least=least, most=most, tables=tables)), signature


@cache
def _below(count: int) -> Strategy[int]:
    return st.integers(0, count - 1)


def _sets(draft: Draft, signature: Signature) -> ValueSets:
    probe = (*draft.lines, Map(TOKENS, NamedUnary(UnaryOp.IDENTITY)))
    return ValueSets(Program(probe, len(probe) - 1), signature)


class _Writer:
    """Draws lines that fit the value sets of the lines before them."""

    sets: ValueSets

    def __init__(self, draw: Draw, draft: Draft, tables: bool) -> None:
        self._draw = draw
        self._draft = draft
        self._tables = tables

    def line(self) -> Line:
        kinds: list[Callable[[], Line]] = [self._map, self._sequence_map, self._select, self._indicator]
        if self._draft.numerical:
            kinds.append(self._linear)
        if self._draft.selectors:
            kinds += [self._aggregate, self._aggregate, self._width]
        return self._pick(kinds)()

    def _pick(self, items: Sequence[T]) -> T:
        return items[self._draw(_below(len(items)))]

    def _chance(self, share: int) -> bool:
        return self._draw(_below(share)) == 0

    def _sop(self) -> Ref:
        return self._pick(self._draft.categorical + self._draft.numerical)

    def _constant(self, xs: Sequence[Value]) -> Value:
        near: list[Value] = [*xs[:12], 0, 1, 2, 3, 0.5]
        return self._pick(near)

    def _unary(self, xs: Sequence[Value], results: Sequence[Maybe] = RESULTS) -> UnaryFunction:
        if self._tables and self._chance(3):
            entries = tuple((x, self._pick(results)) for x in xs if not self._chance(12))
            return UnaryTable(entries, self._pick(results) if self._chance(3) else None)
        op = self._pick(list(UnaryOp))
        return NamedUnary(op, self._constant(xs) if op.takes_constant else None)

    def _map(self) -> Line:
        operand = self._sop()
        return Map(operand, self._unary(self.sets[operand]))

    def _indicator(self) -> Line:
        """A numerical map."""
        operand = self._sop()
        xs = self.sets[operand]
        if self._tables and self._chance(4):
            table = UnaryTable(tuple((x, self._pick(NUMBERS)) for x in xs))
            return Map(operand, table, Encoding.NUMERICAL)
        if self._chance(4) and all(is_number(x) for x in xs):
            return Map(operand, NamedUnary(UnaryOp.IDENTITY), Encoding.NUMERICAL)
        op = self._pick([UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.GE])
        return Map(operand, NamedUnary(op, self._constant(xs)), Encoding.NUMERICAL)

    def _sequence_map(self) -> Line:
        x, y = self._pick(self._draft.categorical), self._pick(self._draft.categorical)
        cells = [(a, b) for a in self.sets[x] for b in self.sets[y]]
        if self._tables and len(cells) <= MOST_VALUES and self._chance(3):
            return SequenceMap(x, y, BinaryTable(tuple((cell, self._pick(RESULTS)) for cell in cells)))
        return SequenceMap(x, y, NamedBinary(self._pick(list(BinaryOp))))

    def _linear(self) -> Line:
        x, y = self._pick(self._draft.numerical), self._pick(self._draft.numerical)
        return LinearSequenceMap(x, y, self._pick(FACTORS), self._pick(FACTORS))

    def _select(self) -> Line:
        keys, queries = self._pick(self._draft.categorical), self._pick(self._draft.categorical)
        return Select(keys, queries, self._predicate(self.sets[keys], self.sets[queries]))

    def _predicate(self, keys: Sequence[Value], queries: Sequence[Value]) -> Predicate:
        kind = self._draw(_below(6))
        if kind == 0:
            return NamedPredicate(self._pick(COMPARISONS), offset=self._pick([-2, -1, 1, 2]))
        if kind == 1:
            side, values = self._pick([(Side.KEY_ALONE, keys), (Side.QUERY_ALONE, queries)])
            return NamedPredicate(self._pick(COMPARISONS), side, self._constant(values))
        if kind == 2 and self._tables:
            cells = [(k, q) for k in keys for q in queries]
            return PredicateTable(tuple(cell for cell in cells if self._chance(3)))
        return NamedPredicate(self._pick(list(Comparison)))

    def _aggregate(self) -> Line:
        means = [r for r in self._draft.numerical if _is_binary(self.sets[r])]
        selector = self._pick(self._draft.selectors)
        if means and self._chance(2):
            return Aggregate(selector, self._pick(means))
        return Aggregate(selector, self._pick(self._draft.categorical))

    def _width(self) -> Line:
        return SelectorWidth(self._pick(self._draft.selectors), self._pick(list(Encoding)))


def _is_binary(values: Sequence[Value]) -> bool:
    """Tracr's own test of what a numerical aggregate may average."""
    return all(is_number(v) and int(v) in (0, 1) for v in values)
