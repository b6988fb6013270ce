"""How verdicts read."""

from __future__ import annotations

from dataclasses import replace

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.cli.verdicts import decompilation_data, decompilation_text, exit_code, verdict_text
from inverse_tracr.decompile import Counterexample, Decompilation, Verdict, Verification
from inverse_tracr.rasp import Program, Signature, parse

PROGRAM = parse("v1 = map(tokens, x + 1)\nreturn v1\n")


def decompilation(program: Program | None, verification: Verification, partial: str = "") -> Decompilation:
    return Decompilation(
        program,
        Signature((1, 2), 3),
        verification,
        "lift",
        1,
        0.5,
        partial=partial,
        unexplained=("head 0.1",),
    )


def test_every_verdict_has_its_exit_code() -> None:
    codes = [exit_code(Verification(verdict, 1, 1.0)) for verdict in Verdict]
    assert codes == [ExitCode.DONE, ExitCode.DONE, ExitCode.PROBLEM_FOUND]


def test_a_refutation_shows_all_that_was_said() -> None:
    shown = Counterexample(("a", 1), (0.5, None), (1.0, 2.0), (1.0, 2.0))
    found = Verification(Verdict.REFUTED, 1200, 0.25, shown, "recompiled as Tracr does")
    assert verdict_text(found) == (
        "# verdict: refuted (1,200 inputs checked)\n"
        "# note: recompiled as Tracr does\n"
        "# agreement: 25.00% of the inputs\n"
        "# smallest counterexample:\n"
        '#   input       "a" 1\n'
        "#   model       0.5 None\n"
        "#   program     1.0 2.0\n"
        "#   recompiled  1.0 2.0"
    )


def test_a_program_that_was_not_recompiled_shows_no_such_output() -> None:
    shown = Counterexample((1,), (1,), (2,), None)
    assert "recompiled" not in verdict_text(Verification(Verdict.REFUTED, 1, 0.0, shown))


def test_what_is_not_explained_stands_below_the_program() -> None:
    text = decompilation_text(decompilation(PROGRAM, Verification(Verdict.NO_COUNTEREXAMPLE, 1, 1.0)))
    assert text.splitlines() == [
        "# signature: vocab=[1, 2] max_seq_len=3",
        "v1 = map(tokens, x + 1)",
        "return v1",
        "# not explained: head 0.1",
        "# verdict: no-counterexample (1 input checked)",
        "# found by: lift",
    ]


def test_how_a_program_was_found_stands_below_the_verdict() -> None:
    found = decompilation(PROGRAM, Verification(Verdict.EQUIVALENT, 1, 1.0))
    found = replace(found, method="meta", tried=("lift: 1", "meta: 3"), score=0.834)
    assert decompilation_text(found).splitlines()[-2:] == [
        "# found by: meta (tried lift: 1, meta: 3)",
        "# score: 0.83, as the proposer saw it before the check",
    ]
    data = decompilation_data(found)
    assert (data["score"], data["tried"]) == (0.834, ["lift: 1", "meta: 3"])


def test_a_partial_program_stands_for_itself() -> None:
    found = decompilation(None, Verification(Verdict.REFUTED, 0, 0.0), partial="unknown(head 0.1)\n")
    assert decompilation_text(found).splitlines() == [
        "unknown(head 0.1)",
        "# verdict: refuted (0 inputs checked)",
        "# found by: lift",
    ]
