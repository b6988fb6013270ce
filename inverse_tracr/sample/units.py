"""The units that a program grows by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inverse_tracr.rasp.functions import Comparison, NamedPredicate, NamedUnary, Predicate, UnaryOp
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
from inverse_tracr.sample.draft import Draft
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.proofs import never_empty, never_mixes


class Work:
    """One unit being built: adds lines to the draft, operands drawn from the open lines first.

    The builders of units return whether they could; lines that they added in vain are for the caller to take
    back.
    """

    def __init__(self, draws: Draws, draft: Draft, must_use: int) -> None:
        self.draws = draws
        self.draft = draft
        self._must_use = must_use
        state = draft.state()
        self._open = state.open
        self._wants_tokens = state.slack < 2 and state.unused.token_free == state.unused.count

    def pick(self, refs: list[Ref], *, but: Ref | None = None) -> Ref | None:
        """One of `refs`, recent ones preferred; an open one, not `but`, while open lines must be used.

        One that reads tokens where none of the open lines does and few lines remain.
        """
        if self._must_use > 0:
            refs = [ref for ref in refs if ref in self._open and ref != but]
            self._must_use -= 1
        elif self._wants_tokens:
            refs = [ref for ref in refs if self.draft.sop(ref).reads_tokens]
        return self.draws.recent(refs) if refs else None

    def pair(self, *, distinct: bool = False) -> tuple[Ref, Ref] | None:
        """Two categorical s-ops, perhaps the same one where no open line must be used."""
        refs = self.draft.categorical
        first = self.pick(refs)
        if distinct:
            refs = [ref for ref in refs if ref != first]
        second = self.pick(refs, but=first)
        if first is None or second is None:
            return None
        return (first, second) if self.draws.chance(0.5) else (second, first)

    # -- parts -----------------------------------------------------------------------------------------------

    def new_select(self) -> Ref | None:
        """A select of any kind."""
        pair = self.pair()
        if pair is None:
            return None
        draft = self.draft
        keys, queries = pair
        predicate = propose.predicate(self.draws, draft.sop(keys), draft.sop(queries), draft.config)
        return None if predicate is None else self.select(keys, queries, predicate)

    def select(self, keys: Ref, queries: Ref, predicate: Predicate) -> Ref | None:
        """A given select, if it chooses something, not everything, and otherwise than those before."""
        line = Select(keys, queries, predicate)
        found = self.draft.try_select(line)
        return None if found is None else self.draft.add(line, found)

    def width(self, selector: Ref | None) -> bool:
        """The width of a select."""
        if selector is None:
            return False
        line = SelectorWidth(selector)
        found = self.draft.try_width(line)
        if found is None:
            return False
        self.draft.add(line, found)
        return True

    def move(self, selector: Ref | None, values: Ref) -> bool:
        """A categorical aggregate, if it is proved never to mix values."""
        if selector is None:
            return False
        draft = self.draft
        select, moved = draft.selector(selector), draft.sop(values)
        line = Aggregate(selector, values)
        found = draft.try_move(line, total=moved.total and never_empty(draft, select))
        if found is None or not never_mixes(draft, select, moved):
            return False
        draft.add(line, found)
        return True

    def flags(self) -> Ref | None:
        """A numerical s-op of zeros and ones, earlier or new."""
        draft = self.draft
        known = [ref for ref in draft.numerical if draft.sop(ref).values == (0, 1)]
        if known and self.draws.chance(0.5):
            return self.draws.recent(known)
        sops = ((ref, draft.sop(ref)) for ref in draft.categorical)
        operand = self.pick([ref for ref, sop in sops if sop.total and not sop.is_map])
        if operand is None or draft.remaining < 2:
            return None
        values = draft.sop(operand).values
        plain = NamedUnary(UnaryOp.IDENTITY)
        function = plain if values == (0, 1) else propose.comparison(self.draws, draft.sop(operand))
        line = Map(operand, function, Encoding.NUMERICAL)
        found = draft.try_map(line)
        return None if found is None else draft.add(line, found)


def _map(work: Work) -> bool:
    draft = work.draft
    refs = [ref for ref in draft.categorical if len(draft.sop(ref).values) > 2] + draft.numerical
    operand = work.pick([ref for ref in refs if not draft.sop(ref).is_map])
    if operand is None:
        return False
    sop = draft.sop(operand)
    if sop.numerical:
        function = propose.threshold(work.draws)
    else:
        function = propose.unary(work.draws, sop, draft.config, last=draft.remaining == 1)
    line = Map(operand, function)
    found = draft.try_map(line)
    if found is None:
        return False
    draft.add(line, found)
    return True


def _sequence_map(work: Work) -> bool:
    pair = work.pair(distinct=True)
    if pair is None:
        return False
    draft = work.draft
    function = propose.binary(work.draws, draft.sop(pair[0]), draft.sop(pair[1]), draft.config)
    if function is None:
        return False
    line = SequenceMap(*pair, function)
    found = draft.try_sequence_map(line)
    if found is None:
        return False
    draft.add(line, found)
    return True


def _select_and_width(work: Work) -> bool:
    return work.width(work.new_select())


def _width_again(work: Work) -> bool:
    return work.width(work.draws.recent(work.draft.selectors))


def _select_position(work: Work) -> bool:
    """A select of one position at most, and what stands there."""
    draft = work.draft
    pair = work.pair()
    if pair is None:
        return False
    queries, values = pair
    predicate = propose.position(work.draws, draft.sop(queries), draft.signature.max_seq_len, draft.config)
    return work.move(work.select(INDICES, queries, predicate), values)


def _select_content(work: Work) -> bool:
    """A select of positions that carry one value, and that value."""
    draft = work.draft
    pair = work.pair()
    if pair is None:
        return False
    values, queries = pair
    moved = draft.sop(values)
    keys = values if work.draws.chance(0.5) else moved.root
    root = draft.sop(keys)
    if root.numerical:
        return False
    classes = range(len(moved.values)) if keys == values else moved.root_table[:-1].tolist()
    predicate = propose.same_value(work.draws, root, classes, draft.sop(queries), draft.config)
    return predicate is not None and work.move(work.select(keys, queries, predicate), values)


def _move_again(work: Work) -> bool:
    values = work.pick(work.draft.categorical)
    return values is not None and work.move(work.draws.recent(work.draft.selectors), values)


def _mean(work: Work) -> bool:
    """The share of chosen positions where something holds."""
    draft = work.draft
    counted = work.flags()
    if counted is None:
        return False
    selector = None
    if draft.selectors and work.draws.chance(0.5):
        selector = work.draws.recent(draft.selectors)
    elif draft.remaining > 1 and work.draws.chance(0.25):
        selector = work.select(TOKENS, TOKENS, NamedPredicate(Comparison.TRUE))
    elif draft.remaining > 1:
        selector = work.new_select()
    if selector is None:
        return False
    line = Aggregate(selector, counted)
    found = draft.try_mean(line)
    if found is None:
        return False
    draft.add(line, found)
    return True


@dataclass(frozen=True, slots=True)
class Unit:
    """How a unit is built, and when it may be.

    `lines`: how many it usually adds; `operands`: how many open lines it can use at most; `again`: it consumes
    an earlier select; `mends_partial`, `mends_numerical`: how many lines it spares when an open line lacks
    values, or is numerical.
    """

    build: Callable[[Work], bool]
    weight: float
    lines: int
    operands: int
    again: bool = False
    mends_partial: int = 0
    mends_numerical: int = 0


UNITS = (
    Unit(_map, 4, 1, 1, mends_numerical=1),
    Unit(_sequence_map, 2, 1, 2),
    Unit(_select_and_width, 2, 2, 2, mends_partial=2),
    Unit(_width_again, 0.5, 1, 0, again=True),
    Unit(_select_position, 1.5, 2, 2),
    Unit(_select_content, 1.5, 2, 2),
    Unit(_move_again, 1, 1, 1, again=True),
    Unit(_mean, 1, 3, 3),
)
