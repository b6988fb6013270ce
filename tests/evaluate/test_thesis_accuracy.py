"""Token accuracy in the thesis's view, and the assignment that matches lines."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverse_tracr.evaluate.assignment import best_assignment
from inverse_tracr.evaluate.thesis_accuracy import accuracy_by_matching, accuracy_by_position
from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.thesis_view import Row, thesis_rows

Rows = tuple[Row, ...]


def view(*lines: str) -> Rows:
    return thesis_rows(parse("\n".join(lines) + f"\nreturn {lines[-1].split()[0]}"))


SELECT, WIDTH, MAP = "v1 = select(tokens, tokens, ==)", "v2 = selector_width(v1)", "v3 = map(v2, x > 1)"
TRUE = view(SELECT, WIDTH, MAP)


def matrices() -> st.SearchStrategy[list[list[int]]]:
    sizes = st.tuples(st.integers(0, 5), st.integers(1, 5))
    return sizes.flatmap(
        lambda size: st.lists(
            st.lists(st.integers(0, 5), min_size=size[1], max_size=size[1]),
            min_size=size[0],
            max_size=size[0],
        )
    )


def best_sum(scores: list[list[int]]) -> int:
    """The largest sum, by trying every assignment."""
    columns = len(scores[0]) if scores else 0
    padded = [[*row, *[0] * len(scores)] for row in scores]
    orders = permutations(range(columns + len(scores)), len(scores))
    return max((sum(padded[r][c] for r, c in enumerate(order)) for order in orders), default=0)


@given(matrices())
def test_no_assignment_is_better(scores: list[list[int]]) -> None:
    found = best_assignment(scores)
    taken = [column for column in found if column is not None]
    assert len(found) == len(scores)
    assert len(set(taken)) == len(taken)
    assert sum(scores[r][c] for r, c in enumerate(found) if c is not None) == best_sum(scores)


def test_many_rows_are_assigned() -> None:
    size = 71
    scores = [[int(column == (7 * row + 3) % size) for column in range(size)] for row in range(size)]
    assert best_assignment(scores) == tuple((7 * row + 3) % size for row in range(size))


def test_the_true_program_is_all_right() -> None:
    assert accuracy_by_position(TRUE, TRUE) == 1
    assert accuracy_by_matching(TRUE, TRUE) == 1


@pytest.mark.parametrize(
    ("predicted", "position", "matching"),
    [
        # One lambda wrong among 5 x 5 cells.
        (view(SELECT, WIDTH, "v3 = map(v2, x < 1)"), 24 / 25, 24 / 25),
        # Extra lines are ignored, but for the last row that they push away: it shares nothing with a map.
        (view(SELECT, WIDTH, MAP, "v4 = map(v3, not x)"), 21 / 25, 1),
        # A missing line counts as wrong; at its place the last row shares one NA with it.
        (view(SELECT, WIDTH), (5 + 5 + 5 + 1) / 25, 20 / 25),
        ((), 0, 0),
    ],
)
def test_rows_missing_and_too_many(predicted: Rows, position: float, matching: float) -> None:
    assert accuracy_by_position(TRUE, predicted) == pytest.approx(position)
    assert accuracy_by_matching(TRUE, predicted) == pytest.approx(matching)


def test_matching_forgives_an_order() -> None:
    first = view("v1 = map(tokens, x)", "v2 = map(indices, x > 1)", "v3 = sequence_map(v1, v2, x + y)")
    other = view("v1 = map(indices, x > 1)", "v2 = map(tokens, x)", "v3 = sequence_map(v1, v2, x + y)")
    # By position two lines differ in lambda and operand; matched, they differ in the variable they bind.
    assert accuracy_by_position(first, other) == pytest.approx(21 / 25)
    assert accuracy_by_matching(first, other) == pytest.approx(23 / 25)
