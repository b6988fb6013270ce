"""All that is said of one test set and one method: its row, floors, groups and mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inverse_tracr.evaluate.breakdown import Group, breakdown
from inverse_tracr.evaluate.facts import read
from inverse_tracr.evaluate.floors import Told, floors
from inverse_tracr.evaluate.intervals import Estimate, mean, share
from inverse_tracr.evaluate.mistakes import Mistake, mistakes
from inverse_tracr.evaluate.records import Record
from inverse_tracr.evaluate.score import view
from inverse_tracr.evaluate.summary import LEVELS, Summary, summarise

BANDS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.0)
"""Lower ends of the bands of token accuracy by which mistakes are told apart."""


@dataclass(frozen=True)
class FloorRow:
    """Token metrics of a predictor that sees no weights."""

    told: Told
    tokens: Estimate
    tokens_matched: Estimate
    levels: tuple[Estimate, ...]


@dataclass(frozen=True)
class Band:
    """Programs whose token accuracy is at least `least` (and below the band above), and their mistakes:
    in how many of them each was made.
    """

    least: float
    programs: int
    mistakes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Findings:
    """What is known of one test set and one method. `mistakes`: programs with each, and how often in all."""

    summary: Summary
    floors: tuple[FloorRow, ...]
    groups: tuple[Group, ...]
    mistakes: tuple[tuple[str, int, int], ...]
    bands: tuple[Band, ...]


def findings(records: Sequence[Record]) -> Findings:
    """The findings of the records of one test set and one method, at least one."""
    wrong = [_mistakes(record) for record in records]
    programs = Counter(str(mistake) for found in wrong for mistake in found)
    times: Counter[str] = Counter()
    for found in wrong:
        times.update({str(mistake): count for mistake, count in found.items()})
    return Findings(
        summarise(records),
        _floors(records),
        breakdown(records),
        tuple((name, count, times[name]) for name, count in programs.most_common()),
        _bands(records, wrong),
    )


def _mistakes(record: Record) -> Counter[Mistake]:
    true, signature = read(record.program)
    found = record.answer.program if record.score is not None else ""
    return mistakes(read(found)[0] if found else None, true, signature)


def _floors(records: Sequence[Record]) -> tuple[FloorRow, ...]:
    views = [view(*read(record.program)) for record in records]
    return tuple(
        FloorRow(
            floor.told,
            mean(floor.by_position),
            mean(floor.by_matching),
            tuple(share([value >= level for value in floor.by_position]) for level in LEVELS),
        )
        for floor in floors(views)
    )


def _bands(records: Sequence[Record], wrong: Sequence[Counter[Mistake]]) -> tuple[Band, ...]:
    members: dict[float, list[Counter[Mistake]]] = {least: [] for least in BANDS}
    for record, found in zip(records, wrong, strict=True):
        accuracy = 0.0 if record.score is None else record.score.by_position
        members[next(least for least in BANDS if accuracy >= least)].append(found)
    return tuple(_band(least, members[least]) for least in BANDS if members[least])


def _band(least: float, wrong: Sequence[Counter[Mistake]]) -> Band:
    counted = Counter(str(mistake) for found in wrong for mistake in found)
    return Band(least, len(wrong), tuple(counted.most_common(3)))
