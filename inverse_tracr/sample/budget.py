"""How many lines it takes to use every line that nothing uses yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Open:
    """Counts of the lines that nothing uses yet.

    `numbers` and `others` are categorical (of numbers, of strings or pairs). `partial` lack a value on some
    inputs, `token_free` read no token.
    """

    numbers: int
    others: int
    numerical: int
    partial: int
    token_free: int

    @property
    def count(self) -> int:
        """Number of open lines."""
        return self.numbers + self.others + self.numerical


def lines_needed(unused: Open) -> int:
    """Lines that suffice to reduce the open lines to one that reads tokens and always has a value.

    Two categorical lines merge in one sequence map. A numerical line among others takes a map first, and so
    does a lone line of strings. What lacks values ends in a select and its width: one line more than a
    sequence map, two where there is nothing to merge. Where no open line reads tokens, one more brings them
    in.
    """
    count = unused.count
    if not count:
        return 1
    needed = count - 1
    if count > 1:
        needed += unused.numerical + (unused.others == 1)
    without_tokens = unused.token_free == count
    if unused.partial:
        return needed + (1 + without_tokens if count > 1 else 2)
    return needed + without_tokens
