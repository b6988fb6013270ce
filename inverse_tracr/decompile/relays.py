"""Lines that hand on what they read: a student that has lost a value seems to map what it reads first."""

from __future__ import annotations

from inverse_tracr.decompile.proposers import Judge
from inverse_tracr.decompile.repair.edit import dropped
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Encoding, Map, Program, Ref
from inverse_tracr.rasp.value_sets import ValueSets


def without_relays(program: Program, model: TransformerProgram, judge: Judge) -> tuple[Program, list[str]]:
    """A verified program less the maps of every value to itself or to nothing that it does not need.

    Also the names of the lines that were left out.
    """
    left_out: list[str] = []
    while (shorter := _shortened(program, model, judge)) is not None:
        program, line = shorter
        left_out.append(line)
    return program, left_out


def _shortened(program: Program, model: TransformerProgram, judge: Judge) -> tuple[Program, str] | None:
    """The program less its first such map that it does not need, and the name of the line."""
    verdict = judge(program).verdict
    for position, operand in _relays(program, model):
        edit = dropped(program, position, operand)
        if edit is not None and judge(edit.program).verdict is verdict:
            return edit.program, program.names[position]
    return None


def _relays(program: Program, model: TransformerProgram) -> list[tuple[Ref, Ref]]:
    try:
        sets = ValueSets(program, model.signature, exact_means=True)
    except InverseTracrError:  # too many means to list
        return []
    found: list[tuple[Ref, Ref]] = []
    for position, line in enumerate(program.lines):
        if isinstance(line, Map) and line.encoding is program.encoding(line.operand) is Encoding.CATEGORICAL:
            said = [(value, line.function(value)) for value in sets[line.operand]]
            lost = [value for value, result in said if result is None]
            if lost and all(result is None or result == value for value, result in said):
                found.append((position, line.operand))
    return found
