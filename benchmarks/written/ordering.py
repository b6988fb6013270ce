"""Programs that sort, rank and select by rank."""

from __future__ import annotations

from benchmarks.written.case import DIGITS, LETTERS, WORDS, SOp, Written, lib, rasp


def _smaller(sop: SOp) -> SOp:
    return rasp.SelectorWidth(rasp.Select(sop, sop, rasp.Comparison.LT))


def _at_rank(rank: int) -> SOp:
    """The token with so many smaller ones, where there is exactly one value like that."""
    chosen = rasp.Select(_smaller(rasp.tokens), rasp.tokens, lambda k, _: k == rank)
    return rasp.Aggregate(chosen, rasp.tokens)


def _sorted_by_length() -> SOp:
    key = rasp.SequenceMap(lambda x, i: 10 * len(x) + i, rasp.tokens, rasp.indices)
    return lib.make_sort_unique(rasp.tokens, key)


def _sorted_down() -> SOp:
    key = rasp.SequenceMap(lambda x, i: -x + i / 10, rasp.tokens, rasp.indices)
    return lib.make_sort_unique(rasp.tokens, key)


def _sort(longest: int) -> SOp:
    return lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=longest, min_key=1)


PROGRAMS = (
    Written("sorted, unique", lambda: lib.make_sort_unique(rasp.tokens, rasp.tokens), DIGITS[:5], 5),
    Written("sorted", lambda: _sort(5), (1, 2, 3, 4), 5),
    Written("sorted by frequency", lambda: lib.make_sort_freq(4), (1, 2, 3), 4),
    Written("sorted by length of words", _sorted_by_length, (*WORDS[:3], "on", "a"), 4),
    Written("sorted downwards", _sorted_down, DIGITS[:4], 4),
    Written("rank", lambda: _smaller(rasp.tokens), DIGITS[:6], 6),
    Written("rank of letters", lambda: _smaller(rasp.tokens), LETTERS[:6], 6),
    Written("minimum", lambda: _at_rank(0), DIGITS[:5], 5),
    Written("second smallest", lambda: _at_rank(1), DIGITS[:5], 5),
)
