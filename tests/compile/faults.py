"""Tracr's faults, a program each: what happens in both modes. docs/tracr-faults.md has the same programs."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from inverse_tracr.compile import FaultKind
from inverse_tracr.rasp import Program, Signature
from tests.compile.programs import lines


class Fate(enum.Enum):
    """What becomes of a faulty program."""

    AGREES = "agrees"
    FLAGGED = "flagged"
    REFUSED = "refused"


LETTERS = Signature(("a", "b"), 4)


@dataclass(frozen=True)
class Case:
    """A program, what it comes to in modes `tracr` and `fixed`, and the fault that is named in flags.

    `refusal` is part of the message where one of the modes refuses it.
    """

    text: str
    tracr: Fate
    fixed: Fate
    kind: FaultKind | None = None
    refusal: str = ""
    signature: Signature = LETTERS

    @property
    def program(self) -> Program:
        return lines(self.text)


CASES = {
    "values wider than keys": Case(
        "v1 = sequence_map(tokens, indices, (x, y)); v2 = select(indices, indices, ==); "
        "v3 = aggregate(v2, v1); return v3",
        tracr=Fate.REFUSED,
        fixed=Fate.AGREES,
        refusal="values take 8 dimensions where keys and queries take 6",
    ),
    "no tokens": Case(
        "v1 = select(indices, indices, <=); v2 = selector_width(v1); return v2",
        tracr=Fate.REFUSED,
        fixed=Fate.AGREES,
        refusal="only programs that use `tokens`",
    ),
    "a map to numbers that is not total": Case(
        'v1 = map(tokens, {"a": 1}, numerical); v2 = select(indices, indices, <=); v3 = aggregate(v2, v1); '
        "v4 = map(v3, x >= 0.5); return v4",
        tracr=Fate.REFUSED,
        fixed=Fate.AGREES,
        refusal="only where every value has a number",
    ),
    "two widths in one layer": Case(
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = select(tokens, tokens, !=); "
        "v4 = selector_width(v3); v5 = select(v4, v2, <); v6 = selector_width(v5); return v6",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.MERGED_CLEANING,
    ),
    "a ladder writes at BOS": Case(
        'v1 = map(tokens, x == "a", numerical); v2 = select(indices, indices, <=); v3 = aggregate(v2, v1); '
        "v4 = map(v3, x > 0); v5 = select(v4, v4, ==); v6 = selector_width(v5); return v6",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.BOS_WRITTEN,
    ),
    "negative numbers": Case(
        'v1 = map(tokens, {"a": -1, "b": 2}, numerical); return v1',
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.CLIPPED,
    ),
    "means between thresholds": Case(
        'v1 = map(tokens, x == "a", numerical); v2 = select(indices, indices, <=); v3 = aggregate(v2, v1); '
        "v4 = map(v3, x > 0.5); return v4",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.MISSING_THRESHOLD,
    ),
    "means of halves": Case(
        'v1 = map(tokens, {"a": 0.5, "b": 0}, numerical); v2 = select(indices, indices, <=); '
        "v3 = aggregate(v2, v1); v4 = map(v3, x > 0.3); return v4",
        tracr=Fate.FLAGGED,
        fixed=Fate.REFUSED,
        kind=FaultKind.MISSING_THRESHOLD,
        refusal="means of values other than 0 and 1",
    ),
    "long widths": Case(
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); return v2",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.RAMP,
        signature=Signature(("a", "b"), 11),
    ),
    "long widths as numbers": Case(
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1, numerical); return v2",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.RAMP,
        signature=Signature(("a", "b"), 8),
    ),
    "numbers close together": Case(
        'v1 = map(tokens, {"a": 0.5, "b": 0.502}, numerical); v2 = linear_sequence_map(v1, v1, 1, 0); '
        "v3 = map(v2, x > 0.501); return v3",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.RAMP,
    ),
    "large numbers": Case(
        'v1 = map(tokens, {"a": 200000, "b": 200001.04}, numerical); '
        "v2 = linear_sequence_map(v1, v1, 1, 0); v3 = map(v2, x > 200000); return v3",
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.ROUNDING,
    ),
    "numbers that float32 cannot tell apart": Case(
        'v1 = map(tokens, {"a": 10000000, "b": 10000000.5}, numerical); '
        "v2 = linear_sequence_map(v1, v1, 1, 0); v3 = map(v2, x > 10000000.2); return v3",
        tracr=Fate.FLAGGED,
        fixed=Fate.REFUSED,
        kind=FaultKind.ROUNDING,
        refusal="too close together to be told apart in float32",
    ),
    "soft attention of large heads": Case(
        "v1 = sequence_map(tokens, indices, (x, y)); v2 = select(v1, v1, ==); "
        'v3 = map(tokens, x == "a", numerical); v4 = aggregate(v2, v3); return v4',
        tracr=Fate.FLAGGED,
        fixed=Fate.AGREES,
        kind=FaultKind.SOFTMAX_LEAK,
        signature=Signature(tuple("abcdefghijkl"), 3),
    ),
    "values are mixed": Case(
        "v1 = select(indices, indices, <=); v2 = aggregate(v1, tokens); return v2",
        tracr=Fate.FLAGGED,
        fixed=Fate.FLAGGED,
        kind=FaultKind.MIXED_VALUES,
    ),
    "values and None": Case(
        'v1 = map(tokens, {"a": 1}); v2 = select(indices, indices, True); v3 = aggregate(v2, v1); '
        "v4 = select(v3, v3, ==); v5 = selector_width(v4); return v5",
        tracr=Fate.FLAGGED,
        fixed=Fate.FLAGGED,
        kind=FaultKind.PARTLY_NONE,
    ),
    "None as a number": Case(
        "v1 = select(indices, indices, k == q - 1); v2 = aggregate(v1, tokens); "
        'v3 = map(v2, {"a": 1, "b": 2}, numerical); return v3',
        tracr=Fate.FLAGGED,
        fixed=Fate.FLAGGED,
        kind=FaultKind.NONE_AS_NUMBER,
    ),
    "no result at a number": Case(
        'v1 = map(tokens, {"a": 0, "b": 1}, numerical); v2 = linear_sequence_map(v1, v1, 1, 0); '
        "v3 = map(v2, 1 / x); return v3",
        tracr=Fate.FLAGGED,
        fixed=Fate.FLAGGED,
        kind=FaultKind.NO_RESULT,
    ),
    "words fused into a map of numbers": Case(
        'v1 = map(tokens, {"a": "x", "b": "y"}, numerical); v2 = map(v1, x == "x"); return v2',
        tracr=Fate.FLAGGED,
        fixed=Fate.FLAGGED,
        kind=FaultKind.FUSED_MAPS,
    ),
    "nothing selected": Case(
        "v1 = select(indices, indices, k == q - 1); v2 = aggregate(v1, tokens); return v2",
        tracr=Fate.AGREES,
        fixed=Fate.AGREES,
    ),
    "a value set without an order": Case(
        "v1 = select(indices, indices, k == q - 1); v2 = aggregate(v1, tokens); return v2",
        tracr=Fate.AGREES,
        fixed=Fate.AGREES,
        signature=Signature((2, 10, "10x"), 4),
    ),
    "causal": Case(
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = map(v2, x == 1); return v3",
        tracr=Fate.AGREES,
        fixed=Fate.AGREES,
        signature=Signature(("a", "b"), 4, causal=True),
    ),
}
"""Every fault of Tracr that a program can show."""
