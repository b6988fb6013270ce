"""How many lines it takes to use every line that nothing uses yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Open:
    """Lines that nothing uses yet: categorical of strings, other categorical, numerical; some lack values."""

    text: int
    other: int
    numerical: int
    partial: bool


def lines_needed(unused: Open) -> int:
    """Lines that surely suffice to reduce the open lines to one that has a value on every input.

    Two categorical lines merge in one sequence map; a numerical line takes a map first, and so does a lone line
    of strings among others; what lacks values ends in a select and its width, which takes one line more than a
    sequence map, or two where there is nothing to merge.
    """
    count = unused.text + unused.other + unused.numerical
    if not count:
        return 1
    needed = count - 1
    if count > 1:
        needed += unused.numerical + (unused.text == 1)
    if unused.partial:
        needed += 1 if count > 1 else 2
    return needed
