"""Evaluations from end to end: answers, failures, isolation, resuming."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from inverse_tracr.errors import BadInputError
from inverse_tracr.evaluate.cases import Case
from inverse_tracr.evaluate.decompilers import DecompilerSpec, Outcome
from inverse_tracr.evaluate.records import Record, Results
from inverse_tracr.evaluate.run import Evaluation, Progress, RunOptions
from inverse_tracr.evaluate.summary import summarise
from tests.evaluate.examples import FIRST, TWICE, case_of_text

CASES = (case_of_text(TWICE, "ab", 0), case_of_text(FIRST, "abc", 1), case_of_text(TWICE, "ab", 2))


OPTIONS = RunOptions(jobs=1)


def run(
    name: str,
    cases: Sequence[Case] = CASES,
    results: Results | None = None,
    seen: list[Progress] | None = None,
    options: RunOptions = OPTIONS,
) -> list[Record]:
    report = (lambda _: None) if seen is None else seen.append
    with Evaluation(DecompilerSpec(name), "r0", options, results or Results(), report) as evaluation:
        return sorted(evaluation.run(cases), key=lambda record: record.number)


def test_the_lift_matches_and_its_results_are_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    records = run("lift", results=Results(path))
    found = summarise(records)
    assert (found.models, found.functional.value, found.faithful.value, found.exact.value) == (3, 1, 1, 1)
    assert (found.tokens.value, found.misses, found.false_equivalent) == (1.0, {}, 0)

    with path.open("ab") as file:
        file.write(b'{"key": {"mod')  # what a crash leaves
    seen: list[Progress] = []
    assert run("lift", results=Results(path), seen=seen) == records
    assert seen[-1] == Progress(resumed=3)


def test_a_decompiler_reaches_neither_programs_nor_labels() -> None:
    for record in run("tests.evaluate.spies:look_around"):
        assert record.answer.reason == (
            "FoundError: {'objects': [], 'files': ['config.json', 'model.safetensors'], 'words': [], "
            "'attributes': [], 'arguments': []}"
        )


def test_every_failure_is_a_miss_of_its_class_and_costs_one_model() -> None:
    cases = [case_of_text(TWICE, "abcdefgh"[: number + 2], number) for number in range(7)]
    records = run("tests.evaluate.spies:moody", cases, options=RunOptions(jobs=1, timeout=2.0, patience=4.0))
    assert [record.answer.outcome for record in records] == [
        Outcome.DIED,
        Outcome.TIMED_OUT,
        Outcome.NO_PROGRAM,
        Outcome.NOT_A_PROGRAM,
        Outcome.ERROR,
        Outcome.TIMED_OUT,
        Outcome.ANSWERED,
    ]
    found = summarise(records)
    assert (found.functional.value, found.ceiling.value) == (0.0, 1.0)
    assert found.misses["refuted"] == 1
    assert found.misses["timed out"] == 2
    assert len(found.misses) == 6


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"a": 1}\n')
    with pytest.raises(BadInputError, match="line 1"):
        Results(path)


SPIES = "tests.evaluate.spies"


@pytest.mark.parametrize("name", ["nowhere:nothing", f"{SPIES}:absent", f"{SPIES}:__doc__"])
def test_a_decompiler_that_is_none_is_refused_before_anything_runs(name: str) -> None:
    with pytest.raises(BadInputError):
        DecompilerSpec(name).check()
