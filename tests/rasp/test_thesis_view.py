"""Programs in the thesis's five columns."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.thesis_view import OPERATIONS, Row, argument_tokens, thesis_rows
from tests.strategies import programs

PROGRAM = """
v1 = select(tokens, tokens, !=)
v2 = selector_width(v1)
v3 = map(v2, x < 3)
v4 = sequence_map(tokens, indices, x - y)
v5 = select(v2, v4, k == q + 1)
v6 = aggregate(v5, v3)
v7 = map(v6, {0: 1, 1: 0})
return v7
"""


def test_a_program_has_a_row_a_line_and_two_more() -> None:
    assert [row.cells for row in thesis_rows(parse(PROGRAM))] == [
        ("PROGRAM_START", "NA", "NA", "NA", "NA"),
        ("Select", "PRED_NEQ", "tokens", "tokens", "v1"),
        ("SelectorWidth", "v1", "NA", "NA", "v2"),
        ("Map", "LAM_GT", "v2", "NA", "v3"),
        ("SequenceMap", "LAM_SUB", "indices", "tokens", "v4"),
        ("Select", "PRED_TABLE", "v2", "v4", "v5"),
        ("Aggregate", "v3", "v5", "NA", "v6"),
        ("Map", "TABLE", "v6", "NA", "v7"),
        ("PROGRAM_END", "NA", "NA", "NA", "NA"),
    ]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("x > 3", "LAM_LT"),
        ("x >= 3", "LAM_LE"),
        ("x <= 3", "LAM_GE"),
        ("x == 3", "LAM_EQ"),
        ("x != 3", "LAM_NE"),
        ("not x", "LAM_IV"),
        ("x + 3", "LAM_ADD"),
        ("3 - x", "LAM_SUB"),
        ("x * 2.5", "LAM_MUL"),
        ("x and 3", "LAM_AND"),
        ("x or 3", "LAM_OR"),
        ("x % 3", "TABLE"),
        ("x", "TABLE"),
        ("3", "TABLE"),
        ("{0: 1}", "TABLE"),
    ],
)
def test_lambdas_have_the_constant_on_the_left(function: str, name: str) -> None:
    rows = thesis_rows(parse(f"a = map(indices, {function})\nreturn a"))
    assert rows[1] == Row("Map", name, "indices", result="v1")


@pytest.mark.parametrize(
    ("predicate", "name"),
    [
        ("==", "PRED_EQ"),
        ("!=", "PRED_NEQ"),
        ("<", "PRED_LT"),
        ("<=", "PRED_LEQ"),
        (">", "PRED_GT"),
        (">=", "PRED_GEQ"),
        ("True", "PRED_TRUE"),
        ("False", "PRED_FALSE"),
        ("k == 1", "PRED_TABLE"),
        ("table {}", "PRED_TABLE"),
    ],
)
def test_predicates(predicate: str, name: str) -> None:
    rows = thesis_rows(parse(f"a = select(tokens, indices, {predicate})\nb = selector_width(a)\nreturn b"))
    assert rows[1] == Row("Select", name, "indices", "tokens", "v1")


def test_a_linear_sequence_map_is_a_sequence_map_of_its_own_kind() -> None:
    text = "a = map(indices, x, numerical)\nb = linear_sequence_map(a, a, 1, -1)\nreturn b"
    assert thesis_rows(parse(text))[2] == Row("SequenceMap", "LINEAR", "v1", "v1", "v2")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(programs())
def test_rows_hold_only_the_tokens_of_the_view(program: Program) -> None:
    arguments = argument_tokens(len(program))
    assert len(set(arguments)) == len(arguments)
    rows = thesis_rows(program)
    assert len(rows) == len(program) + 2
    for row in rows:
        assert row.operation in OPERATIONS
        assert set(row.cells[1:]) <= set(arguments)
        places = [arguments.index(cell) for cell in row.cells[1:4]]
        assert places == sorted(places)
