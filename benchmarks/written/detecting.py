"""Programs that find patterns: n-grams with conditions, brackets, logic over several tests."""

from __future__ import annotations

from benchmarks.written.case import (
    DIGITS,
    LETTERS,
    WORDS,
    Function,
    SOp,
    Written,
    earlier,
    lib,
    number_of,
    rasp,
)


def _after(condition: Function, f: Function) -> SOp:
    """`f` of this token where the one before satisfies a condition."""
    before = rasp.Map(condition, earlier(rasp.tokens))
    return rasp.SequenceMap(lambda c, x: f(x) if c else x, before, rasp.tokens)


def _contains_all(*wanted: str) -> SOp:
    found = None
    for token in wanted:
        there = number_of(rasp.tokens, lambda k, t=token: k == t) > 0
        found = there if found is None else found & there
    assert found is not None
    return found


def _either() -> SOp:
    return (rasp.tokens == "a") | (rasp.tokens == "c")


def _exactly_one() -> SOp:
    counts = (lib.make_count(rasp.tokens, t) for t in "ab")
    return rasp.SequenceMap(lambda a, b: (a == 1) != (b == 1), *counts)


def _first_occurrence() -> SOp:
    pair = rasp.SequenceMap(lambda x, i: (x, i), rasp.tokens, rasp.indices)
    earlier_same = rasp.Select(pair, pair, lambda k, q: k[0] == q[0] and k[1] < q[1])
    return rasp.SelectorWidth(earlier_same) == 0


def _balanced_at_once() -> SOp:
    opens, closes = (lib.make_count(rasp.tokens, t) for t in "()")
    return rasp.SequenceMap(lambda a, b: a == b, opens, closes)


def _negated_word() -> SOp:
    return _after(lambda x: x == "not", lambda x: f"not-{x}")


def _triple() -> SOp:
    one = rasp.SequenceMap(lambda x, y: x == y, rasp.tokens, earlier(rasp.tokens))
    two = rasp.SequenceMap(lambda x, y: x == y, rasp.tokens, earlier(rasp.tokens, 2))
    return one & two


def _arithmetic() -> SOp:
    step = rasp.SequenceMap(lambda x, y: x - y, rasp.tokens, earlier(rasp.tokens))
    return rasp.SequenceMap(lambda s, t: s == t, step, earlier(step))


def _date() -> SOp:
    kinds = rasp.Map(lambda x: "d" if x.isdigit() else "s", rasp.tokens)
    return lib.detect_pattern(kinds, "dsd")


def _ends_with(token: str) -> SOp:
    tail = rasp.SequenceMap(lambda x, i: (x == token, i), rasp.tokens, rasp.indices)
    later = rasp.SelectorWidth(rasp.Select(tail, tail, lambda k, q: k[0] and k[1] >= q[1]))
    return later > 0


PROGRAMS = (
    *(
        Written(f"pattern {p}", lambda p=p: lib.detect_pattern(rasp.tokens, p), LETTERS[:3], 5)
        for p in ("a", "ab", "aa", "aba", "cab")
    ),
    Written("pattern of words", lambda: lib.detect_pattern(rasp.tokens, ("the", "cat")), WORDS, 5),
    Written("pattern, causal", lambda: lib.detect_pattern(rasp.tokens, "ab"), LETTERS[:3], 6, causal=True),
    Written("doubled after one", lambda: _after(lambda x: x == 1, lambda x: 2 * x), DIGITS[:5], 5),
    Written("negated words", _negated_word, ("not", "good", "bad", "ok"), 5),
    Written("contains a and b", lambda: _contains_all("a", "b"), LETTERS[:4], 5),
    Written("contains a, b and c", lambda: _contains_all("a", "b", "c"), LETTERS[:4], 4),
    Written("a or c", _either, LETTERS[:4], 5),
    Written("exactly one of two", _exactly_one, LETTERS[:3], 5),
    Written("first occurrence", _first_occurrence, LETTERS[:3], 5),
    Written("as many open as closed", _balanced_at_once, ("(", ")", "x"), 6),
    Written("three in a row", _triple, LETTERS[:3], 6),
    Written("arithmetic sequence", _arithmetic, DIGITS[:5], 5),
    Written("digit, sign, digit", _date, ("1", "2", "/", "-", "9"), 5),
    Written("a from here on", lambda: _ends_with("a"), LETTERS[:3], 5),
)
