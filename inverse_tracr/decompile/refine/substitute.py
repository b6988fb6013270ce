"""Readers of a line read another one instead, from which the first can be told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from inverse_tracr.decompile.repair.edit import Edit, exchanged, inserted
from inverse_tracr.rasp.functions import BinaryTable, Predicate, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import Line, Map, Program, Ref, Select, SequenceMap, operands
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value


@dataclass(frozen=True)
class Finer:
    """A line to be put in, and for each of its values the values of the s-op that is read now."""

    line: Line
    stands_for: Mapping[Value, Sequence[Value]]


Seen = Callable[[Ref, Ref], Collection[tuple[Value, ...]]]
"""The pairs of values of two s-ops that occur at one position."""


def readers_of(program: Program, ref: Ref) -> list[int]:
    """The lines that read an s-op."""
    return [at for at, line in enumerate(program.lines) if ref in operands(line)]


def substituted(
    program: Program, sets: ValueSets, read: Ref, readers: Collection[int], finer: Finer, seen: Seen
) -> Edit | None:
    """The program with the line of `finer`, which `readers` read instead of `read`, with tables for it.

    None where a reader moves values on, or where the language does not allow it.
    """
    for reader in readers:
        line = _rewritten(program.lines[reader], sets, read, finer.stands_for, seen)
        edit = None if line is None else exchanged(program, reader, line)
        if edit is None:
            return None
        program = edit.program
    return inserted(program, finer.line, list(readers), read)


_Meanings = list[tuple[Value, Sequence[Value]]]


def _rewritten(
    line: Line, sets: ValueSets, read: Ref, stands_for: Mapping[Value, Sequence[Value]], seen: Seen
) -> Line | None:
    """A reader with its function on the values of the new line."""

    def values(ref: Ref) -> _Meanings:
        return list(stands_for.items()) if ref == read else [(value, (value,)) for value in sets[ref]]

    match line:
        case Map(function=function):
            entries = tuple((new, function(olds[0])) for new, olds in values(read))
            return Map(line.operand, UnaryTable(entries), line.encoding)
        case SequenceMap(first, second, function):
            occurring = seen(first, second)

            def said(firsts: Sequence[Value], seconds: Sequence[Value]) -> Maybe:
                pairs = [(a, b) for a in firsts for b in seconds]
                return function(*next((pair for pair in pairs if pair in occurring), pairs[0]))

            table = tuple(((x, y), said(a, b)) for x, a in values(first) for y, b in values(second))
            return SequenceMap(first, second, BinaryTable(table))
        case Select(keys, queries, predicate):
            return Select(keys, queries, _selected(predicate, values(keys), values(queries)))
        case _:
            return None


def _selected(predicate: Predicate, keys: _Meanings, queries: _Meanings) -> PredicateTable:
    return PredicateTable(tuple((k, q) for k, a in keys for q, b in queries if predicate(a[0], b[0])))
