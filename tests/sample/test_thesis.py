"""The preset `thesis` against what the thesis and its code say of their own programs."""

from __future__ import annotations

from collections import Counter

from inverse_tracr.rasp import (
    Aggregate,
    BinaryOp,
    Comparison,
    Encoding,
    Map,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Select,
    SelectorWidth,
    SequenceMap,
    UnaryOp,
)
from inverse_tracr.rasp.program import operands
from inverse_tracr.sample import Preset, default_config, sample_program, thesis_students_config
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.thesis import thesis_length
from tests.sample.pool import pool


def test_operations_are_mixed_as_measured_on_the_thesis_code() -> None:
    lines = [line for s in pool(Preset.THESIS) for line in s.program.lines]
    wanted = {Map: 0.25, Select: 0.23, SequenceMap: 0.19, Aggregate: 0.17, SelectorWidth: 0.16}
    for operation, share in wanted.items():
        found = sum(isinstance(line, operation) for line in lines) / len(lines)
        assert abs(found - share) < 0.05, operation


def test_everything_is_categorical_and_used() -> None:
    for found in pool(Preset.THESIS):
        lines = found.program.lines
        assert Encoding.NUMERICAL not in found.program.encodings
        assert not found.signature.causal
        used = {ref for line in lines for ref in operands(line)} | {found.program.output}
        assert used.issuperset(range(len(lines)))


def test_functions_are_those_of_table_4_1() -> None:
    lines = [line for s in pool(Preset.THESIS) for line in s.program.lines]
    unary = {
        line.function.op for line in lines if isinstance(line, Map) and isinstance(line.function, NamedUnary)
    }
    binary = {
        line.function.op
        for line in lines
        if isinstance(line, SequenceMap) and isinstance(line.function, NamedBinary)
    }
    predicates = {
        line.predicate.comparison
        for line in lines
        if isinstance(line, Select) and isinstance(line.predicate, NamedPredicate)
    }
    comparisons = {UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE}
    arithmetic = {UnaryOp.ADD, UnaryOp.MULTIPLY, UnaryOp.SUBTRACT_FROM, UnaryOp.AND, UnaryOp.OR}
    assert unary == comparisons | arithmetic | {UnaryOp.NOT}
    assert binary == {BinaryOp.ADD, BinaryOp.MULTIPLY, BinaryOp.SUBTRACT, BinaryOp.AND, BinaryOp.OR}
    assert predicates == set(Comparison)


def test_sizes_are_those_of_the_thesis() -> None:
    found = pool(Preset.THESIS)
    assert {s.signature.max_seq_len for s in found} == {15}
    assert {len(s.signature.vocab) for s in found} <= set(range(3, 16))
    assert {len(s.program) for s in found} <= set(range(3, 16))
    assert {type(s.signature.vocab[0]) for s in found} == {str, int}


def test_long_programs_are_wanted_three_times_as_often() -> None:
    draws, config = Draws(5), default_config(Preset.THESIS)
    counts = Counter(thesis_length(draws, config) for _ in range(20_000))
    assert set(counts) == set(range(3, 16))
    assert 2.3 < counts[15] / counts[3] < 3.9


def test_a_fixed_length_is_met() -> None:
    config = default_config(Preset.THESIS).with_options(length=9)
    assert {len(sample_program("thesis", 0, index, config).program) for index in range(8)} == {9}


def test_programs_for_students_are_smaller_and_longer() -> None:
    for index in range(8):
        found = sample_program("thesis", 0, index, thesis_students_config())
        assert 10 <= len(found.program) <= 15
        assert 4 <= found.signature.max_seq_len <= 8
        assert 5 <= len(found.signature.vocab) <= 8
