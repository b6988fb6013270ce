"""From a sketch to a program: which line the model puts out, and with which values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from inverse_tracr.decompile.search.columns import Column, Sketch
from inverse_tracr.decompile.search.mlps import operand_sets
from inverse_tracr.decompile.search.observe import Observation
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.program import (
    Aggregate,
    Encoding,
    Line,
    Map,
    Program,
    Ref,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.readable import rename_values
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, as_number, is_number

_NEAR = 5e-3
"""How far from a number one is that stands for it."""
_NEARER = 0.3
"""The same, as a share of the distance to the next number: students are not exact."""
_DENOMINATOR = 15


def finish(sketch: Sketch, observation: Observation, model: TransformerProgram) -> Program | None:
    """The program of a sketch, the last line that determines the output returned; None if no line does."""
    columns = [c for c in reversed(sketch.columns) if c.ref >= 0]
    if not isinstance(model.output_encoder, CategoricalOutput):
        return _saying_numbers(sketch, columns, observation)
    for column in columns:
        named = _named(column, observation, model.output_encoder.values)
        if named is not None:
            return _returning(sketch, column, named, model.signature, model.output_encoder.values)
    return None


def finished(sketch: Sketch, observation: Observation, model: TransformerProgram, most: int) -> list[Program]:
    """Programs of a sketch: the line returned that says what the model says, else outputs looked up."""
    plain = finish(sketch, observation, model)
    if plain is not None:
        return [plain]
    return [program for _, program in finish_by_majority(sketch, observation, model, most)]


def finish_by_majority(
    sketch: Sketch, observation: Observation, model: TransformerProgram, most: int
) -> list[tuple[float, Program]]:
    """Programs that put out what the model says most often for the values of one column or two.

    With the share of positions that they get right, the best first.
    """
    if not isinstance(model.output_encoder, CategoricalOutput):
        found = [c for c in reversed(sketch.columns) if c.ref >= 0 and c.numerical]
        return [(0.0, _returning_number(sketch, column)) for column in found[:most]]
    mask = observation.probes.mask
    said = observation.output[mask]
    names = (*model.output_encoder.values, None)
    options: list[tuple[float, float, tuple[Column, ...], dict[tuple[int, ...], Maybe]]] = []
    for operands, codes in operand_sets(sketch.columns, mask):
        counts = np.zeros((int(codes.max()) + 1, len(names)), dtype=np.int64)
        np.add.at(counts, (codes, said), 1)
        right = float(counts.max(axis=1).sum()) / len(said)
        _, first = np.unique(codes, return_index=True)
        cells = np.stack([c.labels[mask][first] for c in operands], axis=1).tolist()
        table = {tuple(c): names[int(v)] for c, v in zip(cells, counts.argmax(axis=1), strict=True)}
        newest = max(c.ref for c in operands)
        cost = 0.01 * len(operands) + 0.0002 * len(table) - 0.0005 * newest
        options.append((right - cost, right, operands, table))
    options.sort(key=lambda option: -option[0])
    return [(right, _by_table(sketch, operands, table)) for _, right, operands, table in options[:most]]


def _by_table(sketch: Sketch, operands: tuple[Column, ...], table: dict[tuple[int, ...], Maybe]) -> Program:
    """The program whose last line looks the output up."""
    lines = list(sketch.lines)
    outputs = Counter(v for v in table.values() if v is not None)
    usual = outputs.most_common(1)[0][0] if outputs else None
    if len(operands) == 1:
        column = operands[0]
        entries = tuple((v, table.get((i,), usual)) for i, v in enumerate(column.values))
        lines.append(Map(column.ref, UnaryTable(entries), Encoding.CATEGORICAL))
    else:
        first, second = operands
        pairs = tuple(
            ((x, y), table.get((i, j), usual))
            for i, x in enumerate(first.values)
            for j, y in enumerate(second.values)
        )
        lines.append(SequenceMap(first.ref, second.ref, BinaryTable(pairs, None)))
    return _program(lines, len(lines) - 1)


def _named(column: Column, observation: Observation, values: tuple[Value, ...]) -> dict[int, Maybe] | None:
    """The output value of each label of a column; None where a label has several."""
    mask = observation.probes.mask
    named: dict[int, Maybe] = {}
    for label, said in np.unique(
        np.stack([column.labels[mask], observation.output[mask]]), axis=1
    ).T.tolist():
        value = values[said] if said >= 0 else None
        if named.setdefault(label, value) != value:
            return None
    return named


def _returning(
    sketch: Sketch, column: Column, named: dict[int, Maybe], signature: Signature, said: tuple[Value, ...]
) -> Program:
    lines = list(sketch.lines)
    outputs = [named.get(label) for label in range(len(column.values))]
    wanted = {v: o for v, o in zip(column.values, outputs, strict=True) if o is not None}
    if named.get(-1) is None and all(v == o for v, o in wanted.items()):
        return _program(lines, column.ref)
    root = _root(lines, column.ref)
    unnamed = any(label >= 0 and value is None for label, value in named.items())
    if root >= 0 and not unnamed and named.get(-1) is None and len(set(wanted.values())) == len(wanted):
        spare = _spare(wanted, column.values, said)
        return rename_values(_program(lines, column.ref), root, spare, signature)
    entries = tuple((v, wanted.get(v)) for v in column.values)
    lines.append(Map(column.ref, UnaryTable(entries), Encoding.CATEGORICAL))
    return _program(lines, len(lines) - 1)


def _spare(
    wanted: dict[Value, Value], values: tuple[Value, ...], said: tuple[Value, ...]
) -> dict[Value, Value]:
    """A one-to-one renaming: values never put out take what the model may say, else names of their own.

    Where what is put out is a number times the value and another, that goes on.
    """
    renaming = dict(wanted)
    shift = _shift(wanted)
    free = [value for value in said if value not in set(wanted.values())]
    for value in values:
        if value in renaming:
            continue
        go_on = None if shift is None or not is_number(value) else shift[0] * value + shift[1]
        if go_on is not None and go_on not in renaming.values() and (go_on in free or go_on not in said):
            renaming[value] = go_on
            free = [other for other in free if other != go_on]
    number = 0
    for value in values:
        if value not in renaming:
            renaming[value] = free.pop(0) if free else f"unused{number}"
            number += 1
    return renaming


def _shift(wanted: dict[Value, Value]) -> tuple[int, int] | None:
    """The factor 1 or -1 and the summand that make outputs of values, where there are such."""
    pairs = [(v, o) for v, o in wanted.items() if isinstance(v, int) and isinstance(o, int)]
    for factor in (1, -1):
        summands = {o - factor * v for v, o in pairs}
        if len(pairs) == len(wanted) > 1 and len(summands) == 1:
            return factor, summands.pop()
    return None


def _root(lines: list[Line], ref: Ref) -> Ref:
    """The line that an aggregate's values come from; -1 where they are inputs or counted."""
    while ref >= 0:
        line = lines[ref]
        if not isinstance(line, Aggregate):
            return ref if isinstance(line, Map) or type(line).__name__ == "SequenceMap" else -1
        ref = line.values
    return -1


