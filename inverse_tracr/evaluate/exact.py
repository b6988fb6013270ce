"""Exact match: one program for all that weights can tell (design, section 4)."""

from __future__ import annotations

import enum
from dataclasses import replace

import numpy as np

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.decompile.verify import program_outputs, same
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp import Program, Signature, Trace, comparison_inputs
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.interpreter import Categorical
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    SelectorWidth,
    operands,
)
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.sample.weights_hash import weights_hash
from inverse_tracr.zoo import Kind

SAMPLES = 2_000
"""Inputs on which a program with other encodings must say the same."""


class Match(enum.Enum):
    """Why two programs count as one, if they do."""

    CANONICAL = "canonical form"
    WEIGHTS = "weights"
    ENCODINGS = "canonical form, encodings ignored"
    NONE = "none"

    @property
    def exact(self) -> bool:
        """Whether this is an exact match."""
        return self is not Match.NONE


def exact_match(found: Program, true: Program, signature: Signature, kind: Kind) -> Match:
    """How far two programs are one; encodings are ignored where `kind` is natural."""
    if canonical(found, signature) == canonical(true, signature):
        return Match.CANONICAL
    if _same_weights(found, true, signature):
        return Match.WEIGHTS
    if kind is Kind.NATURAL and _plain_form(found, signature) == _plain_form(true, signature):
        return Match.ENCODINGS
    return Match.NONE


def _same_weights(found: Program, true: Program, signature: Signature) -> bool:
    """Whether both compile to the same weights up to a permutation of dimensions, neurons and heads."""
    try:
        first, second = (compile_weights(p, signature, mode=Mode.FIXED) for p in (found, true))
    except InverseTracrError:
        return False
    if first.plan.config != second.plan.config or first.output_encoder != second.output_encoder:
        return False
    return weights_hash(first.weights) == weights_hash(second.weights)


def _plain_form(program: Program, signature: Signature) -> Program:
    return canonical(without_encodings(program, signature), signature)


def without_encodings(program: Program, signature: Signature) -> Program:
    """The program with its numerical lines made categorical, group by group, where nothing else changes.

    A group is what must change together: an aggregate has the encoding of its values. It is left as it is
    where the program would say something else on sampled inputs, or where a line would take values outside
    of its value set (a mean of several numbers).
    """
    for group in _groups(program):
        lines = list(program.lines)
        for position in group:
            line = lines[position]
            if isinstance(line, Map | SelectorWidth):
                lines[position] = replace(line, encoding=Encoding.CATEGORICAL)
        changed = Program(tuple(lines), program.output, program.names)
        if _says_the_same(program, changed, signature):
            program = changed
    return program


def _groups(program: Program) -> list[set[int]]:
    """Numerical lines, each with the aggregates over it; those of linear sequence maps have to stay."""
    groups: list[set[int]] = []
    for position, line in enumerate(program.lines):
        if program.encoding(position) is not Encoding.NUMERICAL or isinstance(line, Aggregate):
            continue
        group = {position}
        for later, above in enumerate(program.lines):
            if isinstance(above, Aggregate) and above.values in group:
                group.add(later)
        if not any(_is_linear(above, group) for above in program.lines):
            groups.append(group)
    return groups


def _is_linear(line: Line, group: set[int]) -> bool:
    return isinstance(line, LinearSequenceMap) and not group.isdisjoint(operands(line))


def _says_the_same(program: Program, changed: Program, signature: Signature) -> bool:
    try:
        sets = ValueSets(changed, signature)
    except InverseTracrError:
        return False
    for batch in comparison_inputs(signature, limit=SAMPLES, samples=SAMPLES):
        if not _aggregates_within(Trace(changed, signature, batch), changed, sets):
            return False
        before, after = (program_outputs(p, signature, batch) for p in (program, changed))
        if not same(before, after).all():
            return False
    return True


def _aggregates_within(trace: Trace, program: Program, sets: ValueSets) -> bool:
    """Whether categorical aggregates take values of their value sets only."""
    for position, line in enumerate(program.lines):
        column = trace.column(position) if isinstance(line, Aggregate) else None
        if isinstance(column, Categorical):
            used = {column.values[i] for i in np.unique(column.index).tolist() if i >= 0}
            if not used <= set(sets[position]):
                return False
    return True
