"""Readers of a line that has other values than before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.functions import Predicate
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
from inverse_tracr.rasp.program import Line, Map, Program, Ref, Select, SequenceMap, operands
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value


def reread(
    program: Program, sets: ValueSets, position: Ref, line: Line, old: Mapping[Value, Maybe]
) -> Program | None:
    """The program with another line in a place; `old` has for each of its values the one that readers know,
    None for none.

    None where a reader moves values, or is the output.
    """
    lines = list(program.lines)
    lines[position] = line
    if position == program.output:
        return None
    for reader, reading in enumerate(program.lines):
        if position in operands(reading):
            rewritten = _rewritten(reading, sets, position, old)
            if rewritten is None:
                return None
            lines[reader] = rewritten
    try:
        return replace(program, lines=tuple(lines))
    except InverseTracrError:
        return None


def _rewritten(line: Line, sets: ValueSets, read: Ref, old: Mapping[Value, Maybe]) -> Line | None:
    def known(ref: Ref) -> tuple[tuple[Value, ...], Callable[[Value], Maybe]]:
        return (tuple(old), old.__getitem__) if ref == read else (sets[ref], lambda value: value)

    match line:
        case Map(operand, function, encoding):
            xs, of = known(operand)
            said = tuple(None if (x := of(value)) is None else function(x) for value in xs)
            return Map(operand, name_unary(xs, said), encoding)
        case SequenceMap(first, second, function):
            (xs, of_x), (ys, of_y) = known(first), known(second)
            pairs = ((of_x(x), of_y(y)) for x in xs for y in ys)
            said = tuple(None if x is None or y is None else function(x, y) for x, y in pairs)
            return SequenceMap(first, second, name_binary(xs, ys, said))
        case Select(keys, queries, predicate):
            (ks, of_k), (qs, of_q) = known(keys), known(queries)
            rows = tuple(tuple(_chosen(predicate, of_k(k), of_q(q)) for k in ks) for q in qs)
            return Select(keys, queries, name_predicate(ks, qs, rows))
        case _:
            return None


def _chosen(predicate: Predicate, key: Maybe, query: Maybe) -> bool:
    return key is not None and query is not None and predicate(key, query)
