"""Values that a student encodes as nothing: no reader does anything for them, so W_emb need not hold them."""

from __future__ import annotations

from dataclasses import replace

from inverse_tracr.decompile.plain.rereading import reread
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.program import Encoding, Map, Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value


def with_lost_values(program: Program, signature: Signature) -> Program:
    """The program with a value of its own, for which readers do nothing, where a map of numbers has none.

    Among numbers a table means the nearest that it has, so that no value cannot be said.
    """
    for position, line in enumerate(program.lines):
        if not isinstance(line, Map) or not isinstance(line.function, UnaryTable):
            continue
        if (
            line.encoding is not Encoding.CATEGORICAL
            or program.encoding(line.operand) is Encoding.CATEGORICAL
        ):
            continue
        if any(result is None for _, result in line.function.entries):
            program = _filled(program, signature, position, line, line.function)
    return program


def _filled(program: Program, signature: Signature, position: int, line: Map, table: UnaryTable) -> Program:
    results = [result for _, result in table.entries if result is not None]
    fresh = 1 + max((result for result in results if isinstance(result, int)), default=-1)
    old: dict[Value, Maybe] = {result: result for result in results} | {fresh: None}
    entries = tuple((x, fresh if result is None else result) for x, result in table.entries)
    try:
        sets = ValueSets(program, signature, exact_means=True)
        changed = reread(program, sets, position, replace(line, function=UnaryTable(entries)), old)
    except InverseTracrError:  # too many means to list
        return program
    return program if changed is None else changed