def _saying_numbers(sketch: Sketch, columns: Sequence[Column], observation: Observation) -> Program | None:
    """The program that says the model's numbers: a line that has them, else one that they follow from."""
    for column in columns:
        line = sketch.lines[column.ref]
        if column.numerical and _says(column, column.values, observation):
            return _returning_number(sketch, column)
        if isinstance(line, SelectorWidth) and _says(column, column.values, observation):
            lines = [*sketch.lines, SelectorWidth(line.selector, Encoding.NUMERICAL)]
            return _program(lines, len(lines) - 1)
    for column in columns:
        found = _means_said(column, observation)
        if _says(column, found, observation):
            entries = tuple(zip(column.values, found, strict=True))
            lines = [*sketch.lines, Map(column.ref, UnaryTable(entries), Encoding.NUMERICAL)]
            return _program(lines, len(lines) - 1)
    return None


def _says(column: Column, said: Sequence[Maybe], observation: Observation) -> bool:
    """Whether the model says the number of each label, nearer than any other that occurs."""
    mask, found = observation.probes.mask, observation.numbers
    labels = column.labels[mask]
    if found is None or labels.min() < 0 or not all(is_number(said[label]) for label in np.unique(labels)):
        return False
    numbers = np.array([as_number(value) if is_number(value) else np.nan for value in said])
    levels = np.unique(numbers[labels])
    gap = float(np.diff(levels).min(initial=1.0))
    return float(np.abs(numbers[labels] - found[mask]).max()) < max(_NEAR, _NEARER * gap)


def _means_said(column: Column, observation: Observation) -> list[float | int | None]:
    """The mean of the model's numbers for each label of a column; None for labels that do not occur."""
    mask, found = observation.probes.mask, observation.numbers
    labels = column.labels[mask]
    if found is None or labels.min() < 0:
        return [None] * len(column.values)
    counts = np.bincount(labels, minlength=len(column.values))
    means = np.bincount(labels, found[mask], len(column.values)) / np.maximum(counts, 1)
    return [
        _plain(mean) if count else None for mean, count in zip(means.tolist(), counts.tolist(), strict=True)
    ]


def _plain(number: float) -> float | int:
    """The fraction that a number stands for."""
    near = Fraction(number).limit_denominator(_DENOMINATOR)
    if abs(near - number) > _NEAR:
        return number
    return int(near) if near.denominator == 1 else float(near)


def _returning_number(sketch: Sketch, column: Column) -> Program:
    return _program(list(sketch.lines), column.ref)


def with_whole_tables(program: Program, signature: Signature) -> Program:
    """Tables on numbers written out for every number that the operand may take, by their nearest key."""
    lines = list(program.lines)
    for position, line in enumerate(lines):
        if not isinstance(line, Map) or program.encoding(line.operand) is not Encoding.NUMERICAL:
            continue
        if isinstance(line.function, UnaryTable) and line.function.default is None:
            below = Program(tuple(lines[:position]), line.operand)
            numbers = dict.fromkeys(
                number
                for exact in (True, False)
                for number in ValueSets(below, signature, exact_means=exact)[line.operand]
            )
            entries = tuple((n, line.function.nearest(as_number(n))) for n in numbers)
            lines[position] = Map(line.operand, UnaryTable(entries), line.encoding)
    return Program(tuple(lines), program.output, program.names)


def _program(lines: list[Line], output: Ref) -> Program:
    """All lines, dead ones too, so that they stand where the sketch has them."""
    return Program(tuple(lines), output)
