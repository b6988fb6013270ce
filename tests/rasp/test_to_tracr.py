"""The interpreter agrees with Tracr's evaluation of `to_tracr(program)`, value sets with its inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracr.compiler import basis_inference, nodes, rasp_to_graph
from tracr.rasp import causal_eval, rasp

from inverse_tracr.rasp.interpreter import Trace, encode_inputs, evaluate
from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import Aggregate, Encoding, Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tracr_bridge import to_tracr
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number
from tests.strategies import signed_programs

NO_RESULT = "no result"

AB = Signature(("a", "b"), 4)


def tracr_outputs(program: Program, signature: Signature, tokens: Sequence[Value]) -> Any:
    """Tracr's evaluation, or `NO_RESULT` where its mean meets several values that are not all numbers."""
    sop = to_tracr(program, signature)
    evaluate_tracr = causal_eval.evaluate if signature.causal else rasp.evaluate
    try:
        return evaluate_tracr(sop, list(tokens))  # pyright: ignore[reportArgumentType]
    except ValueError as error:
        if "supported for aggregation" not in str(error):
            raise
        return NO_RESULT


def same(ours: Maybe, theirs: Maybe) -> bool:
    if is_number(ours) and is_number(theirs):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)  # pyright: ignore[reportArgumentType]
    return ours == theirs


def selects_one_none(program: Program, signature: Signature, tokens: Sequence[Value]) -> bool:
    """Whether a numerical aggregate selects one position, without value: RASP gives None, weights give 0."""
    trace = Trace(program, signature, encode_inputs(signature, [tokens]))
    for line in program.lines:
        if isinstance(line, Aggregate) and program.encoding(line.values) is Encoding.NUMERICAL:
            chosen = trace.selection(line.selector).chosen[0]
            missing = np.array([v is None for v in trace.column(line.values).decode()[0]])
            if ((chosen.sum(axis=1) == 1) & chosen[:, missing].any(axis=1)).any():
                return True
    return False


@st.composite
def cases(draw: st.DrawFn) -> tuple[Program, Signature, tuple[Value, ...]]:
    program, signature = draw(signed_programs(least=2, most=8))
    token = st.sampled_from(signature.vocab)
    tokens = draw(st.lists(token, min_size=1, max_size=signature.max_seq_len))
    return program, signature, tuple(tokens)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_the_interpreter_agrees_with_tracr(case: tuple[Program, Signature, tuple[Value, ...]]) -> None:
    program, signature, tokens = case
    theirs = tracr_outputs(program, signature, tokens)
    if theirs == NO_RESULT or selects_one_none(program, signature, tokens):
        return
    ours = evaluate(program, signature, tokens)
    assert len(ours) == len(theirs)
    assert all(same(a, b) for a, b in zip(ours, theirs, strict=True)), (ours, theirs)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=2, most=8))
def test_value_sets_are_those_of_tracr(signed: tuple[Program, Signature]) -> None:
    program, signature = signed
    sop = to_tracr(program, signature)
    extracted = rasp_to_graph.extract_rasp_graph(sop)
    basis_inference.infer_bases(
        extracted.graph,
        extracted.sink,
        set(signature.vocab),  # pyright: ignore[reportArgumentType]
        signature.max_seq_len,
    )
    theirs = extracted.graph.nodes[sop.label][nodes.VALUE_SET]
    assert set(ValueSets(program, signature)[program.output]) == theirs


def test_the_oracle_can_fail() -> None:
    program = parse("v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2")
    other = parse("v1 = select(tokens, tokens, !=)\nv2 = selector_width(v1)\nreturn v2")
    assert tracr_outputs(program, AB, ["a", "b", "a"]) == [2, 1, 2] == evaluate(program, AB, ["a", "b", "a"])
    assert evaluate(other, AB, ["a", "b", "a"]) == [1, 2, 1]


def test_lines_keep_their_names_and_ids_grow() -> None:
    sop = parse("sel = select(tokens, indices, True)\nwide = selector_width(sel)\nreturn wide").to_tracr()
    assert isinstance(sop, rasp.SelectorWidth)
    assert sop.name == "wide"
    assert sop.label == f"wide_{sop.unique_id}"
    assert sop.selector.name == "sel"
    assert sop.unique_id == sop.selector.unique_id + 1


def test_shared_lines_are_one_expression() -> None:
    sop = parse("v1 = map(tokens, x)\nv2 = sequence_map(v1, v1, x == y)\nreturn v2").to_tracr()
    assert isinstance(sop, rasp.SequenceMap)
    assert sop.fst is sop.snd


def selector_of(text: str, signature: Signature | None) -> Any:
    program = parse(f"{text}\nw = selector_width(s)\nreturn w")
    return to_tracr(program, signature).selector  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("s = select(tokens, tokens, ==)", None),
        ("s = select(indices, indices, <)", None),
        ("s = select(tokens, tokens, <)", AB),
    ],
)
def test_plain_comparisons_are_those_of_tracr(text: str, signature: Signature | None) -> None:
    assert isinstance(selector_of(text, signature).predicate, rasp.Comparison)


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("s = select(tokens, tokens, <)", None),
        ("s = select(tokens, indices, <)", AB),
        ("v = map(tokens, x % 2)\ns = select(v, v, ==)", AB),
        ("t = select(tokens, tokens, ==)\nv = aggregate(t, tokens)\ns = select(v, v, ==)", AB),
        ("s = select(indices, indices, k == q + 1)", AB),
    ],
)
def test_comparisons_that_could_raise_are_wrapped(text: str, signature: Signature | None) -> None:
    predicate = selector_of(text, signature).predicate
    assert not isinstance(predicate, rasp.Comparison)
    assert predicate(None, 1) is False
    assert predicate(1, None) is False


def test_a_fused_map_passes_on_what_has_no_value() -> None:
    program = parse('v1 = map(tokens, {"a": 1})\nv2 = map(v1, x == 1)\nreturn v2')
    sop = to_tracr(program, AB)
    assert isinstance(sop, rasp.Map)
    assert isinstance(sop.inner, rasp.TokensType)
    assert sop(["a", "b"]) == [True, None]


def test_numbers_between_the_keys_of_a_table_take_the_nearest() -> None:
    text = """
    v1 = map(tokens, x == "a", numerical)
    v2 = select(indices, indices, True)
    v3 = aggregate(v2, v1, numerical)
    v4 = map(v3, {0: "none", 1: "all"})
    return v4
    """
    program = parse(text)
    assert to_tracr(program, AB)(["a", "a", "b"]) == ["all"] * 3 == evaluate(program, AB, ["a", "a", "b"])
    assert to_tracr(program)(["a", "a", "b"]) == [None] * 3


def test_a_map_of_a_numerical_map_is_not_rounded() -> None:
    program = parse('v1 = map(tokens, x == "a", numerical)\nv2 = map(v1, {1: "yes"})\nreturn v2')
    assert to_tracr(program, AB)(["a", "b"]) == ["yes", None] == evaluate(program, AB, ["a", "b"])


def test_keys_without_a_value_take_no_numbers() -> None:
    text = """
    v1 = map(tokens, x == "a", numerical)
    v2 = select(indices, indices, True)
    v3 = aggregate(v2, v1, numerical)
    v4 = map(v3, {0.5: None, 1: "all"})
    return v4
    """
    assert evaluate(parse(text), AB, ["a", "b"]) == ["all"] * 2
