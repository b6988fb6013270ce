"""Decompilations in notebooks."""

from __future__ import annotations

from inverse_tracr.decompile import Counterexample, Decompilation, Verdict, Verification
from tests.report.models import HOSTILE, SORT, decompilation, known


def shown(found: Decompilation) -> str:
    return found._repr_html_()  # pyright: ignore[reportPrivateUsage]


def test_the_verdict_comes_first_and_the_program_follows() -> None:
    text = shown(known(SORT)[1])
    assert text.index("<strong>equivalent</strong>") < text.index("<b>smaller</b> = select(")
    assert "100 inputs checked, agreement 100.00%" in text


def test_a_counterexample_is_a_table_with_what_differs_marked() -> None:
    model, found = known(SORT)
    counterexample = Counterexample((2, 1), (1, 2), (1, 3), None)
    verification = Verification(Verdict.REFUTED, 120, 0.25, counterexample, note="numbers <differ>")
    text = shown(decompilation(found.program, model.signature, (), verification))
    assert "<strong>refuted</strong>" in text
    assert "numbers &lt;differ&gt;" in text
    program = text[text.index(">program<") :]
    assert [("outline" in cell) for cell in program.split("<td")[1:3]] == [False, True]


def test_what_was_not_understood_is_said() -> None:
    text = shown(decompilation(None, known(SORT)[0].signature))
    assert "unknown(everything)" in text
    assert "Not explained by any line: row 0 of W_E" in text


def test_hostile_values_stay_text() -> None:
    text = shown(known(HOSTILE)[1])
    assert "<script" not in text
    assert "<img" not in text
