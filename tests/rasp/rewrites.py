"""Programs written another way: each rewrite leaves canonical form and meaning as they are."""

from __future__ import annotations

from random import Random

from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
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
    SequenceMap,
    operands,
    with_operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

LABELS: list[Value] = [7, "p", 3, "q", 0.5, 1, "r", 11, 0, "s", -2, 2.5, (1, "t"), 40, 41, 42, 43, 44, 45, 46]


def placed(lines: list[Line], order: list[int], output: Ref) -> Program:
    """The lines in another order, operands renumbered."""
    place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES} | {old: new for new, old in enumerate(order)}
    moved = (with_operands(lines[old], tuple(place[r] for r in operands(lines[old]))) for old in order)
    return Program(tuple(moved), place[output])


def reordered(program: Program, random: Random) -> Program:
    """The lines in a random order that still puts operands first."""
    left, order = set(range(len(program))), list[int]()
    while left:
        ready = [i for i in left if not left.intersection(operands(program.lines[i]))]
        order.append(random.choice(sorted(ready)))
        left.remove(order[-1])
    return placed(list(program.lines), order, program.output)


def with_dead_lines(program: Program, random: Random) -> Program:
    """Copies of lines, with nobody to read them, and a dead map of each."""
    lines = list(program.lines)
    for _ in range(2):
        position = random.randrange(len(program))
        lines.append(program.lines[position])
        if program.encodings[position] is not None:
            lines.append(Map(len(lines) - 1, UnaryTable((), "dead")))
    return Program(tuple(lines), program.output)


def renamed(program: Program, random: Random) -> Program:
    """Other names."""
    names = [f"n{i}" for i in range(len(program))]
    random.shuffle(names)
    return Program(program.lines, program.output, tuple(names))


def with_copies(program: Program, random: Random) -> Program:
    """A line computed twice, some of its readers moved to the copy."""
    position = random.randrange(len(program))
    lines: list[Line] = []
    place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES}
    for number, line in enumerate(program.lines):
        refs = [place[r] for r in operands(line)]
        if number > position:
            refs = [r + 1 if r == place[position] and random.random() < 0.5 else r for r in refs]
        lines.append(with_operands(line, tuple(refs)))
        place[number] = len(lines) - 1
        if number == position:
            lines.append(lines[-1])
    return Program(tuple(lines), place[program.output])


def swapped(program: Program, signature: Signature) -> Program:
    """Every sequence map with its operands exchanged."""
    sets = ValueSets(program, signature)
    lines: list[Line] = []
    for line in program.lines:
        if isinstance(line, SequenceMap):
            function = line.function
            pairs = [(y, x) for x in sets[line.first] for y in sets[line.second]]
            table = BinaryTable(tuple(((y, x), function(x, y)) for y, x in pairs))
            line = SequenceMap(line.second, line.first, table)
        elif isinstance(line, LinearSequenceMap):
            line = LinearSequenceMap(line.second, line.first, line.second_factor, line.first_factor)
        lines.append(line)
    return Program(tuple(lines), program.output)


def relabelled(program: Program, signature: Signature, random: Random) -> Program:
    """One inner categorical line with other values, the functions of its readers written as tables."""
    sets = ValueSets(program, signature)
    positions = [i for i in range(len(program)) if _can_relabel(program, i)]
    if not positions:
        return program
    chosen = random.choice(positions)
    labels = LABELS.copy()
    random.shuffle(labels)
    new = dict(zip(sets[chosen], labels, strict=False))
    if len(new) < len(sets[chosen]):
        return program
    lines = [_relabel_line(line, i, chosen, sets, new) for i, line in enumerate(program.lines)]
    return Program(tuple(lines), program.output)


def _can_relabel(program: Program, position: int) -> bool:
    line = program.lines[position]
    if not isinstance(line, Map | SequenceMap) or position == program.output:
        return False
    readers = [reader for reader in program.lines if position in operands(reader)]
    return program.encodings[position] is Encoding.CATEGORICAL and not any(
        isinstance(reader, Aggregate) for reader in readers
    )


def _relabel_line(line: Line, position: int, chosen: int, sets: ValueSets, new: dict[Value, Value]) -> Line:
    def value(ref: Ref, old: Value) -> Value:
        return new[old] if ref == chosen else old

    def result(old: Maybe) -> Maybe:
        return old if old is None or position != chosen else new[old]

    if position != chosen and chosen not in operands(line):
        return line
    match line:
        case Map():
            xs = sets[line.operand]
            results = tabulate_unary(line.function, xs)
            entries = [(value(line.operand, x), result(y)) for x, y in zip(xs, results, strict=True)]
            return Map(line.operand, UnaryTable(tuple(entries)), line.encoding)
        case SequenceMap():
            keys = [(x, y) for x in sets[line.first] for y in sets[line.second]]
            results = tabulate_binary(line.function, sets[line.first], sets[line.second])
            pairs = [(value(line.first, x), value(line.second, y)) for x, y in keys]
            table = tuple((pair, result(z)) for pair, z in zip(pairs, results, strict=True))
            return SequenceMap(line.first, line.second, BinaryTable(table))
        case Select():
            keys, queries = sets[line.keys], sets[line.queries]
            rows = tabulate_predicate(line.predicate, keys, queries)
            chosen_pairs = [
                (value(line.keys, k), value(line.queries, q))
                for q, row in zip(queries, rows, strict=True)
                for k, selected in zip(keys, row, strict=True)
                if selected
            ]
            return Select(line.keys, line.queries, PredicateTable(tuple(chosen_pairs)))
        case _:
            return line
