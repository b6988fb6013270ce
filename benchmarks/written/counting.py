"""Programs that count: histograms, lengths, numbers of what satisfies a condition."""

from __future__ import annotations

from benchmarks.written.case import DIGITS, LETTERS, WORDS, SOp, Written, every, length, lib, number_of, rasp


def _histogram_class() -> SOp:
    return rasp.Map(lambda n: "once" if n == 1 else "twice" if n == 2 else "often", lib.make_hist())


def _most_frequent_here() -> SOp:
    """Whether no token occurs more often than this one."""
    count = lib.make_hist()
    more = rasp.Select(count, count, rasp.Comparison.GT)
    return rasp.SelectorWidth(more) == 0


def _dominant() -> SOp:
    """Whether this token is at more than half of the positions."""
    return rasp.SequenceMap(lambda c, n: 2 * c > n, lib.make_hist(), length())


def _earlier_same() -> SOp:
    before = rasp.Select(rasp.indices, rasp.indices, rasp.Comparison.LT)
    position = rasp.SelectorWidth(before)
    return rasp.SequenceMap(lambda p, c: (p + c) % 3, position, lib.make_hist())


def _larger() -> SOp:
    return rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, rasp.Comparison.GT))


def _is_maximum() -> SOp:
    return _larger() == 0


def _is_second() -> SOp:
    return _larger() == 1


def _near() -> SOp:
    """How many tokens differ from this one by one at most."""
    return rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, lambda k, q: abs(k - q) <= 1))


def _multiples() -> SOp:
    return rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, lambda k, q: q != 0 and k % q == 0))


def _rhymes() -> SOp:
    return rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, lambda k, q: k[-2:] == q[-2:]))


def _parity(token: str) -> SOp:
    return rasp.Map(lambda n: n % 2 == 0, lib.make_count(rasp.tokens, token))


def _compare(one: str, other: str) -> SOp:
    counts = (lib.make_count(rasp.tokens, t) for t in (one, other))
    return rasp.SequenceMap(lambda a, b: one if a > b else other if b > a else "tie", *counts)


def _all_same() -> SOp:
    return rasp.SequenceMap(lambda c, n: c == n, lib.make_hist(), length())


def _duplicates() -> SOp:
    count = lib.make_hist()
    return rasp.SelectorWidth(rasp.Select(count, count, lambda k, _: k > 1))


def _percent() -> SOp:
    return rasp.SequenceMap(lambda c, n: round(100 * c / n) if n else None, lib.make_hist(), length())


def _checksum() -> SOp:
    ones = number_of(rasp.tokens, lambda k: k % 2 == 1)
    return rasp.SequenceMap(lambda n, x: (3 * n + x) % 5, ones, rasp.tokens)


def _as_number() -> SOp:
    return rasp.numerical(lib.make_hist())


def _length_as_number_halved() -> SOp:
    count = rasp.numerical(rasp.SelectorWidth(every()))
    return rasp.numerical(rasp.LinearSequenceMap(count, count, 0.5, 0))


PROGRAMS = (
    Written("histogram", lib.make_hist, LETTERS[:4], 6),
    Written("histogram, causal", lib.make_hist, LETTERS[:4], 6, causal=True),
    Written("histogram of floats", lib.make_hist, (0.5, 1.5, -2.0, 3.25), 5),
    Written("histogram of bools", lib.make_hist, (True, False), 8),
    Written("histogram, long", lib.make_hist, LETTERS[:3], 12),
    Written("histogram as a number", _as_number, LETTERS[:4], 6),
    Written("length", length, LETTERS[:3], 6),
    Written("length halved", _length_as_number_halved, LETTERS[:3], 5),
    Written("once, twice, often", _histogram_class, LETTERS[:4], 6),
    Written("most frequent", _most_frequent_here, LETTERS[:3], 6),
    Written("dominant token", _dominant, LETTERS[:3], 7),
    Written("dominant word", _dominant, WORDS, 5),
    Written("position and count", _earlier_same, LETTERS[:3], 5),
    Written("number of larger", _larger, DIGITS[:6], 6),
    Written("number of larger floats", _larger, (-1.5, 0.25, 0.5, 3.0), 6),
    Written("later in the alphabet", _larger, WORDS[:5], 5),
    Written("is the maximum", _is_maximum, DIGITS[:6], 5),
    Written("is second", _is_second, DIGITS[:6], 5),
    Written("near in value", _near, DIGITS, 5),
    Written("number of multiples", _multiples, DIGITS[:7], 5),
    Written("number of rhymes", _rhymes, WORDS, 5),
    Written("count of a", lambda: lib.make_count(rasp.tokens, "a"), LETTERS[:4], 7),
    Written("count of a, causal", lambda: lib.make_count(rasp.tokens, "a"), LETTERS[:4], 7, causal=True),
    Written("parity of a", lambda: _parity("a"), LETTERS[:2], 8),
    Written("a or b more often", lambda: _compare("a", "b"), LETTERS[:3], 6),
    Written("all the same", _all_same, LETTERS[:4], 6),
    Written("number of duplicates", _duplicates, LETTERS[:3], 6),
    Written("percent", _percent, LETTERS[:3], 6),
    Written("checksum", _checksum, DIGITS[:6], 6),
    Written("less frequent than two", lambda: lib.make_count_less_freq(2), LETTERS[:4], 6),
    Written(
        "long words", lambda: number_of(rasp.tokens, lambda k: len(k) > 3), (*WORDS, "horse", "under"), 6
    ),
    Written("even numbers", lambda: number_of(rasp.tokens, lambda k: k % 2 == 0), DIGITS, 6),
)
