"""Readable values for internal lines: those with which most functions and predicates have names.

Weights do not hold the values of internal categorical lines, so any one-to-one renaming of them is the
same program. Canonical form numbers them; here they are chosen so that fewer tables are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inverse_tracr.rasp.functions import (
    BinaryOp,
    BinaryTable,
    NamedBinary,
    NamedUnary,
    PredicateTable,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number

_MAX_PAIRS = 5_000
"""Lines with larger tables keep their values: looking for names there costs more than it helps."""

_LONG = 6
"""Characters of a threshold above which a shorter one is looked for."""

_MOST_DIGITS = 12


def readable(program: Program, signature: Signature, *, exact_means: bool = False) -> Program:
    """A canonical program with the values of internal lines chosen so that fewer tables are left."""
    best, cost = program, description(program)
    for position in range(len(program.lines)):
        if cost == 0:
            break
        if position in _seen(program) or program.encoding(position) is not Encoding.CATEGORICAL:
            continue
        for candidate in _relabelled(best, position, ValueSets(best, signature, exact_means=exact_means)):
            candidate_cost = description(candidate)
            if candidate_cost < cost:
                best, cost = candidate, candidate_cost
    return best


def with_short_thresholds(program: Program, signature: Signature) -> Program:
    """The same program, thresholds such as -0.04999999999999999 made short: the number of fewest decimals
    between the values that they part.
    """
    if not any(map(_threshold, program.lines)):
        return program
    sets = ValueSets(program, signature, exact_means=True)
    lines = list(program.lines)
    for at, line in enumerate(lines):
        old = _threshold(line)
        if old is None or not isinstance(line, Map):
            continue
        truth = tabulate_unary(old, sets[line.operand])
        sides: dict[Maybe, list[float]] = {True: [], False: []}
        for x, y in zip(sets[line.operand], truth, strict=True):
            if is_number(x) and isinstance(y, bool):
                sides[y].append(x)
        if not sides[True] or not sides[False]:
            continue
        low, high = sorted(sides.values(), key=min)
        short = _between(max(low), min(high))
        if short is not None:
            lines[at] = replace(line, function=NamedUnary(old.op, short))
    return Program(tuple(lines), program.output, program.names)


def _threshold(line: Line) -> NamedUnary | None:
    """The function of a line that compares with a long number."""
    if not isinstance(line, Map) or not isinstance(line.function, NamedUnary):
        return None
    function = line.function
    parts = function.op in (UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE)
    long = isinstance(function.constant, float) and len(repr(function.constant)) > _LONG
    return function if parts and long else None


def _between(low: float, high: float) -> float | None:
    """The number of fewest decimals between two, near their middle; None where there is none."""
    tried = (round((low + high) / 2, digits) for digits in range(_MOST_DIGITS))
    return next((number for number in tried if low < number < high), None)


def description(program: Program) -> int:
    """Entries of all tables of a program."""
    total = 0
    for line in program.lines:
        match line:
            case Map(function=UnaryTable() as table) | SequenceMap(function=BinaryTable() as table):
                total += 1 + len(table.entries)
            case Select(predicate=PredicateTable() as table):
                total += 1 + len(table.pairs)
            case _:
                pass
    return total


def _seen(program: Program) -> set[Ref]:
    """Lines whose values are those of the output."""
    seen: set[Ref] = set()
    ref = program.output
    while ref >= 0 and ref not in seen:
        seen.add(ref)
        line = program.lines[ref]
        if isinstance(line, Aggregate):
            ref = line.values
    return seen


def _relabelled(program: Program, position: int, sets: ValueSets) -> Iterator[Program]:
    """The program with other values on one line, for every named function of the same partition."""
    line = program.lines[position]
    if isinstance(line, Map) and len(sets[line.operand]) <= _MAX_PAIRS:
        xs = sets[line.operand]
        old = tabulate_unary(line.function, xs)
        for function in _unary_names(xs):
            renaming = _renaming(old, tabulate_unary(function, xs))
            if renaming is not None:
                yield _apply(program, position, renaming, sets)
    if isinstance(line, SequenceMap):
        xs, ys = sets[line.first], sets[line.second]
        if len(xs) * len(ys) > _MAX_PAIRS:
            return
        old = tabulate_binary(line.function, xs, ys)
        for op in BinaryOp:
            renaming = _renaming(old, tabulate_binary(NamedBinary(op), xs, ys))
            if renaming is not None:
                yield _apply(program, position, renaming, sets)


def rename_values(
    program: Program, position: int, renaming: dict[Value, Value], signature: Signature
) -> Program:
    """The same program with the values of one internal line renamed, one to one, wherever they are read."""
    return _apply(program, position, renaming, ValueSets(program, signature, exact_means=True))


def _unary_names(xs: tuple[Value, ...]) -> Iterator[NamedUnary]:
    """One-to-one and threshold functions with small constants."""
    yield NamedUnary(UnaryOp.IDENTITY)
    yield NamedUnary(UnaryOp.NOT)
    yield NamedUnary(UnaryOp.NEGATE)
    for constant in (1, 2, 3):
        for op in (UnaryOp.ADD, UnaryOp.SUBTRACT, UnaryOp.MULTIPLY, UnaryOp.SUBTRACT_FROM):
            yield NamedUnary(op, constant)
    yield NamedUnary(UnaryOp.SUBTRACT_FROM, len(xs) - 1)
    for constant in xs:
        yield NamedUnary(UnaryOp.EQ, constant)


def _renaming(old: tuple[Maybe, ...], new: tuple[Maybe, ...]) -> dict[Value, Value] | None:
    """The one-to-one renaming that turns `old` into `new`; None where there is none or it changes nothing."""
    renaming: dict[Value, Value] = {}
    for before, after in zip(old, new, strict=True):
        if (before is None) != (after is None):
            return None
        if before is not None and after is not None and renaming.setdefault(before, after) != after:
            return None
    if len(set(renaming.values())) != len(renaming) or all(a == b for a, b in renaming.items()):
        return None
    return renaming


def _apply(program: Program, position: int, renaming: dict[Value, Value], sets: ValueSets) -> Program:
    """Rename the values of a line, in its own function and in everything that reads them."""
    renamed: dict[Ref, dict[Value, Value]] = {position: renaming}
    lines: list[Line] = []
    for at, line in enumerate(program.lines):
        if isinstance(line, Aggregate) and line.values in renamed:
            renamed[at] = renamed[line.values]
        lines.append(_rewritten(line, renamed.get(at), renamed, sets))
    return Program(tuple(lines), program.output, program.names)


def _rewritten(
    line: Line, own: dict[Value, Value] | None, renamed: dict[Ref, dict[Value, Value]], sets: ValueSets
) -> Line:
    """A line in terms of renamed values: `own` for its results, `renamed` for its operands."""

    def new(ref: Ref) -> tuple[Value, ...]:
        return tuple(renamed[ref][v] for v in sets[ref]) if ref in renamed else sets[ref]

    def results(table: tuple[Maybe, ...]) -> tuple[Maybe, ...]:
        return table if own is None else tuple(None if v is None else own[v] for v in table)

    match line:
        case Map() if own is not None or line.operand in renamed:
            table = results(tabulate_unary(line.function, sets[line.operand]))
            return Map(line.operand, name_unary(new(line.operand), table), line.encoding)
        case SequenceMap() if own is not None or line.first in renamed or line.second in renamed:
            table = results(tabulate_binary(line.function, sets[line.first], sets[line.second]))
            return SequenceMap(line.first, line.second, name_binary(new(line.first), new(line.second), table))
        case Select() if line.keys in renamed or line.queries in renamed:
            rows = tabulate_predicate(line.predicate, sets[line.keys], sets[line.queries])
            return Select(line.keys, line.queries, name_predicate(new(line.keys), new(line.queries), rows))
        case _:
            return line
