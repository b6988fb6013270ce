"""Program texts changed at random and read: everything parses or is refused with a typed error.

    python -m benchmarks.fuzz_text 100000 --seed 0 [--write]

prints JSON: how many parsed and were refused and why, unexpected errors with the numbers that make them
again, the slowest text in seconds. Exit code 1 for an unexpected error.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from benchmarks.results import write_section
from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.rasp.parser import parse, parse_source
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.scanner import RaspSyntaxError, TokenKind, scan
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets

Random = np.random.Generator

TEXTS = (
    """# signature: vocab=[a, b, c] max_seq_len=5
# Counts.
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1)
v3 = map(v2, x > 1)
v4 = map(v2, {0: "none", 1: "once", _: "more"})
v5 = select(indices, indices, table {(0, 1), (1, 2)})
v6 = aggregate(v5, v4)
return v6
""",
    """# signature: vocab=[3, 2.5, "x y", True] max_seq_len=4 causal
s = select(indices, tokens, k <= q - 1)
m = map(tokens, x == -2.5e0, numerical)
n = aggregate(s, m, numerical)
l = linear_sequence_map(n, m, 1, -0.5)
o = map(l, {-0.5: (1, "b"), 0: (), 1.0: None})
p = sequence_map(indices, o, {(0, ()): 'it\\'s', (1, (1, "b")): "\\u00e9"})
return p
""",
    "a = map(tokens, min(x, 3))\nb = sequence_map(a, indices, abs(x - y))\nc = map(b, not x)\nreturn c\n",
    "w = select(tokens, indices, q != 'a')\nc = selector_width(w, numerical)\nd = map(c, 3 / x)\nreturn d\n",
)

WORDS = (
    "v1 v2 x y k q c _ tokens indices return map sequence_map linear_sequence_map select aggregate numerical "
    "selector_width categorical table True False None not abs min max int bool round and or vocab causal "
    "== != < <= > >= = + - * / // % ( ) { } [ ] , : # ' \" \\ . ^ ; \0 \t \r\n \n é \u2028 \ud800 \U0001f600 "
    "0 1 -1 1e5 1e999 .5 5. 1_000 0x10 007 " + "9" * 59 + " " + "9" * 70 + " 1." + "3" * 57
).split(" ")


def mutate(text: str, random: Random) -> str:
    """The text with one change or more: mostly of tokens, so that it still looks like a program."""
    while True:
        rough = random.random() < 0.15
        changes = ROUGH if rough else GENTLE
        text = changes[int(random.integers(len(changes)))](text, random)
        if random.random() < 0.6:
            return text


def _spot(text: str, random: Random) -> int:
    return int(random.integers(len(text) + 1))


def _word(random: Random) -> str:
    return WORDS[int(random.integers(len(WORDS)))]


def _delete(text: str, random: Random) -> str:
    at = _spot(text, random)
    return text[:at] + text[at + int(random.geometric(0.3)) :]


def _insert(text: str, random: Random) -> str:
    at = _spot(text, random)
    return text[:at] + _word(random) + text[at:]


def _copy_piece(text: str, random: Random) -> str:
    start, at = _spot(text, random), _spot(text, random)
    return text[:at] + text[start : start + int(random.integers(1, 60))] + text[at:]


def _swap_lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    i, j = random.integers(len(lines), size=2).tolist()
    lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


def _nest(text: str, random: Random) -> str:
    """Many brackets around one place."""
    pair = ("()", "[]", "{}", "(,", "-", "not ", "'", "#")[int(random.integers(8))]
    depth = int(random.integers(1, 3_000))
    at = _spot(text, random)
    return text[:at] + pair[0] * depth + text[at : at + 3] + pair[-1] * depth + text[at + 3 :]


def _repeat(text: str, random: Random) -> str:
    """One word very often, or a very long one."""
    at = _spot(text, random)
    return text[:at] + _word(random) * int(random.integers(1, 2_000)) + text[at:]


def _pieces(text: str) -> list[str]:
    """The text cut before each of its tokens."""
    lines = text.split("\n")
    begins = list(accumulate((len(row) + 1 for row in lines), initial=0))
    starts = [0]
    with suppress(RaspSyntaxError):
        for token in scan(text):
            if token.kind not in (TokenKind.NEWLINE, TokenKind.END):
                starts.append(begins[token.line - 1] + token.column - 1)  # noqa: PERF401 -- kept up to an error
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _replace_token(text: str, random: Random) -> str:
    """One token for any word, or for another of the same text and, mostly, of the same kind."""
    pieces = _pieces(text)
    at, word = int(random.integers(len(pieces))), _word(random)
    if random.random() < 0.8:
        kind = _kind(pieces[at]) if random.random() < 0.8 else None
        others = [piece for piece in pieces if kind in (None, _kind(piece))]
        word = others[int(random.integers(len(others)))]
    pieces[at] = word
    return "".join(pieces)


def _kind(piece: str) -> str:
    """Letter, digit or the sign that a token begins with."""
    first = piece[:1]
    return "a" if first.isalpha() else "0" if first.isdigit() else first


def _swap_tokens(text: str, random: Random) -> str:
    pieces = _pieces(text)
    i, j = random.integers(len(pieces), size=2).tolist()
    pieces[i], pieces[j] = pieces[j], pieces[i]
    return "".join(pieces)


GENTLE = (_replace_token, _replace_token, _replace_token, _swap_tokens, _swap_lines, _delete)
ROUGH = (_delete, _insert, _copy_piece, _nest, _repeat)


# -- reading -----------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of the changed texts."""

    count: int = 0
    parsed: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    unexpected: list[str] = field(default_factory=list[str])
    slowest: float = 0.0  # processor time: reading waits for nothing
    slowest_number: int = 0


def changed_text(seed: int, number: int) -> str:
    """A text, a function of `seed` and its number alone."""
    random = np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))
    return mutate(TEXTS[int(random.integers(len(TEXTS)))], random)


