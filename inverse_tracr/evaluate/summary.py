"""From records to one row of the benchmark table: a test set and a method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from inverse_tracr.decompile import Verdict
from inverse_tracr.evaluate.decompilers import Outcome
from inverse_tracr.evaluate.intervals import Estimate, mean, median, percentile, share
from inverse_tracr.evaluate.records import Record
from inverse_tracr.evaluate.score import Score
from inverse_tracr.zoo import Kind

LEVELS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Token accuracies of which the share of programs is counted, as in the thesis's Table 9.1."""


@dataclass(frozen=True)
class Summary:
    """One row: every metric of design section 9 that records alone can tell.

    Shares are of all models, whatever went wrong with them. `false_equivalent` counts verdicts `equivalent`,
    the verifier's or the decompiler's own, that the second opinion overturned; `overturned` all verdicts
    without a counterexample that it did.
    """

    test_set: str
    kind: Kind
    method: str
    models: int
    functional: Estimate
    faithful: Estimate
    exact: Estimate
    mechanism: Estimate
    brief: Estimate
    tokens: Estimate
    tokens_matched: Estimate
    levels: tuple[Estimate, ...]
    levels_matched: tuple[Estimate, ...]
    ceiling: Estimate
    faithful_ceiling: Estimate
    agreement: Estimate
    teacher_agreement: Estimate
    candidates: Estimate
    seconds: Estimate
    seconds_p95: float
    verdicts: dict[str, int]
    exact_by: dict[str, int]
    misses: dict[str, int]
    found_by: dict[str, int]
    false_equivalent: int
    overturned: int


def summarise(records: Sequence[Record]) -> Summary:
    """The row of records of one test set and one method, at least one."""
    first = records[0]
    position = [_of(r, lambda s: s.by_position) for r in records]
    matched = [_of(r, lambda s: s.by_matching) for r in records]
    return Summary(
        test_set=first.test_set,
        kind=first.kind,
        method=first.key.method,
        models=len(records),
        functional=share([r.functional for r in records]),
        faithful=_share(records, lambda s: s.faithful),
        exact=_share(records, lambda s: s.exact.exact),
        mechanism=_share(records, lambda s: s.mechanism),
        brief=_share(records, lambda s: s.functional and s.brief),
        tokens=mean(position),
        tokens_matched=mean(matched),
        levels=tuple(share([value >= level for value in position]) for level in LEVELS),
        levels_matched=tuple(share([value >= level for value in matched]) for level in LEVELS),
        ceiling=_share(records, lambda s: s.ceiling is not Verdict.REFUTED),
        faithful_ceiling=_share(records, lambda s: s.ceiling is not Verdict.REFUTED and s.mechanism_ceiling),
        agreement=mean([_of(r, lambda s: s.agreement) for r in records]),
        teacher_agreement=mean([_of(r, lambda s: s.teacher_agreement) for r in records]),
        candidates=mean([r.answer.candidates for r in records]),
        seconds=median([r.answer.seconds for r in records]),
        seconds_p95=percentile([r.answer.seconds for r in records], 0.95),
        verdicts=_counted(_verdict(r) for r in records),
        exact_by=_counted(r.score.exact.value for r in records if r.score is not None),
        misses=_counted(miss for r in records if (miss := miss_of(r))),
        found_by=_counted(r.answer.found_by for r in records if r.functional and r.answer.found_by),
        false_equivalent=sum(is_false_equivalent(r) for r in records),
        overturned=sum(r.score is not None and r.score.overturned for r in records),
    )


def miss_of(record: Record) -> str:
    """Why a model counts as missed; empty for a functional match."""
    if record.functional:
        return ""
    if record.score is None:
        return "not scored"
    if record.answer.outcome is not Outcome.ANSWERED:
        return record.answer.outcome.value
    return "overturned" if record.score.overturned else "refuted"


def is_false_equivalent(record: Record) -> bool:
    """Whether somebody said `equivalent`, and there is a counterexample."""
    found = record.score
    if found is None or found.functional:
        return False
    said = {found.verdict.value} if found.overturned else set[str]()
    return Verdict.EQUIVALENT.value in {*said, record.answer.claim}


def _verdict(record: Record) -> str:
    return "not scored" if record.score is None else record.score.verdict.value


def _of(record: Record, read: Callable[[Score], float]) -> float:
    return 0.0 if record.score is None else read(record.score)


def _share(records: Sequence[Record], read: Callable[[Score], bool]) -> Estimate:
    return share([record.score is not None and read(record.score) for record in records])


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())
