"""A program with the names and functions that were assigned to its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product

from inverse_tracr.decompile.likely.assignment import Assignment, Naming
from inverse_tracr.decompile.likely.choices import Cell
from inverse_tracr.decompile.likely.naming import Setting, named_operands
from inverse_tracr.rasp.functions import (
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
)
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SequenceMap,
    operands,
    with_operands,
)
from inverse_tracr.rasp.values import Maybe, Value


def written(setting: Setting, found: Assignment) -> Program:
    """The program of a setting with other functions; of lines that are the same now the first is kept."""
    program = setting.program
    kept: dict[Line, int] = {}
    names: list[str] = []
    places: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES}
    for at, name in enumerate(program.names):
        line = _line(setting, found, at)
        line = with_operands(line, tuple(places[ref] for ref in operands(line)))
        if line not in kept:
            kept[line] = len(kept)
            names.append(name)
        places[at] = kept[line]
    return Program(tuple(kept), places[program.output], tuple(names))


def _line(setting: Setting, found: Assignment, at: int) -> Line:
    line, choice = setting.program.lines[at], found.choices.get(at)
    if choice is None:
        return line
    reads = [found.namings[ref] for ref in named_operands(setting.program, at)]
    match line, choice.function:
        case Map(operand, _, encoding), NamedUnary() as function:
            return Map(operand, function, encoding)
        case Map(operand, function, encoding), _:
            table = _entries(setting, found, at, reads, function)
            return Map(operand, name_unary(reads[0].values, tuple(y for _, y in table)), encoding)
        case SequenceMap(first, second), NamedBinary() as function:
            refs = (second, first) if choice.turned else (first, second)
            return SequenceMap(*refs, function)
        case SequenceMap(first, second, function), _:
            table = _entries(setting, found, at, reads, function)
            results = tuple(z for _, z in table)
            return SequenceMap(first, second, name_binary(reads[0].values, reads[1].values, results))
        case Select(), NamedPredicate(comparison=Comparison.TRUE) as predicate:
            return Select(TOKENS, TOKENS, predicate)
        case Select(keys, queries), NamedPredicate() as predicate:
            return Select(keys, queries, predicate)
        case Select(keys, queries, predicate), _:
            pairs = product(*(naming.names for naming in reads))
            chosen = {(key, query) for (k, key), (q, query) in pairs if predicate(k, q)}
            ks, qs = (naming.values for naming in reads)
            rows = tuple(tuple((key, query) in chosen for key in ks) for query in qs)
            return Select(keys, queries, name_predicate(ks, qs, rows))
        case _:
            return line


def _entries(
    setting: Setting, found: Assignment, at: int, reads: Sequence[Naming], before: Callable[..., Maybe]
) -> list[tuple[Cell, Maybe]]:
    """A table on all values: as before where that has a name, else the usual value.

    What is put out, the encoder says, and no argument that occurs gives, is given to others.
    """
    own = found.namings[at]
    names = dict(own.names)
    cells = list(product(*(naming.values for naming in reads)))
    known = {
        tuple(new for _, new in pairs): names.get(result) if result is not None else None
        for pairs in product(*(naming.names for naming in reads))
        if (result := before(*(old for old, _ in pairs))) in names
        or tuple(old for old, _ in pairs) in setting.arguments[at]
    }
    counts = Counter(value for value in known.values() if value is not None)
    usual = max(counts, key=lambda value: counts[value], default=None)
    spare: list[Value] = [value for value in own.values if value not in set(known.values())]
    unknown = dict(zip((cell for cell in cells if cell not in known), spare, strict=False))
    return [(cell, known[cell] if cell in known else unknown.get(cell, usual)) for cell in cells]
