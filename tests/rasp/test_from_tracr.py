"""S-ops of Tracr become programs that mean the same."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tracr.compiler import lib, test_cases
from tracr.rasp import rasp

from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.functions import BinaryTable, NamedUnary, UnaryOp, UnaryTable
from inverse_tracr.rasp.interpreter import evaluate
from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import Map, Program, SequenceMap
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tracr_bridge import UnsupportedExpressionError, from_tracr, to_tracr
from inverse_tracr.rasp.values import Maybe, Value, is_number
from tests.strategies import signed_programs

Case = dict[str, Any]

LIBRARY = [(case, False) for case in cast("list[Case]", test_cases.TEST_CASES)] + [
    (case, True) for case in cast("list[Case]", test_cases.CAUSAL_TEST_CASES)
]

UNSUPPORTED: list[Case] = [dict(case) for case in cast("list[Any]", test_cases.UNSUPPORTED_TEST_CASES)]


def name_of(case: Case) -> str:
    return str(case["testcase_name"])


def same(ours: Maybe, theirs: Maybe) -> bool:
    if is_number(ours) and is_number(theirs):
        return math.isclose(ours, theirs, abs_tol=1e-9)  # pyright: ignore[reportArgumentType]
    return ours == theirs


@pytest.mark.parametrize(
    ("case", "causal"), LIBRARY, ids=[f"{c['testcase_name']}{'_causal' * k}" for c, k in LIBRARY]
)
def test_tracrs_own_library(case: Case, causal: bool) -> None:
    vocab, length = tuple(case["vocab"]), max(case["max_seq_len"], len(case["test_input"]))
    program = from_tracr(case["program"], vocab, length, causal)
    outputs = evaluate(program, Signature(vocab, length, causal), case["test_input"])
    assert all(same(a, b) for a, b in zip(outputs, case["expected_output"], strict=True))
    assert parse(str(program)) == program


@pytest.mark.parametrize("case", UNSUPPORTED, ids=name_of)
def test_what_tracr_cannot_compile_is_refused(case: Case) -> None:
    with pytest.raises(UnsupportedExpressionError):
        from_tracr(case["program"], case["vocab"], case["max_seq_len"])


def every(predicate: Any = rasp.Comparison.TRUE) -> rasp.Select:
    return rasp.Select(rasp.tokens, rasp.indices, predicate)


def listed(x: Any) -> Any:
    return [x]


def quarter(x: Any) -> Any:
    return np.float32(x) / 4


REFUSED: list[tuple[rasp.RASPExpr, str]] = [
    (rasp.SelectorWidth(rasp.SelectorAnd(every(), every())), r"SelectorAnd 'selector_and_\d+': Tracr cannot"),
    (rasp.SelectorWidth(rasp.SelectorOr(every(), every())), "SelectorOr"),
    (rasp.SelectorWidth(rasp.SelectorNot(every())), "SelectorNot"),
    (rasp.SelectorWidth(rasp.ConstantSelector([[True]])), "ConstantSelector"),
    (rasp.Map(lambda x: x, rasp.Full(1)), "Full"),
    (rasp.Map(lambda x: x, rasp.length), "LengthType 'length'"),
    (rasp.Map(lambda x: x, rasp.ConstantSOp([1])), "ConstantSOp"),
    (rasp.tokens, "TokensType 'tokens': a program computes something"),
    (every(), "returns an s-op, not a selector"),
    (rasp.tokens + 1, "Map 'map_[0-9]+': its function raises TypeError at 'a'"),
    (rasp.SelectorWidth(every(lambda k, q: k < q)), "its predicate raises TypeError at 'a', 0"),
    (rasp.Map(listed, rasp.tokens), "the result of its function at 'a' is no value: expected a value"),
    (rasp.Map(lambda x: float("nan"), rasp.tokens).named("odd"), "Map 'odd_.*expected a finite number"),
    (
        rasp.numerical(rasp.Aggregate(every(), rasp.numerical(rasp.indices * 2), default=0)),
        "Aggregate '.*': a numerical aggregate takes the mean of 0s and 1s only",
    ),
    (
        rasp.numerical(rasp.Aggregate(every(), rasp.numerical(rasp.indices == 2), default=1)),
        "the default of a numerical aggregate must be 0, got 1",
    ),
]


@pytest.mark.parametrize(("sop", "message"), REFUSED, ids=[m[:24] for _, m in REFUSED])
def test_refusals_name_the_expression(sop: Any, message: str) -> None:
    with pytest.raises(UnsupportedExpressionError, match=message):
        from_tracr(sop, ("a", "b"), 3)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=2, most=8))
def test_there_and_back(signed: tuple[Program, Signature]) -> None:
    program, signature = signed
    back = from_tracr(to_tracr(program, signature), signature.vocab, signature.max_seq_len, signature.causal)
    assert canonical(back, signature) == canonical(program, signature)


def test_arithmetic_errors_are_no_value() -> None:
    program = from_tracr(1 / rasp.indices, ("a",), 3)
    line = program.lines[0]
    assert isinstance(line, Map)
    assert line.function == NamedUnary(UnaryOp.DIVIDE_INTO, 1)


def test_tuples_are_values() -> None:
    program = from_tracr(lib.make_nary_sequencemap(max, rasp.tokens, rasp.indices, rasp.indices), (1, 2), 3)
    assert isinstance(program.lines[1], SequenceMap)
    assert isinstance(program.lines[1].function, BinaryTable)
    assert evaluate(program, Signature((1, 2), 3), [2, 1, 1]) == [2, 1, 2]


def test_numpy_results_become_pythons() -> None:
    program = from_tracr(rasp.Map(quarter, rasp.indices), ("a",), 3)
    assert evaluate(program, Signature(("a",), 3), ["a"] * 3) == [0, 0.25, 0.5]


def test_a_table_covers_all_means_and_not_only_those_that_tracr_infers() -> None:
    mean = lib.make_frac_prevs(rasp.tokens == "a")
    words: dict[Any, str] = {0: "no", 2 / 3: "two thirds"}
    program = from_tracr(rasp.Map(lambda m: words.get(m, "else"), mean), "ab", 3)
    assert isinstance(program.lines[-1], Map)
    assert isinstance(program.lines[-1].function, UnaryTable)
    tokens: list[Value] = ["a", "a", "b"]
    assert evaluate(program, Signature(("a", "b"), 3), tokens) == ["else", "else", "two thirds"]


@pytest.mark.parametrize("keep", [True, False])
def test_names_are_kept_where_they_were_given(keep: bool) -> None:
    first = rasp.Select(rasp.indices, rasp.indices, rasp.Comparison.LEQ).named("shift_by(1)")
    second = rasp.SelectorWidth(first).named("select")
    third = (second + 1).named("shift by 1")
    names = from_tracr(third, "ab", 3, keep_names=keep).names
    assert names == (("shift_by_1", "v_select", "shift_by_1_2") if keep else ("v1", "v2", "v3"))


def test_long_chains_do_not_recurse() -> None:
    sop: rasp.SOp = rasp.tokens
    for _ in range(1_500):
        sop = rasp.Map(lambda x: x, sop, simplify=False)
    program = from_tracr(sop, ("a",), 1)
    assert len(program) == 1_500
