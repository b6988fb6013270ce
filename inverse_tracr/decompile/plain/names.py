"""Named functions that a table may have been: where inputs lead, its values follow from theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise, product
from math import comb, log2

from inverse_tracr.decompile.likely.reached import reached
from inverse_tracr.decompile.repair.alternatives import (
    binary_alternatives,
    predicate_alternatives,
    unary_alternatives,
)
from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.inputs import comparison_inputs
from inverse_tracr.rasp.program import Encoding, Line, Map, Program, Ref, Select, SequenceMap, operands
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value, is_number

LEAST_BITS = 6.0
"""How unlikely it must be that a table follows from a function by chance.

Of tables of 500 sampled programs that had lost every difference that no reader needs, 50 of 56 functions so
found were the program's; of some 900 tables that had lost nothing, 19 were given a false name.
"""
ANY = 0.1
"""Bits of a function with the classes of the table, from which on these are not all different."""
WRONG = 1.0
"""Bits that an entry costs which no input leads to and which a name contradicts."""
INPUTS = 1_000
"""Inputs that tell which entries are reached: all where there are no more, else so many."""
FURTHEST = 16
"""Offset of a comparison of key and query that is looked for."""
MOST_ENTRIES = 2_500
"""Of a table that names are looked for."""

Values = tuple[Value, ...]


@dataclass(frozen=True)
class Renamed:
    """A line with a named function instead of a table; `old` has for each of its values the table's.

    `bits` of entries follow from the others by this function; `same_classes`: no difference is lost, and no
    entry contradicted.
    """

    line: Line
    old: dict[Value, Maybe]
    bits: float
    same_classes: bool


class Tables:
    """The tables of programs with one signature: their operands' values, and the entries inputs lead to.

    `others`: whether the entries that no input leads to are to be believed as well.
    """

    def __init__(self, signature: Signature, *, others: bool) -> None:
        self._signature = signature
        self.others = others
        self.sets = lru_cache(maxsize=16)(partial(ValueSets, signature=signature, exact_means=True))
        self._batches = list(comparison_inputs(signature, limit=INPUTS, samples=INPUTS))
        self._reached = lru_cache(maxsize=16)(partial(reached, signature=signature, batches=self._batches))

    def names(self, program: Program, position: Ref) -> list[Renamed]:
        """Named functions that may be what the table of a line was, likeliest first.

        Where functions have the same classes as the table it has lost nothing, and is one of these.
        """
        line = program.lines[position]
        if not _has_table(line) or any(program.encoding(x) is Encoding.NUMERICAL for x in operands(line)):
            return []
        entries = self._reached(program)[position]
        values = [self.sets(program)[operand] for operand in operands(line)]
        known = _Known(frozenset(entries), self.others)
        found = [name for name in _names(line, values, known) if len(set(name.old.values())) != 1]
        if not isinstance(line, Select):
            found = [name for name in found if name.same_classes] or found
        found = [name for name in found if name.bits >= (ANY if name.same_classes else LEAST_BITS)]
        return sorted(found, key=lambda name: -name.bits)


def _has_table(line: Line) -> bool:
    match line:
        case Map(function=UnaryTable()) | SequenceMap(function=BinaryTable()):
            return True
        case Select(predicate=PredicateTable()):
            return True
        case _:
            return False


@dataclass(frozen=True)
class _Known:
    """The entries of a table that inputs lead to, and whether the others are to be believed as well."""

    reached: frozenset[tuple[Maybe, ...]]
    others: bool


def _names(line: Line, values: Sequence[Values], known: _Known) -> Iterator[Renamed]:
    match line:
        case Map(function=UnaryTable() as table):
            said = [table(x) for x in values[0]]
            for function in unary_alternatives(table, values[0], numbers=False):
                named = [function(x) for x in values[0]]
                yield from _fitting(replace(line, function=function), values, said, named, known)
        case SequenceMap(function=BinaryTable() as table) if len(values[0]) * len(values[1]) <= MOST_ENTRIES:
            xs, ys = values
            said = table.table(xs, ys)
            for function in binary_alternatives(table, xs, ys):
                named = function.table(xs, ys)
                yield from _fitting(replace(line, function=function), values, said, named, known)
        case Select(predicate=PredicateTable() as table) if len(values[0]) * len(values[1]) <= MOST_ENTRIES:
            pairs = [(k, q) for q in values[1] for k in values[0]]
            said = [table(k, q) for k, q in pairs]
            for predicate in predicate_alternatives(table, *values, furthest=FURTHEST):
                named = [predicate(k, q) for k, q in pairs]
                yield from _same(replace(line, predicate=predicate), pairs, said, named, known)
        case _:
            return


def _fitting(
    line: Line, values: Sequence[Values], said: Sequence[Maybe], named: Sequence[Maybe], known: _Known
) -> Iterator[Renamed]:
    """The line, if what the table says follows from what the function says wherever inputs lead."""
    entries = product(*values)
    old: dict[Value, Maybe] = {}
    elsewhere: list[tuple[Maybe, Maybe]] = []
    for entry, name, value in zip(entries, named, said, strict=True):
        if entry not in known.reached:
            elsewhere.append((name, value))
        elif name is None or old.setdefault(name, value) != value:
            return
    counted, wrong = len(said) - len(elsewhere), 0
    names = len(old)
    for name, value in elsewhere:
        if name is None or old.setdefault(name, value) != value:
            wrong += 1
    if known.others:
        counted, names = len(said) - wrong, len(old)
    if counted <= names:
        return
    bits = (counted - names) * _entropy(said) - _lost(old) - WRONG * wrong * known.others
    same = wrong == 0 and len(set(old.values())) == len(old)
    yield Renamed(line, old, bits, same)


def _same(
    line: Line, pairs: Sequence[tuple[Value, ...]], said: Sequence[bool], named: Sequence[bool], known: _Known
) -> Iterator[Renamed]:
    """The line, if it selects the same wherever inputs lead."""
    wrong = [pair for pair, chosen, name in zip(pairs, said, named, strict=True) if chosen != name]
    if known.reached.isdisjoint(wrong):
        bits = len(known.reached) * _entropy(said)
        yield Renamed(line, {}, bits - WRONG * len(wrong) * known.others, False)


def _lost(old: dict[Value, Maybe]) -> float:
    """Bits that say which values a table has for one: fewer where these follow each other."""
    classes = len(set(old.values()))
    ways = log2(_partitions(len(old), classes))
    numbers = {name: value for name, value in old.items() if is_number(name)}
    if len(numbers) == len(old):
        in_order = [numbers[name] for name in sorted(numbers)]
        runs = 1 + sum(a != b for a, b in pairwise(in_order))
        if runs == classes:
            return min(ways, 1 + log2(comb(len(old) - 1, classes - 1)))
    return ways


@lru_cache(maxsize=10_000)
def _partitions(values: int, classes: int) -> int:
    """The number of ways to put values into so many classes."""
    ways = [1] + [0] * classes
    for _ in range(values):
        ways = [0, *(fewer + k * same for k, (fewer, same) in enumerate(pairwise(ways), start=1))]
    return ways[classes]


def _entropy(said: Sequence[Maybe]) -> float:
    shares = [count / len(said) for count in Counter(said).values()]
    return -sum(share * log2(share) for share in shares)
