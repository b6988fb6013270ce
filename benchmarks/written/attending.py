"""Programs that move values: shifts, copies, reversals, conditional choices."""

from __future__ import annotations

from benchmarks.written.case import (
    DIGITS,
    LETTERS,
    WORDS,
    Function,
    SOp,
    Written,
    at,
    earlier,
    first,
    last,
    length,
    lib,
    rasp,
)


def _pairwise(f: Function) -> SOp:
    """A function of this token and the one before."""
    return rasp.SequenceMap(f, rasp.tokens, earlier(rasp.tokens))


def _sum_of_three() -> SOp:
    two = rasp.SequenceMap(lambda x, y: x + y, rasp.tokens, earlier(rasp.tokens))
    return rasp.SequenceMap(lambda s, z: s + z, two, earlier(rasp.tokens, 2))


def _rotate() -> SOp:
    """Every token one further, the last one to the front."""
    target = rasp.SequenceMap(lambda i, n: (i - 1) % n if n else 0, rasp.indices, length())
    return rasp.Aggregate(rasp.Select(rasp.indices, target, rasp.Comparison.EQ), rasp.tokens)


def _mirrored() -> SOp:
    """The first half, then the first half reversed."""
    source = rasp.SequenceMap(lambda i, n: min(i, n - 1 - i), rasp.indices, length())
    return rasp.Aggregate(rasp.Select(rasp.indices, source, rasp.Comparison.EQ), rasp.tokens)


def _swapped() -> SOp:
    partner = rasp.Map(lambda i: i + 1 if i % 2 == 0 else i - 1, rasp.indices)
    return rasp.Aggregate(rasp.Select(rasp.indices, partner, rasp.Comparison.EQ), rasp.tokens)


def _every_other() -> SOp:
    source = rasp.Map(lambda i: 2 * i, rasp.indices)
    return rasp.Aggregate(rasp.Select(rasp.indices, source, rasp.Comparison.EQ), rasp.tokens)


def _repeated() -> SOp:
    source = rasp.Map(lambda i: i // 2, rasp.indices)
    return rasp.Aggregate(rasp.Select(rasp.indices, source, rasp.Comparison.EQ), rasp.tokens)


def _palindrome() -> SOp:
    same = rasp.SequenceMap(lambda x, y: x == y, rasp.tokens, lib.make_reverse(rasp.tokens))
    wrong = rasp.SelectorWidth(rasp.Select(same, same, lambda k, _: not k))
    return wrong == 0


def _first_or_last() -> SOp:
    return rasp.SequenceMap(lambda a, z: a if a == z else "different", first(rasp.tokens), last(rasp.tokens))


def _difference_from_first() -> SOp:
    return rasp.SequenceMap(lambda x, a: x - a, rasp.tokens, first(rasp.tokens))


def _pointed_to() -> SOp:
    """The token at the position that this token names."""
    return rasp.Aggregate(rasp.Select(rasp.indices, rasp.tokens, rasp.Comparison.EQ), rasp.tokens)


def _increasing() -> SOp:
    return _pairwise(lambda x, y: x > y)


def _runs() -> SOp:
    """How often a token differs from the one before it, in all."""
    turn = _pairwise(lambda x, y: x != y)
    return rasp.SelectorWidth(rasp.Select(turn, turn, lambda k, _: bool(k)))


def _kept(wanted: str) -> SOp:
    """Vowels and the like packed to the front."""
    kept = rasp.Map(lambda x: x in wanted, rasp.tokens)
    key = rasp.SequenceMap(lambda k, i: i if k else i + 10, kept, rasp.indices)
    return lib.make_sort_unique(rasp.tokens, key)


def _following(token: str) -> SOp:
    """What follows the token, if that is unique; nothing where it does not occur."""
    before = earlier(rasp.tokens)
    found = rasp.Select(before, rasp.tokens, lambda k, q: k == token and q == token)
    return rasp.SelectorWidth(found)


PROGRAMS = (
    *(Written(f"shifted by {n}", lambda n=n: lib.shift_by(n, rasp.tokens), LETTERS[:4], 6) for n in (1, 3)),
    Written("shifted back", lambda: rasp.Aggregate(at(1), rasp.tokens), LETTERS[:4], 6),
    Written("shifted, causal", lambda: lib.shift_by(1, rasp.tokens), LETTERS[:4], 6, causal=True),
    Written("shifted words", lambda: lib.shift_by(2, rasp.tokens), WORDS, 5),
    Written("reversed", lambda: lib.make_reverse(rasp.tokens), LETTERS[:4], 5),
    Written("reversed numbers", lambda: lib.make_reverse(rasp.tokens), (-1, 0, 2.5, 7), 5),
    Written("reversed bools", lambda: lib.make_reverse(rasp.tokens), (True, False), 7),
    Written("first token", lambda: first(rasp.tokens), LETTERS[:5], 5),
    Written("last token", lambda: last(rasp.tokens), LETTERS[:5], 5),
    Written("first or last", _first_or_last, LETTERS[:4], 5),
    Written("rotated", _rotate, LETTERS[:4], 5),
    Written("mirrored", _mirrored, LETTERS[:4], 5),
    Written("swapped in pairs", _swapped, LETTERS[:4], 6),
    Written("every other", _every_other, LETTERS[:4], 6),
    Written("repeated", _repeated, LETTERS[:4], 6),
    Written("palindrome", _palindrome, LETTERS[:3], 5),
    Written("sum of two", lambda: _pairwise(lambda x, y: x + y), DIGITS[:5], 6),
    Written("sum of three", _sum_of_three, DIGITS[:4], 5),
    Written("product of two", lambda: _pairwise(lambda x, y: x * y), (-2, -1, 0, 1, 3), 5),
    Written("larger of two", lambda: _pairwise(max), DIGITS[:6], 6),
    Written("increasing", _increasing, DIGITS[:6], 6),
    Written("bigram", lambda: _pairwise(lambda x, y: f"{y} {x}"), WORDS[:4], 5),
    Written("turns", _runs, LETTERS[:3], 6),
    Written("difference from the first", _difference_from_first, DIGITS[:5], 5),
    Written("pointed to", _pointed_to, DIGITS[:5], 5),
    Written("vowels first", lambda: _kept("aei"), LETTERS[:5], 5),
    Written("after the cat", lambda: _following("cat"), WORDS[:4], 5),
)