def read(text: str) -> Program:
    """The program that the text writes, printed, parsed again, and its value sets inferred."""
    source = parse_source(text)
    if parse(str(source.program)) != source.program:
        raise AssertionError("the printed program parses to another one")
    ValueSets(source.program, source.signature or Signature(("a", "b"), 3))
    return source.program


def fuzz(count: int, seed: int) -> Outcome:
    """Change and read `count` texts."""
    outcome = Outcome()
    for number in range(count):
        text = changed_text(seed, number)
        begin = time.process_time()
        try:
            read(text)
            outcome.parsed += 1
        except (BadInputError, CapExceededError) as error:
            outcome.refused[type(error).__name__] += 1
            str(error).encode(errors="backslashreplace")
        except Exception as error:  # whatever it is, it is what this looks for
            outcome.unexpected.append(f"seed {seed}, number {number}: {error!r}"[:500])
        outcome.count += 1
        seconds = time.process_time() - begin
        if seconds > outcome.slowest:
            outcome.slowest, outcome.slowest_number = seconds, number
    return outcome


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    outcome = fuzz(arguments.count, arguments.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report = {
        "count": outcome.count,
        "seed": arguments.seed,
        "parsed": outcome.parsed,
        "refused": outcome.refused.total(),
        "unexpected": outcome.unexpected,
        "seconds": round(time.perf_counter() - begin, 1),
        "slowest_seconds": round(outcome.slowest, 3),
        "slowest_number": outcome.slowest_number,
        "memory_mib": round(peak, 1),
        "refusals": dict(outcome.refused.most_common()),
    }
    print(json.dumps(report, indent=2))
    if arguments.write:
        body = (
            f"{outcome.count} program texts changed at random: {outcome.parsed} parse (and print and parse "
            f"again to the same program), {outcome.refused.total()} are refused with a typed error, "
            f"{len(outcome.unexpected)} end otherwise; the slowest took the processor "
            f"{outcome.slowest:.3f} s; at most "
            f"{peak:.0f} MiB of memory in all."
        )
        write_section("fuzz-text", "Program texts changed at random", body)
    return 1 if outcome.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
