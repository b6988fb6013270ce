"""Programs of the sizes that Tracr still compiles: 550 residual dimensions, 100 tokens, 60 positions."""

from __future__ import annotations

from benchmarks.written.case import SOp, Written, earlier, first, length, lib, rasp

_HUNDRED = tuple(f"w{i:02d}" for i in range(100))
_NUMBERS = tuple(range(100))
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


def _table() -> SOp:
    """A long table without a rule."""
    return rasp.Map(lambda x: (37 * _HUNDRED.index(x) + 11) % 29, rasp.tokens)


def _hashed() -> SOp:
    return rasp.Map(lambda x: (x * x + 3 * x) % 97, rasp.tokens)


def _near() -> SOp:
    return rasp.SelectorWidth(rasp.Select(rasp.tokens, rasp.tokens, lambda k, q: (7 * k + 3 * q) % 10 < 3))


def _window(width: int) -> SOp:
    near = rasp.Select(rasp.indices, rasp.indices, lambda k, q: q - width < k <= q)
    is_a = rasp.numerical(rasp.tokens == "a")
    return rasp.numerical(rasp.Aggregate(near, is_a, default=0))


def _deep() -> SOp:
    """Six rounds of looking back and combining."""
    found = rasp.Map(lambda x: int(x == "a"), rasp.tokens)
    for _ in range(5):
        found = rasp.SequenceMap(lambda x, y: (2 * x + y) % 5, found, earlier(found))
    return found


def _pairs() -> SOp:
    """Twenty letters at twenty positions."""
    pair = rasp.SequenceMap(lambda x, i: f"{x}{i}", rasp.tokens, rasp.indices)
    return rasp.Map(lambda p: (ord(p[0]) + int(p[1:])) % 7, pair)


def _kept_pairs() -> SOp:
    pair = rasp.SequenceMap(lambda x, i: (x, i % 4), rasp.tokens, rasp.indices)
    before = earlier(pair)
    return rasp.SequenceMap(lambda p, t: p[0] == t or p[1] == 2, before, rasp.tokens)


def _reversed_long() -> SOp:
    return rasp.Aggregate(rasp.Select(rasp.indices, rasp.indices, lambda k, q: k == 59 - q), rasp.tokens)


def _balance() -> SOp:
    return lib.make_pair_balance(rasp.tokens, "(", ")")


PROGRAMS = (
    Written("hundred words, table", _table, _HUNDRED, 6),
    Written("hundred numbers, polynomial", _hashed, _NUMBERS, 5),
    Written("hundred words, histogram", lib.make_hist, _HUNDRED, 5),
    Written("hundred numbers, predicate", _near, _NUMBERS, 4),
    Written("hundred words, before", lambda: earlier(rasp.tokens), _HUNDRED, 20),
    Written("hundred words, first", lambda: first(rasp.tokens), _HUNDRED, 30),
    Written("hundred words, reversed", lambda: lib.make_reverse(rasp.tokens), _HUNDRED, 8),
    Written("sixty positions, before", lambda: earlier(rasp.tokens, 3), tuple("abcd"), 60),
    Written("sixty positions, mirrored", _reversed_long, tuple("abcd"), 60),
    Written("sixty positions, fraction", lambda: lib.make_frac_prevs(rasp.tokens == "a"), tuple("abc"), 60),
    Written("sixty positions, window", lambda: _window(8), tuple("abc"), 60),
    Written("sixty positions, length", length, tuple("ab"), 60),
    Written("sixty positions, histogram", lib.make_hist, tuple("abc"), 60),
    Written("thirty positions, balance", _balance, tuple("()x"), 30),
    Written("twelve half-layers", _deep, tuple("abc"), 6),
    Written("letters and positions", _pairs, _LETTERS[:20], 20),
    Written("pairs moved", _kept_pairs, _LETTERS, 12),
    Written(
        "shuffle-Dyck of three",
        lambda: lib.make_shuffle_dyck(["()", "{}", "[]"]),
        tuple("(){}[]"),
        8,
    ),
    Written(
        "sorted, twelve positions",
        lambda: lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=12, min_key=1),
        (1, 2, 3),
        12,
    ),
)
