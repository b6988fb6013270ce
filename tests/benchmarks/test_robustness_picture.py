"""Curves of robustness are drawn where they were measured."""

from __future__ import annotations

from benchmarks.robustness_picture import Curve, Panel, picture
from inverse_tracr.evaluate.intervals import Estimate
from tests.report.reading import svg_tree

FULL, HALF = Estimate(1.0, 0.8, 1.0, 12), Estimate(0.5, 0.25, 0.75, 12)
PANEL = Panel(
    "compression",
    (1.0, 1.25, 2.0),
    (Curve("functional", (FULL, HALF, None)), Curve("exact", (HALF, HALF, None))),
)


def test_every_measured_share_is_a_point_and_a_higher_one_lies_higher() -> None:
    tree = svg_tree(picture([PANEL], "factor"))
    points = [float(str(e.get("cy"))) for e in tree.iter() if e.tag.endswith("circle")]
    assert len(points) == 4
    assert points[0] < points[1] == points[2] == points[3]


def test_levels_and_curves_are_named() -> None:
    texts = {e.text for e in svg_tree(picture([PANEL, PANEL], "factor")).iter()}
    assert {"1", "1.25", "2", "functional", "exact", "factor", "100 %"} <= texts
