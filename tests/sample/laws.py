"""The laws of the presets `sound` and `tracr`, checked with the interpreter and the compiled model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.rasp import (
    INDICES,
    TOKENS,
    Encoding,
    Map,
    Program,
    Select,
    Signature,
    Trace,
    comparison_inputs,
)
from inverse_tracr.rasp.interpreter import Column, Numerical
from inverse_tracr.rasp.program import Ref, operands
from inverse_tracr.sample import Sample

Labels = NDArray[np.int64]


def check_laws(found: Sample, *, limit: int = 400) -> None:
    """Every line used, not constant, different from all others; no map of a map; a value everywhere."""
    program, signature = found.program, found.signature
    lines = program.lines
    used = {ref for line in lines for ref in operands(line)} | {program.output}
    assert used.issuperset(range(len(lines))), "a line is not used"
    for line in lines:
        if isinstance(line, Map) and line.operand >= 0:
            assert not isinstance(lines[line.operand], Map), "a map of a map"
    inputs = comparison_inputs(signature, limit=limit, samples=limit)
    traces = [Trace(program, signature, batch) for batch in inputs]
    refs = [TOKENS, INDICES, *(ref for ref, line in enumerate(lines) if not isinstance(line, Select))]
    columns = {ref: [trace.column(ref) for trace in traces] for ref in refs}
    keys = {ref: label_key(program, ref, columns[ref]) for ref in refs}
    assert len(set(keys.values())) == len(keys), "two lines are the same"
    assert all(len(set(key[1])) > 1 for key in keys.values()), "a line is constant"
    assert None not in {
        value for column in columns[program.output] for row in column.decode() for value in row
    }


def label_key(program: Program, ref: Ref, columns: list[Column]) -> tuple[bool, tuple[object, ...]]:
    """What a line is: its numbers, or for categorical lines the values renumbered by first occurrence."""
    values = [value for column in columns for row in column.decode() for value in row]
    if program.encoding(ref) is Encoding.NUMERICAL:
        assert all(isinstance(column, Numerical) for column in columns)
        return True, tuple(values)
    number = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return False, tuple(number[value] for value in values)


def first_disagreement(program: Program, signature: Signature, *, limit: int = 400) -> str | None:
    """An input on which the model compiled in mode `fixed` and the interpreter differ, with both outputs."""
    model = compile_program(program, signature, mode=Mode.FIXED)
    for batch in comparison_inputs(signature, limit=limit, samples=limit):
        meant = Trace(program, signature, batch).output.decode()
        rows = [[signature.vocab[token] for token in row] for row in batch.tolist()]
        for row, wanted, got in zip(rows, meant, model.run(rows), strict=True):
            if not all(map(same_value, wanted, got)):
                return f"{row}: interpreter {wanted}, model {got}"
    return None


def same_value(wanted: object, got: object) -> bool:
    """Equality of outputs, numbers within 1e-4."""
    if isinstance(wanted, float) and isinstance(got, float):
        return abs(wanted - got) <= 1e-4 * (1 + abs(wanted))
    return wanted == got
