"""How many lines it takes to use every line that nothing uses yet."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Open(NamedTuple):
    """Counts of the lines that nothing uses yet.

    `numbers` and `others` are categorical (of numbers, of strings or pairs). `partial` lack a value on some
    inputs, `token_free` read no token, `mappable` are no maps and have more than two values.
    """

    numbers: int
    others: int
    numerical: int
    partial: int
    token_free: int
    mappable: int

    @property
    def total(self) -> int:
        """Number of open lines."""
        return self.numbers + self.others + self.numerical


_BITS = 8


def packed(counts: Open) -> int:
    """Counts as one number; the numbers of several lines add up."""
    return sum(count << _BITS * place for place, count in enumerate(counts))


@lru_cache(maxsize=8192)
def unpacked(code: int) -> Open:
    """Inverse of `packed`."""
    return Open(*(code >> _BITS * place & (1 << _BITS) - 1 for place in range(len(Open._fields))))


@lru_cache(maxsize=8192)
def lines_needed(code: int) -> int:
    """Lines that suffice to reduce the open lines to one that reads tokens and always has a value.

    Two categorical lines merge in one sequence map. A numerical line among others takes a map first, and so
    does a lone line of strings. What lacks values ends in a select and its width: one line more than a
    sequence map, two where there is nothing to merge. Where no open line reads tokens, one more brings them
    in. `code` are the counts of open lines, packed.
    """
    unused = unpacked(code)
    count = unused.total
    if not count:
        return 1
    needed = count - 1
    if count > 1:
        needed += unused.numerical + (unused.others == 1)
    without_tokens = unused.token_free == count
    if unused.partial:
        return needed + (1 + without_tokens if count > 1 else 2)
    return needed + without_tokens
