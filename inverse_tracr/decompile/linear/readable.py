"""What the lines of one half-layer may read, and how sure they have to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from inverse_tracr.decompile.linear.explain import UNEXPLAINED, Explanation, Option
from inverse_tracr.decompile.search.columns import Column
from inverse_tracr.rasp.program import Ref, Select

_USED = 0.6
"""Nats off for reading a line that nothing has read: every line is there to be read."""

Explained = list[tuple[list[Option], Explanation]]
"""Sets of lines with what they explain, best first."""


@dataclass(frozen=True)
class Readable:
    """Columns that lines may read, one of `fresh` at least.

    Of lines with the same values the one is taken that reads what is `unread` so far. `maps` are not mapped
    again: that would be one map. `selects` are there to be used again.
    """

    columns: Sequence[Column]
    fresh: Collection[Ref]
    unread: Collection[Ref] = ()
    maps: Collection[Ref] = ()
    selects: Collection[Select] = ()

    def is_new(self, read: Iterable[Ref]) -> bool:
        """Whether a line that reads these could not have been written before."""
        return any(ref in self.fresh for ref in read)

    def rebate(self, read: Iterable[Ref]) -> float:
        """Nats off for a line that reads these."""
        return _USED * sum(ref in self.unread for ref in read)


def surest(read: Callable[[float], Explained], shares: tuple[float, float]) -> Explained:
    """What `read` finds with the first share of features that must be linear in what is written.

    With the second one where that explains too little.
    """
    sure, unsure = shares
    found = read(sure)
    if not found or found[0][1].left > UNEXPLAINED:
        return read(unsure) or found
    return found
