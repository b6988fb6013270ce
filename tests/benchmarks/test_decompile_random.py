"""The written programs, and the benchmark that decompiles them."""

from __future__ import annotations

from benchmarks.decompile_random import Row, cases, judge, report
from benchmarks.written import PROGRAMS


def test_there_are_more_than_a_hundred_different_ones() -> None:
    assert len({written.name for written in PROGRAMS}) == len(PROGRAMS) > 100


def test_cases_are_judged_and_reported() -> None:
    made = list(cases(count=1, by_tracr=1, seed=0))
    assert len(made) == len(PROGRAMS) + 1 + 2 * 4
    rows = [judge(made[number](), number) for number in (0, 30, 60, len(PROGRAMS))]
    found = [row for row in rows if row is not None]
    assert [row.by for row in found] == ["tracr", "tracr", "tracr", "Tracr"]
    assert all(row.verified and row.exact for row in found)
    assert "| written | Tracr | 1 | 100.0% |" in report(found, 0)


def test_what_is_refuted_is_counted_by_fault() -> None:
    row = Row("sound", "tracr", "0.1", "refuted", False, 0.5, 1.0, 20, 4, ("softmax leak",))
    assert "| sound | tracr | softmax leak | 1 |" in report([row], 0)
