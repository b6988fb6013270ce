"""Matches and cost by what the true programs are like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inverse_tracr.evaluate.facts import Facts, facts_of
from inverse_tracr.evaluate.intervals import Estimate, percentile, share
from inverse_tracr.evaluate.records import Record


@dataclass(frozen=True)
class Group:
    """Models whose true programs have something in common: `feature` is what kind of thing, `name` which."""

    feature: str
    name: str
    models: int
    functional: Estimate
    faithful: Estimate
    exact: Estimate
    seconds_median: float
    seconds_p95: float


def breakdown(records: Sequence[Record]) -> tuple[Group, ...]:
    """Groups by length, operation, kind of vocabulary, encodings, output, causality and tables.

    A model stands in every group that it fits: by operation, in one for each operation of its program.
    """
    members: dict[tuple[str, int, str], list[Record]] = defaultdict(list)
    for record in records:
        for key in _keys(facts_of(record.program)):
            members[key].append(record)
    return tuple(_group(key[0], key[2], members[key]) for key in sorted(members))


def _keys(facts: Facts) -> list[tuple[str, int, str]]:
    """Feature, rank within it, and name, for every group of a program."""
    return [
        ("length", facts.length, str(facts.length)),
        ("vocabulary", 0, facts.vocabulary),
        ("encoding", 0, "with numbers" if facts.numerical else "categorical only"),
        ("output", 0, "numerical" if facts.numerical_output else "categorical"),
        ("attention", 0, "causal" if facts.causal else "not causal"),
        ("tables", 0, "with tables" if facts.tables else "named functions only"),
        *(("operation", 0, operation) for operation in facts.operations),
    ]


def _group(feature: str, name: str, records: Sequence[Record]) -> Group:
    scores = [record.score for record in records]
    seconds = [record.answer.seconds for record in records]
    return Group(
        feature,
        name,
        len(records),
        share([record.functional for record in records]),
        share([s is not None and s.faithful for s in scores]),
        share([s is not None and s.exact.exact for s in scores]),
        percentile(seconds, 0.5),
        percentile(seconds, 0.95),
    )
