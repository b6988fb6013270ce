"""The evaluation of a decompiler on cases: strip, ask, score, wave by wave."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from inverse_tracr.evaluate.cases import Case
from inverse_tracr.evaluate.decompilers import Answer, DecompilerSpec, Outcome
from inverse_tracr.evaluate.processes import Died, Done, TimedOut, Workers
from inverse_tracr.evaluate.records import Key, Record, Results
from inverse_tracr.evaluate.stripped import strip
from inverse_tracr.evaluate.worker import Question, Scoring, ask, mark

WAVE = 32
"""Models on disk at a time, for every worker."""
SCORING_TIMEOUT = 900.0
GIBIBYTE = 2**30


@dataclass(frozen=True)
class RunOptions:
    """How decompilers are run.

    `jobs`: processes at a time; `timeout`: seconds of processor time for one model; `patience`: seconds by
    the clock for each of them; `memory`: bytes of a process.
    """

    jobs: int = 2
    timeout: float = 120.0
    patience: float = 10.0
    memory: int = 6 * GIBIBYTE


@dataclass(frozen=True)
class _Open:
    """A case in work: where its stripped model lies."""

    case: Case
    key: Key
    folder: Path


@dataclass(frozen=True)
class Progress:
    """How far an evaluation has come; `resumed` were known from before."""

    answered: int = 0
    scored: int = 0
    resumed: int = 0


Report = Callable[[Progress], None]


class Evaluation:
    """Asks one decompiler about many models.

    Decompilers run in processes of their own, which never hold a program or a label: they are given the
    folder of a stripped model. Scoring runs in other processes, after the answers of a wave are in.
    """

    def __init__(
        self,
        decompiler: DecompilerSpec,
        revision: str,
        options: RunOptions,
        results: Results,
        report: Report = lambda _: None,
    ) -> None:
        decompiler.check()
        self._decompiler = decompiler
        self._revision = revision
        self._results = results
        self._report = report
        self._progress = Progress()
        self._wave = WAVE * options.jobs
        self._timeout = options.timeout
        longest = options.timeout * options.patience
        self._askers = Workers(options.jobs, timeout=longest, memory=options.memory)
        self._markers = Workers(options.jobs, timeout=SCORING_TIMEOUT, memory=options.memory)

    def __enter__(self) -> Evaluation:
        return self

    def __exit__(self, *_: object) -> None:
        self._askers.close()
        self._markers.close()

    def run(self, cases: Iterable[Case]) -> Iterator[Record]:
        """A record of each case, in any order; those known already are not asked again."""
        remaining = iter(cases)
        while wave := list(islice(remaining, self._wave)):
            with tempfile.TemporaryDirectory(prefix="models-") as parent:
                yield from self._run_wave(wave, Path(parent))

    def _run_wave(self, wave: list[Case], parent: Path) -> Iterator[Record]:
        waiting: list[_Open] = []
        for case in wave:
            folder = strip(case.model, parent)
            key = Key(folder.name, self._decompiler.name, self._revision)
            known = self._results.find(case.test_set, case.number, key)
            if known is None:
                waiting.append(_Open(case, key, folder))
            else:
                self._count(resumed=1)
                yield known
        answers = self._answers([str(one.folder) for one in waiting])
        for record in self._scored(waiting, answers):
            self._results.add(record)
            self._count(scored=1)
            yield record

    def _answers(self, folders: list[str]) -> dict[str, Answer]:
        questions = [Question(folder, self._decompiler, self._timeout) for folder in folders]
        found: dict[str, Answer] = {}
        for number, outcome in self._askers.run(ask, questions):
            found[folders[number]] = _answer(outcome, self._timeout)
            self._count(answered=1)
        return found

    def _scored(self, waiting: list[_Open], answers: dict[str, Answer]) -> Iterator[Record]:
        jobs = [
            Scoring(str(one.folder), one.case.kind, one.case.program, answers[str(one.folder)].program)
            for one in waiting
        ]
        for number, outcome in self._markers.run(mark, jobs):
            one = waiting[number]
            yield Record(
                one.key,
                one.case.test_set,
                one.case.kind,
                one.case.number,
                one.case.program,
                answers[str(one.folder)],
                outcome.result if isinstance(outcome, Done) else None,
                "" if isinstance(outcome, Done) else str(outcome),
            )

    def _count(self, *, answered: int = 0, scored: int = 0, resumed: int = 0) -> None:
        known = self._progress
        self._progress = Progress(known.answered + answered, known.scored + scored, known.resumed + resumed)
        self._report(self._progress)


def _answer(outcome: Done[Answer] | TimedOut | Died, timeout: float) -> Answer:
    match outcome:
        case Done():
            return outcome.result
        case TimedOut():
            return Answer(Outcome.TIMED_OUT, seconds=timeout)
        case Died():
            return Answer(Outcome.DIED, reason=outcome.reason)
