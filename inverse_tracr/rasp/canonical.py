"""Canonical form under a signature: one program for all that differ only in what weights do not hold."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_, itemgetter
from typing import NamedTuple

from inverse_tracr.rasp.caching import types_of
from inverse_tracr.rasp.functions import Comparison, NamedPredicate, UnaryTable, compose
from inverse_tracr.rasp.fusion import live_positions, select_lines
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
from inverse_tracr.rasp.printer import print_function
from inverse_tracr.rasp.program import (
    INDICES,
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
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_predicate, tabulated_binary, tabulated_unary
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

_MAX_PASSES = 10
_NOTHING = NamedPredicate(Comparison.FALSE)


def canonical(program: Program, signature: Signature) -> Program:
    """The canonical form: dead lines dropped, maps fused, equal lines shared, the rest ordered.

    Lines stand by depth, then content. Values of internal categorical lines are renumbered by first
    occurrence; functions take the first name with the same table on the value sets. Idempotent. Raises
    what `ValueSets` raises.
    """
    return canonical_places(program, signature)[0]


def canonical_places(
    program: Program, signature: Signature, *, exact_means: bool = False
) -> tuple[Program, dict[int, int]]:
    """The canonical form, and where each line of `program` that is still there went.

    With `exact_means` functions of numbers keep their values at every mean k/n that an input can give, not
    only at those that Tracr's inference knows.
    """
    places = {position: position for position in range(len(program))}
    sets = ValueSets(program, signature, exact_means=exact_means)
    for _ in range(_MAX_PASSES):
        fused, kept = _fuse(program, sets)
        if fused is not program:
            sets = ValueSets(fused, signature, exact_means=exact_means)
        rewriter = _Rewriter(fused, sets)
        simpler, moved = rewriter.result()
        places = {old: moved[kept[now]] for old, now in places.items() if now in kept and kept[now] in moved}
        if simpler == program:
            return simpler, places
        sets = ValueSets(simpler, signature, exact_means=exact_means)
        if rewriter.is_settled(sets):
            return simpler, places
        program = simpler
    return program, places


def same_program(first: Program, second: Program, signature: Signature) -> bool:
    """Whether the canonical forms are equal."""
    return canonical(first, signature) == canonical(second, signature)


def _fuse(program: Program, values: ValueSets) -> tuple[Program, dict[int, int]]:
    """Maps of maps fused, where a sequence map of one operand twice counts as a map; dead lines dropped.

    Returns where each line went, too.
    """
    lines: list[Line] = []
    for line in program.lines:
        if isinstance(line, SequenceMap) and line.first == line.second:
            table = UnaryTable(tuple((x, line.function(x, x)) for x in values[line.first]))
            line = Map(line.first, table)
        inner = lines[line.operand] if isinstance(line, Map) and line.operand >= 0 else None
        if isinstance(line, Map) and isinstance(inner, Map):
            line = Map(
                inner.operand, compose(line.function, inner.function, values[inner.operand]), line.encoding
            )
        lines.append(line)
    live = live_positions(lines, program.output)
    kept = {old: new for new, old in enumerate(live)}
    if len(live) == len(lines) and all(map(is_, lines, program.lines)):
        return program, kept
    return select_lines(lines, live, program.output), kept


def _kept_values(program: Program) -> set[Ref]:
    """Lines whose values can be seen: the output, and what reaches it through categorical aggregates."""
    kept: set[Ref] = set()
    ref = program.output
    while ref >= 0 and ref not in kept:
        kept.add(ref)
        line = program.lines[ref]
        if isinstance(line, Aggregate):
            ref = line.values
    return kept


class _Known(NamedTuple):
    """Values of an s-op before and after renumbering, side by side."""

    old: tuple[Value, ...]
    new: tuple[Value, ...]


class _Found(NamedTuple):
    """A line in canonical terms, and its values."""

    line: Line
    known: _Known
    numbered: _Found | None = None
    """For a line whose values can be seen: the same line were they numbered."""


class _Rewriter:
    """One rewriting from the inputs to the output, depth by depth."""

    def __init__(self, program: Program, sets: ValueSets) -> None:
        self._program = program
        self._sets = sets
        self._kept = _kept_values(program)
        self._lines: list[Line] = []
        self._place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES}
        self._known = {ref: _Known(self._sets[ref], self._sets[ref]) for ref in (TOKENS, INDICES)}
        self._kinds: dict[int, type | None] = {}
        self._emptied = False

    def result(self) -> tuple[Program, dict[int, int]]:
        """The rewritten program, and where each line went."""
        depth: dict[Ref, int] = {TOKENS: 0, INDICES: 0}
        levels: dict[int, list[int]] = {}
        for position, line in enumerate(self._program.lines):
            depth[position] = 1 + max(depth[ref] for ref in operands(line))
            levels.setdefault(depth[position], []).append(position)
        for level in sorted(levels):
            self._append(levels[level])
        output = self._place[self._program.output]
        live = live_positions(self._lines, output)
        if len(live) == len(self._lines):
            moved = {old: now for old, now in self._place.items() if old >= 0}
            return Program(tuple(self._lines), output), moved
        final = {old: new for new, old in enumerate(live)}
        moved = {old: final[now] for old, now in self._place.items() if old >= 0 and now in final}
        return select_lines(self._lines, live, output), moved

    def is_settled(self, sets: ValueSets) -> bool:
        """Whether rewriting the result, with these `sets`, would give the very same lines again.

        So it is where no line was dropped or shared, and every function that is seen by its values, or works
        on such, has values of the same types as before: another rewriting meets the same tables then.
        """
        if self._emptied or len(self._lines) != len(self._program):
            return False
        return all(
            self._is_settled_line(position, place, sets)
            for position, place in self._place.items()
            if position >= 0
        )

    def _is_settled_line(self, position: int, place: int, sets: ValueSets) -> bool:
        known = self._known[position]
        as_before = known.old is known.new
        if isinstance(self._lines[place], Map | SequenceMap):
            kind = sets.table(place).kind
            if kind is None or (as_before and kind is not self._kinds[position]):
                return False
        if not as_before:
            return True
        return sets[place] == known.new and types_of(sets[place]) == types_of(known.new)

    def _append(self, positions: list[int]) -> None:
        """Append the lines of one depth in order of their content, equal ones once."""
        found = [(self._rewrite(position), position) for position in positions]
        if len(found) > 1:
            seen = {f.numbered.line: f for f, _ in found if f.numbered is not None}
            found = _in_order([(_shared(f, seen), position) for f, position in found])
        placed: dict[Line, int] = {}
        for rewritten, position in found:
            if rewritten.line not in placed:
                placed[rewritten.line] = len(self._lines)
                self._lines.append(rewritten.line)
            self._place[position] = placed[rewritten.line]
            self._known[position] = rewritten.known

    def _rewrite(self, position: int) -> _Found:
        line = self._program.lines[position]
        match line:
            case Map():
                return self._map(position, line)
            case SequenceMap():
                return self._sequence_map(position, line)
            case LinearSequenceMap():
                return self._linear(position, line)
            case Select():
                return self._select(line)
            case Aggregate():
                values = self._known[line.values]
                if self._program.encoding(position) is Encoding.NUMERICAL:
                    values = self._plain(position)
                return _Found(Aggregate(self._place[line.selector], self._place[line.values]), values)
            case SelectorWidth():
                line = SelectorWidth(self._place[line.selector], line.encoding)
                return _Found(line, self._plain(position))

    def _plain(self, position: int) -> _Known:
        return _Known(self._sets[position], self._sets[position])

    def _valued(
        self,
        position: int,
        results: tuple[Maybe, ...],
        kind: type | None,
        line: Callable[[tuple[Maybe, ...]], Line],
    ) -> _Found:
        """The line that gives `results`, where they are unseen with 0, 1, ... by first occurrence instead."""
        self._kinds[position] = kind
        if self._program.encoding(position) is Encoding.NUMERICAL:
            return _Found(line(results), self._plain(position))
        number: dict[Value, int] = {}
        new = tuple(None if r is None else number.setdefault(r, len(number)) for r in results)
        numbered = _Found(line(new), _Known(tuple(number), tuple(range(len(number)))))
        if position not in self._kept:
            return numbered
        return _Found(line(results), self._plain(position), numbered)

    def _map(self, position: int, line: Map) -> _Found:
        operand, place = self._known[line.operand], self._place[line.operand]
        found = tabulated_unary(line.function, operand.old)
        return self._valued(
            position,
            found.results,
            found.kind,
            lambda results: Map(place, name_unary(operand.new, results), line.encoding),
        )

    def _sequence_map(self, position: int, line: SequenceMap) -> _Found:
        first, second = line.first, line.second
        found = tabulated_binary(line.function, self._known[first].old, self._known[second].old)
        table = found.results
        if self._place[first] > self._place[second]:
            table = _transposed(table, len(self._known[second].old))
            first, second = second, first
        xs, ys = self._known[first].new, self._known[second].new
        places = self._place[first], self._place[second]
        return self._valued(
            position, table, found.kind, lambda results: SequenceMap(*places, name_binary(xs, ys, results))
        )

    def _linear(self, position: int, line: LinearSequenceMap) -> _Found:
        terms = sorted(
            [(self._place[line.first], line.first_factor), (self._place[line.second], line.second_factor)]
        )
        (first, a), (second, b) = terms
        return _Found(LinearSequenceMap(first, second, a, b), self._plain(position))

    def _select(self, line: Select) -> _Found:
        keys, queries = self._known[line.keys], self._known[line.queries]
        rows = tabulate_predicate(line.predicate, keys.old, queries.old)
        if not any(map(any, rows)):  # weights hold which queries select something, and here none does
            self._emptied = True
            return _Found(Select(self._place[line.keys], self._place[line.keys], _NOTHING), _Known((), ()))
        predicate = name_predicate(keys.new, queries.new, rows)
        select = Select(self._place[line.keys], self._place[line.queries], predicate)
        return _Found(select, _Known((), ()))


def _shared(found: _Found, seen: dict[Line, _Found]) -> _Found:
    """The line whose values can be seen, where `found` is the same but for its values."""
    twin = seen.get(found.line)
    if twin is None or twin.numbered is None or found.numbered is not None:
        return found
    return _Found(twin.line, _Known(found.known.old, twin.numbered.known.old))


def _transposed(table: tuple[Maybe, ...], columns: int) -> tuple[Maybe, ...]:
    return tuple(value for column in range(columns) for value in table[column::columns])


_ORDER = {
    kind: rank
    for rank, kind in enumerate((Select, Aggregate, SelectorWidth, Map, SequenceMap, LinearSequenceMap))
}

Placed = list[tuple[_Found, int]]


def _in_order(found: Placed) -> Placed:
    """Lines by operation, operands and the text of their function, which is written where it decides."""
    heads = [_head(pair[0].line) for pair in found]
    if len(set(heads)) == len(heads):
        return [pair for _, pair in sorted(zip(heads, found, strict=True), key=itemgetter(0))]
    return sorted(found, key=lambda pair: (_head(pair[0].line), print_function(pair[0].line)))


def _head(line: Line) -> tuple[int, tuple[Ref, ...]]:
    return _ORDER[type(line)], operands(line)
