"""Programs that look at one position: maps, sequence maps, long tables."""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.written.case import DIGITS, LETTERS, WORDS, Function, SOp, Written, rasp
from inverse_tracr.rasp.values import Value

_SIGNED = tuple(range(-5, 6))
_VOWELS = "aeiou"
_TAGS = {"cat": "noun", "dog": "noun", "mat": "noun", "sat": "verb", "ran": "verb"}


def _caesar(shift: int) -> SOp:
    return rasp.Map(lambda x: LETTERS[(LETTERS.index(x) + shift) % len(LETTERS)], rasp.tokens)


def _map(f: Function, name: str, vocab: Iterable[Value], longest: int = 5) -> Written:
    return Written(name, lambda: rasp.Map(f, rasp.tokens), tuple(vocab), longest)


def _is_prime(x: int) -> bool:
    return x > 1 and all(x % d for d in range(2, x))


def _polynomial() -> SOp:
    return rasp.SequenceMap(lambda x, i: x * x + 2 * i + 1, rasp.tokens, rasp.indices)


def _alternating() -> SOp:
    return rasp.SequenceMap(lambda x, i: x if i % 2 == 0 else -x, rasp.tokens, rasp.indices)


def _capital_first() -> SOp:
    return rasp.SequenceMap(lambda x, i: x.upper() if i == 0 else x, rasp.tokens, rasp.indices)


def _masked(every: int) -> SOp:
    return rasp.SequenceMap(lambda x, i: "_" if i % every == every - 1 else x, rasp.tokens, rasp.indices)


def _sign_and_size() -> SOp:
    sign = rasp.Map(lambda x: "+" if x > 0 else "-" if x < 0 else "0", rasp.tokens)
    size = rasp.Map(lambda x: "big" if abs(x) > 3 else "small", rasp.tokens)
    return rasp.SequenceMap(lambda s, b: s + b, sign, size)


def _chain() -> SOp:
    doubled = rasp.SequenceMap(lambda x, i: 2 * x + i, rasp.tokens, rasp.indices)
    return rasp.SequenceMap(lambda y, i: max(y - i, 0) % 7, doubled, rasp.indices)


def _clipped_as_number() -> SOp:
    return rasp.numerical(rasp.Map(lambda x: min(max(x, -2), 2), rasp.tokens))


def _number_to_class() -> SOp:
    number = rasp.numerical(rasp.Map(lambda x: x / 4, rasp.tokens))
    twice = rasp.numerical(rasp.LinearSequenceMap(number, number, 1, 1))
    return rasp.Map(lambda x: "low" if x < 1 else "middle" if x < 3 else "high", twice)


def _difference_of_numbers() -> SOp:
    token = rasp.numerical(rasp.Map(lambda x: x, rasp.tokens))
    index = rasp.numerical(rasp.Map(lambda x: x, rasp.indices))
    return rasp.numerical(rasp.LinearSequenceMap(token, index, 1, -1))


def _both(name: str, f: Function, vocab: Iterable[Value], longest: int = 5) -> Written:
    return Written(name, lambda: rasp.SequenceMap(f, rasp.tokens, rasp.indices), tuple(vocab), longest)


PROGRAMS = (
    Written("identity", lambda: rasp.Map(lambda x: x, rasp.tokens), LETTERS[:4], 5),
    _map(abs, "absolute value", _SIGNED),
    _map(lambda x: x * x, "square", _SIGNED),
    _map(lambda x: x**3, "cube", _SIGNED),
    _map(math.factorial, "factorial", range(8)),
    _map(_is_prime, "is prime", range(20)),
    _map(lambda x: x > 3, "over three", DIGITS),
    _map(lambda x: 2 if x > 5 else 0, "threshold to two", DIGITS),
    _map(math.floor, "floor", (0.5, 1.25, -1.5, 2.75, 3.0)),
    _map(lambda x: round(x, 1), "one digit", (0.123, 0.456, 0.789, 1.011)),
    _map(lambda x: not x, "negation", (True, False)),
    _map(lambda x: x if x is not False else None, "None for False", (True, False)),
    _map(len, "length of a word", (*WORDS, "a", "elephant")),
    _map(lambda x: x[::-1], "word reversed", WORDS),
    _map(lambda x: x[0], "initial", WORDS),
    _map(lambda x: x in ("the", "on", "and"), "stop word", WORDS),
    _map(
        _TAGS.get,
        "tag",
        WORDS,
    ),
    _map(lambda x: "vowel" if x in _VOWELS else "consonant", "vowel or consonant", LETTERS),
    _map(lambda x: "zero" if x == 0 else x, "strings and numbers", DIGITS[:5]),
    _map(math.sin, "sine", DIGITS[:6]),
    _map(lambda x: 1 / x, "reciprocal", (0, 1, 2, 4, 5)),
    _map(str, "numbers as strings", (0, 1, 10, 2)),
    _map(lambda x: (x, x), "pair of itself", ("a", 1, 2.5)),
    _map(lambda x: 10**x, "powers of ten", range(5)),
    *(Written(f"caesar by {n}", lambda n=n: _caesar(n), LETTERS, 6) for n in (1, 3, 9)),
    _both("plus position", lambda x, i: x + i, DIGITS),
    _both("times position", lambda x, i: x * i, _SIGNED),
    _both("xor with position", lambda x, i: x ^ i, range(8), 8),
    _both("modulo position", lambda x, i: x % i if i else None, DIGITS),
    _both("token and position", lambda x, i: f"{x}{i}", LETTERS[:4]),
    _both("beyond its position", lambda x, i: x > i, DIGITS),
    _both("power of position", lambda x, i: x**i, (0, 1, 2, 3), 4),
    Written("polynomial", _polynomial, DIGITS[:6], 6),
    Written("alternating sign", _alternating, DIGITS[:6], 6),
    Written("first capital", _capital_first, LETTERS[:5], 5),
    Written("every third masked", lambda: _masked(3), LETTERS[:5], 9),
    Written("sign and size", _sign_and_size, _SIGNED, 5),
    Written("chain of arithmetic", _chain, DIGITS[:5], 5),
    Written("clipped as a number", _clipped_as_number, _SIGNED, 4),
    Written("classes of a number", _number_to_class, DIGITS, 4),
    Written("difference of numbers", _difference_of_numbers, DIGITS[:5], 5),
)
