"""One step of growing: operands drawn, the open ones first where they must be used."""

from __future__ import annotations

from inverse_tracr.rasp.functions import NamedUnary, UnaryOp
from inverse_tracr.rasp.program import Encoding, Map, Ref, Select
from inverse_tracr.sample import propose
from inverse_tracr.sample.draft import Draft
from inverse_tracr.sample.draws import Draws


class Work:
    """What the builders of units share. Lines added in vain are for the caller of a builder to take back."""

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

    def unmapped(self, refs: list[Ref]) -> list[Ref]:
        """Those of `refs` that are no maps: Tracr fuses a map of a map."""
        return [ref for ref in refs if not self.draft.sop(ref).is_map]

    def select(self) -> Ref | None:
        """A new select of any kind."""
        pair = self.pair()
        if pair is None:
            return None
        draft = self.draft
        keys, queries = pair
        predicate = propose.predicate(self.draws, draft.sop(keys), draft.sop(queries), draft.config)
        return None if predicate is None else draft.offer(Select(keys, queries, predicate))

    def flags(self) -> Ref | None:
        """A numerical s-op of zeros and ones, earlier or new."""
        draft = self.draft
        known = [ref for ref in draft.numerical if draft.sop(ref).values == (0, 1)]
        if known and self.draws.chance(0.5):
            return self.draws.recent(known)
        total = [ref for ref in draft.categorical if draft.sop(ref).total]
        operand = self.pick(self.unmapped(total))
        if operand is None:
            return None
        sop = draft.sop(operand)
        plain = NamedUnary(UnaryOp.IDENTITY)
        function = plain if sop.values == (0, 1) else propose.comparison(self.draws, sop)
        return draft.offer(Map(operand, function, Encoding.NUMERICAL))
