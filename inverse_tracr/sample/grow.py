"""Growing a program that meets its length, with every line used.

A program grows by units of one to three lines that end in an s-op: a map; a sequence map; a select with its
first consumer (any program can be so ordered); another consumer of an earlier select; zeros and ones, a select
and their mean. After each unit the lines that nothing uses yet must fit the lines that remain
(`budget.lines_needed`); a unit that breaks this, or a law of `Draft`, is taken back and another is drawn. Operands
are drawn with the thesis's recency weights, from the unused lines alone where few lines remain. Length and
liveness so hold by construction, and no finished program is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from inverse_tracr.rasp.functions import Comparison, NamedPredicate, NamedUnary, Predicate, UnaryOp
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample import propose
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draft import Draft
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.proofs import never_empty, never_mixes

TRIES_PER_LINE = 30


def grow(draws: Draws, signature: Signature, length: int, config: SamplerConfig) -> Program | None:
    """A program of exactly `length` lines, or None when the counted tries run out."""
    growth = _Growth(draws, Draft(signature, length, config))
    draft = growth.draft
    for _ in range(TRIES_PER_LINE * length):
        before = len(draft.lines)
        unit = draws.weighted(_UNITS, _UNIT_SUMS)
        if not (unit(growth) and draft.feasible()):
            draft.take_back(before)
        elif not draft.remaining:
            return draft.program()
    return None


class _Growth:
    """Draws and draft; each unit adds its lines and says whether it could (it may leave lines to take back)."""

    def __init__(self, draws: Draws, draft: Draft) -> None:
        self.draws = draws
        self.draft = draft

    def operand(self, refs: list[Ref]) -> Ref | None:
        """One of `refs`, later ones preferred; an open one where few lines remain."""
        if self.draft.slack() <= self.draws.below(3):
            refs = [ref for ref in refs if self.draft.is_open(ref)] or refs
        return self.draws.recent(refs) if refs else None

    def pair(self) -> tuple[Ref, Ref]:
        """Two categorical s-ops, perhaps the same; different open ones where few lines remain."""
        refs = self.draft.categorical()
        if self.draft.slack() <= 0:
            unused = [ref for ref in refs if self.draft.is_open(ref)]
            if len(unused) > 1:
                first, second = self.draws.distinct(unused, 2)
                return first, second
        first, second = self.operand(refs), self.draws.recent(refs)
        assert first is not None
        return (first, second) if self.draws.chance(0.5) else (second, first)

    # -- units -----------------------------------------------------------------------------------------------

    def map(self) -> bool:
        """A map of an s-op that is no map itself."""
        draft = self.draft
        refs = [r for r in draft.categorical() + draft.numerical() if not draft.sop(r).is_map]
        operand = self.operand(sorted(refs))
        if operand is None:
            return False
        sop = draft.sop(operand)
        if sop.numerical:
            function = propose.threshold(self.draws)
        elif len(sop.values) > 2:
            function = propose.unary(self.draws, sop, draft.config)
        else:
            return False
        line = Map(operand, function)
        found = draft.try_map(line)
        if found is None:
            return False
        draft.add(line, found)
        return True

    def sequence_map(self) -> bool:
        """A function of two s-ops."""
        first, second = self.pair()
        if first == second:
            return False
        draft = self.draft
        function = propose.binary(self.draws, draft.sop(first), draft.sop(second), draft.config)
        if function is None:
            return False
        line = SequenceMap(first, second, function)
        found = draft.try_sequence_map(line)
        if found is None:
            return False
        draft.add(line, found)
        return True

    def select_and_width(self) -> bool:
        """A select and the number of positions that it chooses."""
        if self.draft.remaining < 2:
            return False
        selector = self.new_select()
        return selector is not None and self.width(selector)

    def width_again(self) -> bool:
        """The number of positions that an earlier select chooses."""
        selectors = self.draft.selectors()
        return bool(selectors) and self.width(self.draws.recent(selectors))

    def select_position(self) -> bool:
        """A select of one position at most, and what stands there."""
        draft = self.draft
        if draft.remaining < 2:
            return False
        queries, values = self.pair()
        predicate = propose.position(
            self.draws, draft.sop(queries), draft.signature.max_seq_len, draft.config
        )
        selector = self.add_select(INDICES, queries, predicate)
        return selector is not None and self.move(selector, values)

    def select_content(self) -> bool:
        """A select of positions that carry one value, and that value."""
        draft = self.draft
        if draft.remaining < 2:
            return False
        values, queries = self.pair()
        moved = draft.sop(values)
        keys = values if self.draws.chance(0.5) else moved.root
        root = draft.sop(keys)
        if root.numerical:
            return False
        classes = range(len(moved.values)) if keys == values else moved.root_table[:-1].tolist()
        predicate = propose.same_value(self.draws, root, classes, draft.sop(queries), draft.config)
        if predicate is None:
            return False
        selector = self.add_select(keys, queries, predicate)
        return selector is not None and self.move(selector, values)

    def move_again(self) -> bool:
        """What an earlier select moves of another s-op."""
        selectors = self.draft.selectors()
        values = self.operand(self.draft.categorical())
        return bool(selectors) and values is not None and self.move(self.draws.recent(selectors), values)

    def mean(self) -> bool:
        """The share of chosen positions where something holds."""
        draft = self.draft
        counted = self.flags()
        if counted is None:
            return False
        selectors = draft.selectors()
        if selectors and self.draws.chance(0.5):
            selector = self.draws.recent(selectors)
        elif draft.remaining < 2:
            return False
        elif self.draws.chance(0.25):
            selector = self.add_select(TOKENS, TOKENS, NamedPredicate(Comparison.TRUE))
        else:
            selector = self.new_select()
        if selector is None:
            return False
        line = Aggregate(selector, counted)
        found = draft.try_mean(line)
        if found is None:
            return False
        draft.add(line, found)
        return True

    # -- parts of units --------------------------------------------------------------------------------------

    def new_select(self) -> Ref | None:
        """A select of any kind."""
        draft = self.draft
        keys, queries = self.pair()
        predicate = propose.predicate(self.draws, draft.sop(keys), draft.sop(queries), draft.config)
        return None if predicate is None else self.add_select(keys, queries, predicate)

    def add_select(self, keys: Ref, queries: Ref, predicate: Predicate) -> Ref | None:
        """A given select, if it chooses something, not everything, and otherwise than those before."""
        line = Select(keys, queries, predicate)
        found = self.draft.try_select(line)
        return None if found is None else self.draft.add(line, found)

    def width(self, selector: Ref) -> bool:
        """The width of a select."""
        line = SelectorWidth(selector)
        found = self.draft.try_width(line)
        if found is None:
            return False
        self.draft.add(line, found)
        return True

    def move(self, selector: Ref, values: Ref) -> bool:
        """A categorical aggregate, if it is proved never to mix values."""
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
        known = [ref for ref in draft.numerical() if draft.sop(ref).values == (0, 1)]
        if known and self.draws.chance(0.5):
            return self.draws.recent(known)
        refs = [ref for ref in draft.categorical() if not draft.sop(ref).is_map and draft.sop(ref).total]
        operand = self.operand(refs)
        if operand is None or draft.remaining < 2:
            return None
        values = draft.sop(operand).values
        plain = NamedUnary(UnaryOp.IDENTITY)
        function = plain if values == (0, 1) else propose.comparison(self.draws, values)
        line = Map(operand, function, Encoding.NUMERICAL)
        found = draft.try_map(line)
        return None if found is None else draft.add(line, found)


Unit = Callable[[_Growth], bool]

_WEIGHTS: dict[Unit, float] = {
    _Growth.map: 4,
    _Growth.sequence_map: 2,
    _Growth.select_and_width: 2,
    _Growth.width_again: 0.5,
    _Growth.select_position: 1.5,
    _Growth.select_content: 1.5,
    _Growth.move_again: 1,
    _Growth.mean: 1,
}
_UNITS = tuple(_WEIGHTS)
_UNIT_SUMS = tuple(accumulate(_WEIGHTS.values()))
