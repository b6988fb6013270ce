"""Which items of a stream a zoo keeps: the first of every function, no test functions, up to the quotas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.excluded import excluded_functions
from inverse_tracr.zoo.rows import Outcome

_ORDER = tuple(Outcome)


@dataclass(frozen=True)
class Candidates:
    """What selection reads of items 0 to n - 1: outcome (a position in `Outcome`) and keys of the hashes."""

    outcome: NDArray[np.uint8]
    function: NDArray[np.uint64]
    form: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.outcome)


@dataclass(frozen=True)
class Selection:
    """The outcome of every item, and the number of items up to the last that is kept.

    Neither depends on how many items were made beyond that. `missing` counts the rows still wanted; strata
    that want none are `full`.
    """

    outcome: NDArray[np.uint8]
    needed: int
    missing: int
    full: frozenset[int]

    @property
    def kept(self) -> NDArray[np.int64]:
        """The items that are kept, in order."""
        return np.flatnonzero(self.outcome == outcome_code(Outcome.KEPT))

    def counts(self) -> dict[str, int]:
        """Number of items up to the last that is kept, by outcome."""
        found = Counter(self.outcome[: self.needed].tolist())
        return {outcome.value: found[code] for code, outcome in enumerate(_ORDER) if found[code]}


def outcome_code(outcome: Outcome) -> int:
    """The number that stands for an outcome."""
    return _ORDER.index(outcome)


def select(config: ZooConfig, candidates: Candidates) -> Selection:
    """Select among items 0 to n - 1."""
    outcome = candidates.outcome.copy()
    _mark_test_functions(config, candidates, outcome)
    _mark_seen(candidates.function, outcome, Outcome.SAME_FUNCTION)
    _mark_seen(candidates.form, outcome, Outcome.SAME_FORM)
    wanted: dict[int, int] = {}
    count = len(config.strata)
    for stratum in range(count):
        items = stratum + count * np.flatnonzero(outcome[stratum::count] == outcome_code(Outcome.MADE))
        quota = config.quota(stratum)
        outcome[items[:quota]] = outcome_code(Outcome.KEPT)
        outcome[items[quota:]] = outcome_code(Outcome.SURPLUS)
        wanted[stratum] = max(0, quota - len(items))
    kept = np.flatnonzero(outcome == outcome_code(Outcome.KEPT))
    full = frozenset(stratum for stratum, number in wanted.items() if number == 0)
    return Selection(outcome, int(kept[-1]) + 1 if len(kept) else 0, sum(wanted.values()), full)


def _mark_test_functions(config: ZooConfig, candidates: Candidates, outcome: NDArray[np.uint8]) -> None:
    if config.without_test_functions:
        hit = np.isin(candidates.function, excluded_functions())
        outcome[hit & (outcome == outcome_code(Outcome.MADE))] = outcome_code(Outcome.TEST_FUNCTION)


def _mark_seen(keys: NDArray[np.uint64], outcome: NDArray[np.uint8], mark: Outcome) -> None:
    """Mark what was made and has the key of an earlier item that was made."""
    made = np.flatnonzero(outcome == outcome_code(Outcome.MADE))
    _, first = np.unique(keys[made], return_index=True)
    again = np.ones(len(made), dtype=np.bool_)
    again[first] = False
    outcome[made[again]] = outcome_code(mark)
