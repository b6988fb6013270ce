"""Lines that hand on what they read: a student that has lost a value seems to map what it reads first."""

from __future__ import annotations

from collections.abc import Iterator

from inverse_tracr.decompile.plain.rereading import reread
from inverse_tracr.decompile.repair.edit import dropped
from inverse_tracr.rasp.program import Encoding, Map, Program, Ref
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


def _reading_through(
    program: Program, sets: ValueSets, position: Ref, said: dict[Value, Maybe]
) -> Program | None:
    """The program with readers of the map that know the values of what it reads."""
    if all(result is None or result == value for value, result in said.items()):
        return program
    return reread(program, sets, position, program.lines[position], said)
