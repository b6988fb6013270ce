"""One step of growing: operands drawn, the open ones first where they must be used."""

from __future__ import annotations

from inverse_tracr.rasp.functions import NamedUnary, UnaryOp
from inverse_tracr.rasp.program import Encoding, Map, Ref, Select
from inverse_tracr.sample import propose
from inverse_tracr.sample.draft import Draft
from inverse_tracr.sample.draws import Draws

_PLAIN = NamedUnary(UnaryOp.IDENTITY)


class Work:
    """What the builders of units share. Lines added in vain are for the caller of a builder to take back."""

    def __init__(self, draws: Draws, draft: Draft, must_use: int, wants_tokens: bool) -> None:
        self.draws = draws
        self.draft = draft
        self._must_use = must_use
        self._wants_tokens = wants_tokens

    def pick(self, refs: list[Ref], *, but: Ref | None = None) -> Ref | None:
        """One of `refs`, recent ones preferred; an open one, not `but`, while open lines must be used.

        One that reads tokens where none of the open lines does and few lines remain.
        """
        if self._must_use > 0:
            refs = [ref for ref in self.draft.open_among(refs) if ref != but]
            self._must_use -= 1
        elif self._wants_tokens:
            refs = [ref for ref in refs if self.draft.sops[ref].reads_tokens]
        return self.draws.recent(refs) if refs else None

    def pair(self) -> tuple[Ref, Ref] | None:
        """Two categorical s-ops, perhaps the same one where no open line must be used."""
        first = self.pick(self.draft.categorical)
        second = self.pick(self.draft.categorical, but=first)
        return self._either_way(first, second)

    def different_pair(self) -> tuple[Ref, Ref] | None:
        """Two different categorical s-ops of one kind, or of few values."""
        sops, refs = self.draft.sops, self.draft.categorical
        first = self.pick(refs)
        if first is None:
            return None
        kind, most = sops[first].kind, self.draft.config.max_binary_table // len(sops[first].values)
        others = [
            ref for ref in refs if ref != first and (sops[ref].kind is kind or len(sops[ref].values) <= most)
        ]
        return self._either_way(first, self.pick(others))

    def _either_way(self, first: Ref | None, second: Ref | None) -> tuple[Ref, Ref] | None:
        if first is None or second is None:
            return None
        return (first, second) if self.draws.chance(0.5) else (second, first)

    def unmapped(self, refs: list[Ref]) -> list[Ref]:
        """Those of `refs` that are no maps: Tracr fuses a map of a map."""
        return [ref for ref in refs if not self.draft.sops[ref].is_map]

    def select(self) -> Ref | None:
        """A new select of any kind."""
        pair = self.pair()
        if pair is None:
            return None
        draft = self.draft
        keys, queries = pair
        predicate = propose.predicate(self.draws, draft.sops[keys], draft.sops[queries], draft.config)
        return None if predicate is None else draft.offer(Select(keys, queries, predicate))

    def flags(self) -> Ref | None:
        """A numerical s-op of zeros and ones, earlier or new."""
        draft = self.draft
        known = [ref for ref in draft.numerical if draft.sops[ref].values == (0, 1)]
        if known and self.draws.chance(0.5):
            return self.draws.recent(known)
        total = [ref for ref in draft.categorical if draft.sops[ref].total]
        operand = self.pick(self.unmapped(total))
        if operand is None:
            return None
        sop = draft.sops[operand]
        function = _PLAIN if sop.values == (0, 1) else propose.comparison(self.draws, sop)
        return draft.offer(Map(operand, function, Encoding.NUMERICAL))
