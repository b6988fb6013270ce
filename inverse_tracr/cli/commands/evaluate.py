"""`inverse-tracr evaluate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note

if TYPE_CHECKING:
    from inverse_tracr.evaluate.run import Progress

SECONDS_BETWEEN_LINES = 10.0


def evaluate(
    *sets: str,
    folder: Path = Path("test-sets"),
    split: Literal["train", "validation", "test"] = "test",
    method: str = "auto",
    decompiler: str | None = None,
    limit: int | None = None,
    jobs: int = 2,
    timeout: float = 120.0,
    results: Path | None = None,
    json: Flag = False,
) -> None:
    """Measure a decompiler on test sets: one row of the benchmark table for each.

    The decompiler is given weights and configuration, in a process that holds nothing else.

    Parameters
    ----------
    sets
        Test sets by name (standard-test, compressed-test, natural-test, imperfect-test, thesis-test), or
        folders of zoos.
    folder
        Where the test sets lie (see `zoo test-sets`).
    split
        Which split of a zoo; test sets have only this one.
    method
        auto, lift, search, meta.
    decompiler
        module:function that takes a model and returns a program, in place of a method.
    limit
        Most models of a set, spread evenly over it.
    jobs
        Processes.
    timeout
        Seconds for one model; more count as a miss.
    results
        File of results, one line a model; the same command again goes on where it stopped.
    json
        Print the rows as one JSON object.
    """
    from inverse_tracr.evaluate.cases import open_test_set
    from inverse_tracr.evaluate.decompilers import DecompilerSpec
    from inverse_tracr.evaluate.records import Results
    from inverse_tracr.evaluate.rows import row_json
    from inverse_tracr.evaluate.run import Evaluation, RunOptions
    from inverse_tracr.evaluate.summary import summarise
    from inverse_tracr.zoo.revision import package_revision

    if not sets:
        raise UsageError("which test sets?", expected="names of test sets, or --quick")
    opened = [open_test_set(name, folder, limit, split) for name in sets]
    spec = DecompilerSpec(decompiler or method)
    options = RunOptions(jobs, timeout)
    reporter = _Reporter(sum(map(len, opened)))
    with Evaluation(spec, package_revision(), options, Results(results), reporter) as evaluation:
        records = [list(evaluation.run(test_set.cases())) for test_set in opened]
    rows = [row_json(summarise(found)) for found in records if found]
    if json:
        emit_json({"rows": rows})
    else:
        emit("\n".join(f"{row['test_set']}: {row}" for row in rows))


class _Reporter:
    """A line of progress with the time left, every ten seconds, or written over on a terminal."""

    def __init__(self, goal: int) -> None:
        self._goal = goal
        self._start = self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{self._text(progress, now)}")
            sys.stderr.flush()
        elif now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            note(self._text(progress, now))

    def _text(self, progress: Progress, now: float) -> str:
        asked, done = progress.answered + progress.resumed, progress.scored + progress.resumed
        halves = progress.answered + progress.scored
        left = 2 * (self._goal - progress.resumed) - halves
        seconds = (now - self._start) / max(halves, 1) * left
        return f"{asked:,} answered, {done:,} scored of {self._goal:,}, {seconds:.0f} s left"
