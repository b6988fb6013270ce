"""Random draws that are the same for the same key, on every Python version."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """A stream of draws that is a function of a key of natural numbers.

    Everything is made from `random.Random.random`, whose sequence Python promises to keep; the other
    methods of that class have changed between versions.
    """

    def __init__(self, *key: int) -> None:
        # Not for secrets: a key gives the same draws to everyone.
        packed = b"".join(part.to_bytes(8, "little") for part in key)
        self.uniform = random.Random(int.from_bytes(packed, "little")).random  # noqa: S311

    def below(self, count: int) -> int:
        """A natural number below `count`."""
        return int(self.uniform() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def choose(self, items: Sequence[T]) -> T:
        """One of `items`."""
        return items[int(self.uniform() * len(items))]

    def weighted(self, items: Sequence[T], cumulative: Sequence[int | float]) -> T:
        """One of `items`; `cumulative` holds the running sums of their weights."""
        last = len(cumulative) - 1
        return items[bisect_right(cumulative, self.uniform() * cumulative[last], 0, last)]

    def recent(self, items: Sequence[T]) -> T:
        """One of `items`, later ones preferred with the weights 1, 1, 2, 4, 7, 11, … (thesis section 4)."""
        last = len(items) - 1
        sums = _RECENCY_SUMS if last < _MOST_RECENT else recency_sums(last + 1)
        return items[bisect_right(sums, self.uniform() * sums[last], 0, last)]

    def distinct(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different members of `items`, in random order."""
        rest = list(items)
        for position in range(count):
            other = position + int(self.uniform() * (len(rest) - position))
            rest[position], rest[other] = rest[other], rest[position]
        return rest[:count]


@lru_cache(maxsize=256)
def recency_sums(count: int) -> tuple[int, ...]:
    """Running sums of the weights w_n = 2 w_(n-1) - w_(n-2) + 1, from 1, 1."""
    weights = [1, 1]
    while len(weights) < count:
        weights.append(2 * weights[-1] - weights[-2] + 1)
    return tuple(accumulate(weights[:count]))


_MOST_RECENT = 64
_RECENCY_SUMS = recency_sums(_MOST_RECENT)
