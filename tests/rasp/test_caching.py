"""Equal values of different types do not share a place in a cache."""

from __future__ import annotations

import pytest

from inverse_tracr.rasp.caching import cached_by_type, types_of
from inverse_tracr.rasp.functions import BinaryOp, NamedBinary, NamedUnary, UnaryOp, UnaryTable
from inverse_tracr.rasp.naming import name_unary
from inverse_tracr.rasp.printer import print_program
from inverse_tracr.rasp.program import Map, Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.values import Value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (1, 1.0),
        ((0, (1, 2)), (0, (True, 2))),
        (NamedUnary(UnaryOp.MULTIPLY, 1), NamedUnary(UnaryOp.MULTIPLY, 1.0)),
        (UnaryTable(((0, 1),)), UnaryTable(((False, 1),))),
    ],
)
def test_equal_values_of_different_types_are_told_apart(one: object, other: object) -> None:
    assert one == other
    assert types_of(one) != types_of(other)


def test_a_cache_answers_by_value_and_type() -> None:
    calls: list[object] = []

    @cached_by_type(maxsize=10)
    def text(value: object) -> str:
        calls.append(value)
        return repr(value)

    assert [text(x) for x in (1, True, 1.0, 1, True)] == ["1", "True", "1.0", "1", "True"]
    assert len(calls) == 3


@pytest.mark.parametrize("xs", [(0, 1), (False, True), (0.0, 1.0)])
def test_tables_hold_values_as_they_were_given(xs: tuple[Value, ...]) -> None:
    assert repr(tabulate_unary(NamedUnary(UnaryOp.IDENTITY), xs)) == repr(xs)
    pairs = tabulate_binary(NamedBinary(BinaryOp.PAIR), xs, xs)
    assert repr(pairs) == repr(tuple((x, y) for x in xs for y in xs))


@pytest.mark.parametrize("answer", [True, 1, 1.0])
def test_names_hold_values_as_they_were_given(answer: Value) -> None:
    program = Program((Map(-1, name_unary(("a", "b"), (answer, "other"))),), 0)
    assert f'"a": {answer!r},' in print_program(program, Signature(("a", "b"), 2))


def test_no_function_gives_a_negative_zero() -> None:
    assert repr(NamedUnary(UnaryOp.NEGATE)(0.0)) == "0.0"
