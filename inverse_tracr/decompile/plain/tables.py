"""Tables in other words: classes that no reader tells apart, and named functions that say more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inverse_tracr.decompile.plain.names import Tables
from inverse_tracr.decompile.plain.rereading import reread
from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.naming import name_binary, name_unary
from inverse_tracr.rasp.program import Map, Program, Ref, Select, SequenceMap, operands
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

MOST_NAMES = 3
"""Of one table that are tried."""


def with_classes_merged(program: Program, sets: ValueSets) -> Iterator[Program]:
    """Programs with a table whose classes are those that its readers tell apart."""
    for position, line in enumerate(program.lines):
        if not isinstance(line, Map | SequenceMap) or not isinstance(line.function, UnaryTable | BinaryTable):
            continue
        classes = _classes(program, sets, position)
        if classes is None or len(set(classes.values())) == len(classes):
            continue
        kept = {value: value for value in classes.values()}
        if isinstance(line, Map):
            xs = sets[line.operand]
            said = tuple(_renamed(classes, line.function(x)) for x in xs)
            new = replace(line, function=name_unary(xs, said))
        else:
            xs, ys = sets[line.first], sets[line.second]
            said = tuple(_renamed(classes, y) for y in line.function.table(xs, ys))
            new = replace(line, function=name_binary(xs, ys, said))
        changed = reread(program, sets, position, new, kept)
        if changed is not None:
            yield changed


def with_named_functions(program: Program, tables: Tables) -> Iterator[Program]:
    """Programs with a named function instead of a table that it may have been.

    What selects make of its values is named as well.
    """
    for position, line in enumerate(program.lines):
        if isinstance(line, Select):
            yield from _named_select(program, position, tables)
            continue
        for name in tables.names(program, position)[:MOST_NAMES]:
            changed = reread(program, tables.sets(program), position, name.line, name.old)
            if changed is None:
                continue
            for reader, reading in enumerate(changed.lines):
                if isinstance(reading, Select) and position in operands(reading):
                    changed = next(_named_select(changed, reader, tables), changed)
            yield changed


def _named_select(program: Program, position: Ref, tables: Tables) -> Iterator[Program]:
    for name in tables.names(program, position)[:1]:
        yield replace(program, lines=(*program.lines[:position], name.line, *program.lines[position + 1 :]))


def _classes(program: Program, sets: ValueSets, position: Ref) -> dict[Value, Value] | None:
    """For each value of a line the first that all its readers take for the same; None where one moves it."""
    readers = [line for line in program.lines if position in operands(line)]
    if position == program.output or not readers:
        return None
    if not all(isinstance(line, Map | SequenceMap | Select) for line in readers):
        return None
    first: dict[object, Value] = {}
    found: dict[Value, Value] = {}
    for value in sets[position]:
        read = tuple(_read(line, sets, position, value) for line in readers)
        found[value] = first.setdefault(read, value)
    return found


def _read(line: object, sets: ValueSets, position: Ref, value: Value) -> tuple[object, ...]:
    """What a reader makes of a value of one of its operands, with all values of the other."""
    match line:
        case Map(function=function):
            return (function(value),)
        case SequenceMap(first, second, function):
            xs = (value,) if first == position else sets[first]
            ys = (value,) if second == position else sets[second]
            return function.table(xs, ys)
        case Select(keys, queries, predicate):
            ks = (value,) if keys == position else sets[keys]
            qs = (value,) if queries == position else sets[queries]
            return tuple(predicate(k, q) for k in ks for q in qs)
        case _:
            raise TypeError("a reader that moves values")


def _renamed(classes: dict[Value, Value], value: Maybe) -> Maybe:
    return None if value is None else classes[value]
