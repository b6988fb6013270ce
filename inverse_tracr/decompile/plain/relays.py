"""Lines that hand on what they read: a student that has lost a value seems to map what it reads first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from inverse_tracr.decompile.plain.rereading import reread
from inverse_tracr.decompile.repair.edit import dropped
from inverse_tracr.rasp.naming import name_binary, name_unary
from inverse_tracr.rasp.program import Encoding, Line, Map, Program, Ref, SequenceMap, operands
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value


def without_relay(program: Program, sets: ValueSets) -> Iterator[tuple[Program, str]]:
    """Programs less a map that tells apart all values but those that it loses, and the name of the line."""
    for position, line in enumerate(program.lines):
        if not isinstance(line, Map) or line.encoding is not Encoding.CATEGORICAL:
            continue
        if program.encoding(line.operand) is not Encoding.CATEGORICAL:
            continue
        said = {value: line.function(value) for value in sets[line.operand]}
        kept = [result for result in said.values() if result is not None]
        if len(kept) == len(said) or len(set(kept)) < len(kept):
            continue
        changed = _reading_through(program, sets, position, said)
        edit = None if changed is None else dropped(changed, position, line.operand)
        if edit is not None:
            yield edit.program, program.names[position]


def without_last_map(program: Program, sets: ValueSets) -> Iterator[tuple[Program, str]]:
    """The program less a map that is put out, where the line before can say the same; and its name."""
    position, line = program.output, program.lines[program.output]
    if (
        not isinstance(line, Map)
        or line.operand < 0
        or any(position in operands(reader) for reader in program.lines)
    ):
        return
    changed, before = program, program.lines[line.operand]
    if isinstance(before, Map | SequenceMap) and program.encoding(line.operand) is Encoding.CATEGORICAL:
        said = {value: line.function(value) for value in sets[line.operand]}
        old = {result: value for value, result in said.items() if result is not None}
        if len(old) == len(said):
            changed = reread(program, sets, line.operand, _saying(before, sets, said), old)
    edit = None if changed is None else dropped(changed, position, line.operand)
    if edit is not None:
        yield edit.program, program.names[position]


def _saying(line: Map | SequenceMap, sets: ValueSets, said: Mapping[Value, Maybe]) -> Line:
    """The line with other values."""
    if isinstance(line, Map):
        xs = sets[line.operand]
        results = tuple(None if (y := line.function(x)) is None else said.get(y) for x in xs)
        return replace(line, function=name_unary(xs, results))
    xs, ys = sets[line.first], sets[line.second]
    table = tuple(None if z is None else said.get(z) for z in line.function.table(xs, ys))
    return replace(line, function=name_binary(xs, ys, table))


def _reading_through(
    program: Program, sets: ValueSets, position: Ref, said: dict[Value, Maybe]
) -> Program | None:
    """The program with readers of the map that know the values of what it reads."""
    if all(result is None or result == value for value, result in said.items()):
        return program
    return reread(program, sets, position, program.lines[position], said)
