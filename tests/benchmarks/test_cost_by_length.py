"""The picture of cost by length."""

from __future__ import annotations

import re

import pytest

from benchmarks.cost_by_length import Curve, picture, report

CURVE = Curve("standard-test, auto", ((4, 10, 0.5, 1.0), (5, 8, 1.0, 2.0), (7, 8, 4.0, 30.0)))


def test_growth_is_the_factor_for_one_more_line() -> None:
    assert CURVE.growth == pytest.approx(2.0)


def test_the_picture_stays_within_its_frame() -> None:
    lines = re.findall(r'<polyline points="([^"]*)"', picture([CURVE]))
    assert len(lines) == 2
    for x, y in (point.split(",") for line in lines for point in line.split()):
        assert 56 <= float(x) <= 640
        assert 16 <= float(y) <= 320


def test_the_table_says_where_it_bends() -> None:
    assert "| standard-test, auto | 7 | 8 | 4.00 | 30.00 | 4.00 |" in report([CURVE], "cost.svg")
