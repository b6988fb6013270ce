"""`inverse-tracr evaluate`."""

from __future__ import annotations

import re
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inverse_tracr.evaluate.cases import TestSetFolder
    from inverse_tracr.evaluate.findings import Findings
    from inverse_tracr.evaluate.records import Record
    from inverse_tracr.evaluate.run import Progress

SECONDS_BETWEEN_LINES = 10.0
TIMEOUT, QUICK_TIMEOUT = 120.0, 30.0
RESULTS = Path("docs") / "results.md"


def evaluate(
    *sets: str,
    folder: Path = Path("test-sets"),
    split: Literal["train", "validation", "test"] = "test",
    method: Annotated[list[str] | None, Parameter(negative="")] = None,
    decompiler: Annotated[list[str] | None, Parameter(negative="")] = None,
    limit: int | None = None,
    noise: float = 0.0,
    jobs: int = 2,
    timeout: float | None = None,
    results: Path | None = None,
    quick: Flag = False,
    json: Flag = False,
    write: Flag = False,
) -> None:
    """Measure decompilers on test sets: one row of the benchmark table for each set and decompiler.

    A decompiler is given weights and configuration, in a process that holds nothing else. Written down in
    docs/benchmark.md.

    Parameters
    ----------
    sets
        Test sets by name (standard-test, compressed-test, natural-test, imperfect-test, thesis-test), or
        folders of zoos.
    folder
        Where the test sets lie (see `zoo test-sets`).
    split
        Which split of a zoo; test sets have only `test`.
    method
        auto (the default), or some of lift, unmix, linear, meta, search, repair and others registered joined
        by +; may be given several times.
    decompiler
        module:function that takes a model and returns a program; may be given several times.
    limit
        Most models of a set, drawn from a fixed seed.
    noise
        Standard deviation of noise on all weights, in units of the root mean square of each tensor; models
        are judged by what they compute then.
    jobs
        Processes.
    timeout
        Seconds of processor time for one model, more count as a miss; 120, or 30 with --quick.
    results
        File of results, one line a model; the same command again goes on where it stopped.
    quick
        40 models each of standard-test, compressed-test and natural-test, which come with the package.
    json
        Print the rows as one JSON object.
    write
        Write the tables to their section of docs/results.md in the working directory; one test set alone has
        a section of its own.
    """
    from inverse_tracr.evaluate.decompilers import AUTO
    from inverse_tracr.evaluate.findings import findings
    from inverse_tracr.evaluate.markdown import main_table
    from inverse_tracr.evaluate.rows import row_json

    seconds = timeout if timeout is not None else QUICK_TIMEOUT if quick else TIMEOUT
    _check(sets, quick=quick, jobs=jobs, limit=limit, noise=noise, seconds=seconds)
    if write and not RESULTS.parent.is_dir():
        raise UsageError("--write needs a checkout as working directory", expected="a folder docs")
    opened = _open(sets, folder, split, limit, quick=quick)
    names = [*(method or []), *(decompiler or [])] or [AUTO]
    records = _evaluate(opened, names, noise, jobs, seconds, results)
    found = [findings(group) for group in records if group]
    if json:
        emit_json({"noise": noise, "rows": [row_json(one) for one in found]})
    else:
        emit(main_table([one.summary for one in found]))
    if write:
        _write(found, sets, quick=quick, noise=noise)


def _check(
    sets: Sequence[str], *, quick: bool, jobs: int, limit: int | None, noise: float, seconds: float
) -> None:
    """Raise UsageError for arguments out of range, or that contradict each other."""
    if bool(sets) == quick:
        raise UsageError("which models?", expected="names of test sets, or --quick without names")
    for name, value, least in (("jobs", jobs, 1), ("limit", 1 if limit is None else limit, 1)):
        if value < least:
            raise UsageError(f"--{name}", expected=f"at least {least}", got=str(value))
    if not 0 <= noise < float("inf"):
        raise UsageError("--noise", expected="a number from 0", got=str(noise))
    if not seconds > 0:
        raise UsageError("--timeout", expected="a positive number of seconds", got=str(seconds))


