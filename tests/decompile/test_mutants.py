"""A wrong `equivalent` is the worst thing that could happen."""

from __future__ import annotations

from benchmarks.program_mutants import measure


def test_no_mutant_that_differs_on_an_input_is_called_equivalent() -> None:
    tally = measure(2_000, seed=1)
    assert tally.wrong == []
    assert tally.refuted == tally.different
    assert tally.different > 1_000, "mutants that differ on no input prove nothing"
    assert tally.same_not_refuted > 0.8 * tally.same > 0
