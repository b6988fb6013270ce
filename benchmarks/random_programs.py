"""Random programs for differential tests: type-correct for the most part, and skewed to where faults hide.

A program is a pure function of (seed, index): the policy goes round with the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.random_functions import random_binary, random_predicate, random_unary
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value

Random = np.random.Generator


@dataclass(frozen=True)
class Policy:
    """How programs are drawn.

    Weights of the operations (a select comes with what reads it); chances of numerical encoding, of tables,
    of functions without a value somewhere, of causal models; ranges (both ends count) of the number of
    lines, of the vocabulary and of max_seq_len; kinds of tokens; how strongly recent lines are preferred.
    """

    name: str
    map: float = 3
    sequence_map: float = 2
    linear: float = 0
    aggregate: float = 2
    width: float = 1
    numerical: float = 0.1
    table: float = 0.3
    partial: float = 0.05
    causal: float = 0.1
    lines: tuple[int, int] = (4, 15)
    vocab: tuple[int, int] = (1, 6)
    max_seq_len: tuple[int, int] = (1, 8)
    tokens: tuple[str, ...] = ("strings", "integers", "booleans", "mixed")
    recency: float = 1


POLICIES = (
    Policy("maps", map=6, sequence_map=4, aggregate=1, width=0.5),
    Policy("attention", map=1, sequence_map=1, aggregate=5, width=2),
    Policy("numerical", linear=3, aggregate=3, numerical=0.7, table=0.2),
    Policy("tables", table=0.95, partial=0.1, tokens=("mixed",)),
    Policy("causal", causal=1, aggregate=3),
    Policy("widths", map=1, sequence_map=1, aggregate=0.5, width=5, recency=0, numerical=0.3),
    Policy("deep", lines=(12, 24), recency=6, map=2, sequence_map=1, vocab=(1, 3), max_seq_len=(1, 4)),
    Policy("condensed", map=3, sequence_map=1, aggregate=4, width=0, recency=4),
)

_MAX_VALUES = 24
_MAX_PAIRS = 120
_MAX_PATHS = 150
_ATTEMPTS = 40
_UNUSED = 4
"""How much rather an operand is one that no other line uses yet."""


def random_program(seed: int, index: int, policies: Sequence[Policy] = POLICIES) -> tuple[Program, Signature]:
    """Program number `index` of stream `seed`, with its signature."""
    random = np.random.default_rng([seed, index])
    policy = policies[index % len(policies)]
    signature = _signature(policy, random)
    length = int(random.integers(policy.lines[0], policy.lines[1] + 1))
    return _Draft(policy, signature, random).program(length), signature


def _signature(policy: Policy, random: Random) -> Signature:
    size = int(random.integers(policy.vocab[0], policy.vocab[1] + 1))
    longest = int(random.integers(policy.max_seq_len[0], policy.max_seq_len[1] + 1))
    pool: list[Value] = list(_TOKENS[policy.tokens[random.integers(len(policy.tokens))]])
    random.shuffle(pool)
    distinct = list(dict.fromkeys(pool))[:size]
    return Signature(tuple(distinct), longest, causal=bool(random.random() < policy.causal))


_TOKENS: dict[str, tuple[Value, ...]] = {
    "strings": ("a", "b", "c", "d", "e", "zz", "Compiler", "", "x y", "1", "ä"),
    "integers": (0, 1, 2, 3, 4, 5, 7, 10, -1, -2),
    "booleans": (True, False),
    "mixed": (0, True, 2, 10, 0.5, -1.5, "a", "b", "10x", "zz", (1, 2), ("a", 0)),
}


class _Draft:
    """A program under construction; only lines that Tracr compiles within the limits are kept."""

    def __init__(self, policy: Policy, signature: Signature, random: Random) -> None:
        self._policy = policy
        self._signature = signature
        self._random = random
        self._lines: list[Line] = []
        self._program: Program | None = None
        self._values: ValueSets | None = None
        self._paths: list[int] = []

    def program(self, length: int) -> Program:
        """Draw lines until there are `length`, or no more can be drawn; the last s-op is returned."""
        for _ in range(_ATTEMPTS * length):
            if len(self._lines) >= length:
                break
            self._extend(self._draw())
        assert self._program is not None
        if not self._uses_tokens() and self._chance(0.95):
            self._extend(self._over_tokens())
        return self._program

    # -- one step ------------------------------------------------------------------------------------

    def _extend(self, new: Sequence[Line]) -> None:
        """Keep `new` (a line, or a select and its reader) if the program stays within the limits."""
        lines = (*self._lines, *new)
        if not new:
            return
        try:
            program = Program(lines, len(lines) - 1)
            values = ValueSets(program, self._signature)
        except InverseTracrError:
            return
        paths = self._count_paths(new)
        if paths[-1] > _MAX_PATHS or len(values[len(lines) - 1]) > _MAX_VALUES:
            return
        self._lines, self._program, self._values, self._paths = list(lines), program, values, paths

    def _count_paths(self, new: Sequence[Line]) -> list[int]:
        """Paths from each line to the inputs: Tracr walks every one of them."""
        paths = list(self._paths)
        for line in new:
            paths.append(sum(paths[ref] if ref >= 0 else 1 for ref in operands(line)))
        return paths

    def _uses_tokens(self) -> bool:
        """Whether the last line depends on the tokens: Tracr refuses programs that do not."""
        live, waiting = {TOKENS}, [len(self._lines) - 1]
        while waiting:
            refs = operands(self._lines[waiting.pop()])
            if TOKENS in refs:
                return True
            waiting += [ref for ref in refs if ref not in live and ref >= 0]
            live.update(refs)
        return False

    def _over_tokens(self) -> Sequence[Line]:
        """An aggregate of the last line, selected by tokens."""
        queries = self._pick(self._categorical())
        predicate = random_predicate(self._random, self._signature.vocab, self._set(queries), table=False)
        last = len(self._lines) - 1
        return [Select(TOKENS, queries, predicate), Aggregate(last + 1, last)]

    def _draw(self) -> Sequence[Line]:
        policy = self._policy
        makers: list[tuple[float, Callable[[], Sequence[Line]]]] = [
            (policy.map, self._map),
            (policy.sequence_map, self._sequence_map),
            (policy.linear, self._linear),
            (policy.aggregate, self._aggregate),
            (policy.width, self._width),
        ]
        weights = np.array([weight for weight, _ in makers])
        return makers[self._random.choice(len(makers), p=weights / weights.sum())][1]()

    def _map(self) -> Sequence[Line]:
        operand = self._pick(self._all())
        encoding = self._encoding()
        function = random_unary(
            self._random,
            self._set(operand),
            table=self._chance(self._policy.table),
            numbers=encoding is Encoding.NUMERICAL,
            partial=self._chance(self._policy.partial),
        )
        return [Map(operand, function, encoding)]

    def _sequence_map(self) -> Sequence[Line]:
        first = self._pick(self._categorical())
        others = [ref for ref in self._categorical() if ref != first or self._chance(0.1)]
        second = self._pick(others or [first])
        xs, ys = self._set(first), self._set(second)
        if len(xs) * len(ys) > _MAX_PAIRS:
            return []
        table, partial = self._chance(self._policy.table), self._chance(self._policy.partial)
        return [SequenceMap(first, second, random_binary(self._random, xs, ys, table=table, partial=partial))]

    def _linear(self) -> Sequence[Line]:
        numerical = self._numerical()
        if not numerical:
            return []
        factors = (1.0, -1.0, 2.0, 0.5, -3.0, 0.0, 0.1, 1 / 3)
        a, b = (factors[self._random.integers(len(factors))] for _ in range(2))
        return [LinearSequenceMap(self._pick(numerical), self._pick(numerical), a, b)]

    def _aggregate(self) -> Sequence[Line]:
        values = self._pick(self._all())
        return self._selected(lambda selector: Aggregate(selector, values))

    def _width(self) -> Sequence[Line]:
        encoding = self._encoding()
        return self._selected(lambda selector: SelectorWidth(selector, encoding))

    def _selected(self, reader: Callable[[Ref], Line]) -> Sequence[Line]:
        """A reader of an earlier select, or of a new one."""
        selects = [i for i, line in enumerate(self._lines) if isinstance(line, Select)]
        if selects and self._chance(0.2):
            return [reader(int(self._random.choice(selects)))]
        keys, queries = self._pick(self._categorical()), self._pick(self._categorical())
        table = self._chance(self._policy.table)
        predicate = random_predicate(self._random, self._set(keys), self._set(queries), table=table)
        return [Select(keys, queries, predicate), reader(len(self._lines))]

    # -- choices -------------------------------------------------------------------------------------

    def _chance(self, probability: float) -> bool:
        return bool(self._random.random() < probability)

    def _encoding(self) -> Encoding:
        return Encoding.NUMERICAL if self._chance(self._policy.numerical) else Encoding.CATEGORICAL

    def _set(self, ref: Ref) -> tuple[Value, ...]:
        if ref == TOKENS:
            return self._signature.vocab
        if ref == INDICES:
            return tuple(range(self._signature.max_seq_len))
        assert self._values is not None
        return self._values[ref]

    def _encoding_of(self, ref: Ref) -> Encoding | None:
        return Encoding.CATEGORICAL if self._program is None else self._program.encoding(ref)

    def _all(self) -> list[Ref]:
        refs = range(TOKENS, len(self._lines))
        return [ref for ref in refs if self._encoding_of(ref) is not None]

    def _categorical(self) -> list[Ref]:
        return [ref for ref in self._all() if self._encoding_of(ref) is Encoding.CATEGORICAL]

    def _numerical(self) -> list[Ref]:
        return [ref for ref in self._all() if self._encoding_of(ref) is Encoding.NUMERICAL]

    def _pick(self, refs: Sequence[Ref]) -> Ref:
        """One of `refs`: rather one that no line uses yet, and rather a late one, as the policy has it."""
        used = {ref for line in self._lines for ref in operands(line)}
        weights = np.arange(1, len(refs) + 1, dtype=float) ** self._policy.recency
        weights *= [1 if ref in used or ref < 0 else _UNUSED for ref in refs]
        return int(self._random.choice(refs, p=weights / weights.sum()))