def _open(
    sets: Sequence[str],
    folder: Path,
    split: Literal["train", "validation", "test"],
    limit: int | None,
    *,
    quick: bool,
) -> list[TestSetFolder]:
    from inverse_tracr.evaluate.cases import open_test_set, quick_sets
    from inverse_tracr.zoo.quick import QUICK_SETS

    if quick:
        found = quick_sets(limit)
        for name in QUICK_SETS:
            if all(name != one.name for one in found):
                note(f"{name}: not in this version of the package, left out")
        return found
    return [open_test_set(name, folder, limit, split) for name in sets]


def _evaluate(
    opened: Sequence[TestSetFolder],
    names: Sequence[str],
    noise: float,
    jobs: int,
    seconds: float,
    results: Path | None,
) -> list[list[Record]]:
    """The records of every test set with every decompiler."""
    from inverse_tracr.evaluate.decompilers import DecompilerSpec
    from inverse_tracr.evaluate.noise import noisy_cases
    from inverse_tracr.evaluate.records import Results
    from inverse_tracr.evaluate.revision import code_revision
    from inverse_tracr.evaluate.run import Evaluation, RunOptions

    specs = [DecompilerSpec(name) for name in names]
    for spec in specs:
        spec.check()
    kept, options = Results(results), RunOptions(jobs, seconds)
    reporter = _Reporter(sum(map(len, opened)) * len(names))
    records: list[list[Record]] = []
    for spec in specs:
        with Evaluation(spec, code_revision(), options, kept, reporter) as evaluation:
            records += [list(evaluation.run(noisy_cases(one.cases(), noise))) for one in opened]
        reporter.next()
    return records


def _write(found: Sequence[Findings], sets: Sequence[str], *, quick: bool, noise: float) -> None:
    from inverse_tracr.evaluate.markdown import report
    from inverse_tracr.evaluate.sections import plain_arguments, provenance, replace_section

    name, title = ("evaluation-quick", "Evaluation, quick") if quick else ("evaluation", "Evaluation")
    if len(sets) == 1:
        name, title = f"{name}-{re.sub('[^a-z0-9]+', '-', sets[0].lower())}", f"{title}: {sets[0]}"
    if noise:
        name, title = f"{name}-noise-{noise:g}".replace(".", "-"), f"{title}, noise of {noise:.0%}"
    command = shlex.join(["inverse-tracr", *plain_arguments()])
    replace_section(RESULTS, name, title, report(found), provenance(command, Path()))
    note(f"{RESULTS}: section {name} written")


class _Reporter:
    """A line of progress with the time left, every ten seconds, or written over on a terminal."""

    def __init__(self, goal: int) -> None:
        self._goal = goal
        self._before = self._now = (0, 0, 0)
        self._start = self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        self._now = (progress.answered, progress.scored, progress.resumed)
        now = time.monotonic()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{self._text(now)}")
            sys.stderr.flush()
        elif now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            note(self._text(now))

    def next(self) -> None:
        """Another decompiler begins."""
        self._before = self._totals()
        self._now = (0, 0, 0)
        if sys.stderr.isatty():
            sys.stderr.write("\n")

    def _totals(self) -> tuple[int, int, int]:
        (a, s, r), (answered, scored, resumed) = self._before, self._now
        return a + answered, s + scored, r + resumed

    def _text(self, now: float) -> str:
        answered, scored, resumed = self._totals()
        halves = answered + scored
        left = (now - self._start) / max(halves, 1) * (2 * (self._goal - resumed) - halves)
        asked, done = answered + resumed, scored + resumed
        return f"{asked:,} answered, {done:,} scored of {self._goal:,}, {left:.0f} s left"
