"""Programs with means: fractions of earlier tokens, balances, shuffle-Dyck."""

from __future__ import annotations

from benchmarks.written.case import DIGITS, LETTERS, WORDS, Function, SOp, Written, every, lib, rasp

_BRACKETS = ("(", ")", "{", "}")


def _fraction(wanted: Function) -> SOp:
    return rasp.Map(wanted, rasp.tokens)


def _frac_of(wanted: Function) -> SOp:
    return lib.make_frac_prevs(_fraction(wanted))


def _share_in_all() -> SOp:
    is_a = rasp.numerical(rasp.tokens == "a")
    return rasp.numerical(rasp.Aggregate(every(), is_a, default=0))


def _majority() -> SOp:
    return rasp.Map(lambda x: x > 0.5, _share_in_all())


def _any() -> SOp:
    return rasp.Map(lambda x: x > 0, _share_in_all())


def _all() -> SOp:
    return rasp.Map(lambda x: x == 1, _share_in_all())


def _weighted() -> SOp:
    shares = [_frac_of(lambda x, t=t: x == t) for t in "ab"]
    return rasp.numerical(rasp.LinearSequenceMap(*shares, 2, -0.5))


def _three_way() -> SOp:
    ab = rasp.numerical(rasp.LinearSequenceMap(*[_frac_of(lambda x, t=t: x == t) for t in "ab"], 1, 1))
    return rasp.numerical(rasp.LinearSequenceMap(ab, _frac_of(lambda x: x == "c"), 1, -1))


def _balanced_so_far() -> SOp:
    return rasp.Map(lambda x: x == 0, lib.make_pair_balance(rasp.tokens, "(", ")"))


def _sign_of_balance() -> SOp:
    balance = lib.make_pair_balance(rasp.tokens, "(", ")")
    return rasp.Map(lambda x: "open" if x > 0 else "closed" if x == 0 else "wrong", balance)


def _half(values: dict[str, float]) -> SOp:
    number = rasp.numerical(rasp.Map(values.__getitem__, rasp.tokens))
    return rasp.numerical(rasp.LinearSequenceMap(number, number, 0.5, 0.5))


PROGRAMS = (
    Written("fraction of a", lambda: _frac_of(lambda x: x == "a"), LETTERS[:4], 6),
    Written("fraction of a, causal", lambda: _frac_of(lambda x: x == "a"), LETTERS[:4], 6, causal=True),
    Written("fraction of vowels", lambda: _frac_of(lambda x: x in "aei"), LETTERS[:6], 6),
    Written("fraction of even numbers", lambda: _frac_of(lambda x: x % 2 == 0), DIGITS, 6),
    Written("fraction of long words", lambda: _frac_of(lambda x: len(x) > 2), (*WORDS, "horse"), 6),
    Written("fraction of truth", lambda: _frac_of(bool), (True, False), 8),
    Written("share in all", _share_in_all, LETTERS[:3], 6),
    Written("majority of a", _majority, LETTERS[:3], 7),
    Written("any a", _any, LETTERS[:3], 6),
    Written("all a", _all, LETTERS[:3], 6),
    Written("weighted shares", _weighted, LETTERS[:3], 6),
    Written("three shares", _three_way, LETTERS[:4], 5),
    Written("pair balance", lambda: lib.make_pair_balance(rasp.tokens, "(", ")"), ("(", ")", "a"), 7),
    Written("balanced so far", _balanced_so_far, ("(", ")", "a"), 6),
    Written("sign of the balance", _sign_of_balance, ("(", ")", "a"), 6),
    Written("shuffle-Dyck of one", lambda: lib.make_shuffle_dyck(["()"]), ("(", ")", "x"), 6),
    Written("shuffle-Dyck of two", lambda: lib.make_shuffle_dyck(["()", "{}"]), _BRACKETS, 5),
    Written("scores", lambda: _half({"a": 0.25, "b": 1.5, "c": 3}), LETTERS[:3], 4),
)
