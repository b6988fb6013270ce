"""The units that a program grows by."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from inverse_tracr.rasp.functions import Comparison, NamedPredicate
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Map,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.sample import propose
from inverse_tracr.sample.work import Work

_SELECT_EVERYTHING = Select(TOKENS, TOKENS, NamedPredicate(Comparison.TRUE))


class Uses(enum.Enum):
    """Which open lines a unit can use."""

    CATEGORICAL = "categorical"
    ONE_KIND = "categorical, all numbers or all others"
    MAPPABLE = "no maps"
    NUMERICAL = "numerical, or no maps"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Unit:
    """How a unit is built, and when it may be.

    `build` returns the s-op that the unit ends in, or None. `lines`: how many it usually adds; `operands`:
    how many open lines it can use at most, of those that `uses` says; `again`: it consumes an earlier
    select; `mends_partial`, `mends_numerical`, `mends_others`: how many lines it spares when an open line
    lacks values, is numerical, or is the only one of its kind.
    """

    build: Callable[[Work], Ref | None]
    weight: float
    lines: int
    operands: int
    uses: Uses = Uses.CATEGORICAL
    again: bool = False
    last: bool = False
    mends_partial: int = 0
    mends_numerical: int = 0
    mends_others: int = 0


def map_(work: Work) -> Ref | None:
    """A map of an s-op that is no map itself."""
    draft = work.draft
    refs = [ref for ref in draft.categorical if len(draft.sops[ref].values) > 2] + draft.numerical
    operand = work.pick(work.unmapped(refs))
    if operand is None:
        return None
    sop = draft.sops[operand]
    if sop.numerical:
        function = propose.threshold(work.draws, sop)
    else:
        function = propose.unary(work.draws, sop, draft.config, last=draft.remaining == 1)
    return draft.offer(Map(operand, function))


def sequence_map(work: Work) -> Ref | None:
    """A function of two s-ops."""
    pair = work.different_pair()
    if pair is None:
        return None
    draft = work.draft
    function = propose.binary(work.draws, draft.sops[pair[0]], draft.sops[pair[1]], draft.config)
    return None if function is None else draft.offer(SequenceMap(*pair, function))


def select_and_width(work: Work) -> Ref | None:
    """A select and the number of positions that it chooses."""
    return _width(work, work.select())


def width_again(work: Work) -> Ref | None:
    """The number of positions that an earlier select chooses."""
    return _width(work, work.draws.recent(work.draft.selectors))


def _width(work: Work, selector: Ref | None) -> Ref | None:
    if selector is None:
        return None
    numerical = work.draft.config.whole_language and work.draws.chance(0.15)
    encoding = Encoding.NUMERICAL if numerical else Encoding.CATEGORICAL
    return work.draft.offer(SelectorWidth(selector, encoding))


def select_position(work: Work) -> Ref | None:
    """A select of one position at most, and what stands there."""
    draft = work.draft
    pair = work.pair()
    if pair is None:
        return None
    queries, values = pair
    predicate = propose.position(work.draws, draft.sops[queries], draft.signature.max_seq_len, draft.config)
    selector = draft.offer(Select(INDICES, queries, predicate))
    return None if selector is None else draft.offer(Aggregate(selector, values))


def select_content(work: Work) -> Ref | None:
    """A select of positions that carry one value, and that value."""
    draft = work.draft
    pair = work.pair()
    if pair is None:
        return None
    values, queries = pair
    moved = draft.sops[values]
    keys = values if work.draws.chance(0.5) else moved.root
    root = draft.sops[keys]
    if root.numerical:
        return None
    classes = range(len(moved.values)) if keys == values else moved.root_table[:-1].tolist()
    predicate = propose.same_value(work.draws, root, classes, draft.sops[queries], draft.config)
    selector = None if predicate is None else draft.offer(Select(keys, queries, predicate))
    return None if selector is None else draft.offer(Aggregate(selector, values))


def move_again(work: Work) -> Ref | None:
    """What an earlier select moves of another s-op."""
    values = work.pick(work.draft.categorical)
    return (
        values
        if values is None
        else work.draft.offer(Aggregate(work.draws.recent(work.draft.selectors), values))
    )


def mean(work: Work) -> Ref | None:
    """The share of chosen positions where something holds."""
    draft = work.draft
    counted = work.flags()
    if counted is None:
        return None
    if draft.selectors and work.draws.chance(0.5):
        selector = work.draws.recent(draft.selectors)
    elif work.draws.chance(0.25):
        selector = draft.offer(_SELECT_EVERYTHING)
    else:
        selector = work.select()
    return None if selector is None else draft.offer(Aggregate(selector, counted))


SOUND_UNITS = (
    Unit(map_, 4.0, 1, 1, Uses.MAPPABLE, mends_numerical=1, mends_others=1),
    Unit(sequence_map, 2.0, 1, 2, Uses.ONE_KIND),
    Unit(select_and_width, 2.0, 2, 2, mends_partial=2),
    Unit(width_again, 0.5, 1, 0, again=True),
    Unit(select_position, 1.5, 2, 2),
    Unit(select_content, 1.5, 2, 2),
    Unit(move_again, 1.0, 1, 1, again=True),
    Unit(mean, 1.0, 3, 3),
)
