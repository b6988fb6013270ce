"""The layout of layered graphs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inverse_tracr.report.layout import GAP, lay_out


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[int], list[float], list[tuple[int, int]]]:
    rows = draw(st.lists(st.integers(0, 4), min_size=1, max_size=10))
    widths = [float(draw(st.integers(10, 90))) for _ in rows]
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if rows[i] < rows[j]]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=14)) if pairs else []
    return rows, widths, list(dict.fromkeys(edges))


@settings(max_examples=40)
@given(graphs())
def test_boxes_keep_apart_and_inside(graph: tuple[list[int], list[float], list[tuple[int, int]]]) -> None:
    rows, widths, edges = graph
    found = lay_out(rows, widths, edges)
    for i, row in enumerate(rows):
        assert found.centres[i] - widths[i] / 2 >= -1e-6
        assert found.centres[i] + widths[i] / 2 <= found.width + 1e-6
        for j in range(i):
            if rows[j] == row:
                room = (widths[i] + widths[j]) / 2 + GAP
                assert abs(found.centres[i] - found.centres[j]) >= room - 1e-6


@settings(max_examples=40)
@given(graphs())
def test_edges_bend_once_in_every_row_between(
    graph: tuple[list[int], list[float], list[tuple[int, int]]],
) -> None:
    rows, widths, edges = graph
    found = lay_out(rows, widths, edges)
    for (source, target), bends in zip(edges, found.bends, strict=True):
        assert [row for row, _ in bends] == list(range(rows[source] + 1, rows[target]))


def test_a_crossing_that_can_be_avoided_is_avoided() -> None:
    found = lay_out([0, 0, 1, 1], [50.0] * 4, [(0, 3), (1, 2)])
    assert (found.centres[0] < found.centres[1]) == (found.centres[3] < found.centres[2])


def test_a_chain_is_straight() -> None:
    found = lay_out([0, 1, 2, 3], [60.0, 100.0, 40.0, 80.0], [(0, 1), (1, 2), (2, 3), (0, 3)])
    chain = [x for _, x in found.bends[3]]
    assert max(chain) - min(chain) < 1.0


def test_nothing_has_no_width() -> None:
    assert lay_out([], [], []).width == 0
