"""The likeliest names of values, and functions, of lines that do the same on all arguments that occur."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from inverse_tracr.decompile.likely.assignment import Assignment, Choice, Naming, same_names
from inverse_tracr.decompile.likely.choices import Cell, MapPlace, Place, SelectPlace
from inverse_tracr.decompile.likely.reached import Arguments
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Map,
    Program,
    Ref,
    Select,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

_BEAM = 400
_MOST_UNMET = 2_500
"""Arguments of a line up to which those that do not occur are listed."""


@dataclass(frozen=True)
class Setting:
    """A program to be named anew: the arguments that occur, and the values of its output, if known.

    `read`: its tables were read off weights, which know entries that no input leads to, and may have lost the
    difference between values that no line reads apart.
    """

    program: Program
    signature: Signature
    arguments: Arguments
    outputs: frozenset[Value] | None
    read: bool = False


def best_assignment(setting: Setting) -> Assignment:
    """The likeliest assignment, line by line, of those that agree with the program wherever inputs lead.

    Likeliest is what the lines do, whatever names their values have; of the names then the likeliest.
    """
    program = setting.program
    sets = ValueSets(program, setting.signature, exact_means=True)
    beam = [Assignment({ref: same_names(sets[ref]) for ref in (TOKENS, INDICES)}, {})]
    places, last_use = _places(setting, sets), _last_uses(program)
    for at in range(len(program.lines)):
        live = [ref for ref, last in last_use.items() if ref <= at < last]
        found: dict[tuple[object, ...], Assignment] = {}
        line = _Line(program, at, places.get(at), same_names(sets[at]) if _is_named(program, at) else None)
        for new in (new for old in beam for new in line.extended(old)):
            key = (new.forms, *(new.namings[ref] for ref in live))
            found[key] = found[key].joined(new) if key in found else new
        beam = sorted(found.values(), key=lambda a: a.together)[:_BEAM]
    return beam[0]


class _Line:
    """A line of a program: the functions that it may have, worked out once for the same names of operands."""

    def __init__(self, program: Program, at: int, place: Place | None, naming: Naming | None) -> None:
        """`naming` is that of a line without a function, if it has values of its own."""
        self._at, self._place, self._naming = at, place, naming
        self._refs = named_operands(program, at)
        self._known: dict[tuple[Naming, ...], list[Choice]] = {}

    def extended(self, old: Assignment) -> Iterator[Assignment]:
        """The assignment with the line."""
        if self._place is None:
            namings = {} if self._naming is None else {self._at: self._naming}
            yield replace(old, namings={**old.namings, **namings})
            return
        for choice in self._place.table([old.namings[ref] for ref in self._refs]):
            yield old.with_choice(self._at, choice)
        for known in old.with_names(self._refs):
            reads = tuple(known.namings[ref] for ref in self._refs)
            if reads not in self._known:
                self._known[reads] = list(self._place.named(reads))
            for choice in self._known[reads]:
                yield known.with_choice(self._at, choice)


def root(program: Program, ref: Ref) -> Ref:
    """The s-op whose values an s-op moves: itself, unless it is an aggregate of values with names."""
    while ref >= 0:
        line = program.lines[ref]
        if not isinstance(line, Aggregate) or program.encoding(ref) is Encoding.NUMERICAL:
            break
        ref = line.values
    return ref


def named_operands(program: Program, at: int) -> list[Ref]:
    """The s-ops whose names a line's function knows; none for a line without a function."""
    line = program.lines[at]
    return [root(program, r) for r in operands(line)] if isinstance(line, Map | SequenceMap | Select) else []


def _last_uses(program: Program) -> dict[Ref, int]:
    """The last line whose function knows the names of each s-op."""
    return {ref: at for at in range(len(program.lines)) for ref in named_operands(program, at)}


def _is_named(program: Program, at: int) -> bool:
    """Whether a line has values of its own."""
    return root(program, at) == at and not isinstance(program.lines[at], Select)


def _places(setting: Setting, sets: ValueSets) -> dict[int, Place]:
    """The lines that have functions, and what these do where inputs lead."""
    program, found = setting.program, dict[int, Place]()
    put_out = root(program, program.output)
    moving = {
        line.selector
        for at, line in enumerate(program.lines)
        if isinstance(line, Aggregate) and program.encoding(at) is Encoding.CATEGORICAL
    }
    for at, arguments in setting.arguments.items():
        line = program.lines[at]
        if setting.read and any(program.encoding(ref) is Encoding.NUMERICAL for ref in operands(line)):
            continue  # neurons tell where a number is compared
        cells = [cell for cell in map(whole, arguments) if cell is not None]
        unmet = _unmet(setting, sets, at, set(cells))
        outputs = setting.outputs if at == put_out else None
        match line:
            case Select(keys, _, predicate):
                selects = {cell: predicate(*cell) for cell in cells}
                everything = len(cells) == len(arguments) and all(selects.values())
                others = {cell: predicate(*cell) for cell in unmet}
                found[at] = SelectPlace(selects, everything, at in moving, keys == INDICES, others)
            case Map(_, function, encoding):
                gives, others = ({c: function(*c) for c in some} for some in (cells, unmet))
                number = encoding is Encoding.NUMERICAL
                fixed = number or at == put_out
                found[at] = MapPlace(gives, fixed, outputs, setting.read and not fixed, others, number)
            case SequenceMap(_, _, function):
                both, others = ({c: function(*c) for c in some} for some in (cells, unmet))
                lost = setting.read and at != put_out
                found[at] = MapPlace(both, at == put_out, outputs, lost, others)
            case _:
                pass
    return found


def _unmet(setting: Setting, sets: ValueSets, at: int, met: set[Cell]) -> list[Cell]:
    """The arguments of a line that do not occur, where weights know what it does with them."""
    refs = operands(setting.program.lines[at])
    if not setting.read or math.prod(len(sets[ref]) for ref in refs) > _MOST_UNMET:
        return []
    return [cell for cell in product(*(sets[ref] for ref in refs)) if cell not in met]


def whole(cell: tuple[Maybe, ...]) -> Cell | None:
    """Arguments that all have a value."""
    known = tuple(value for value in cell if value is not None)
    return known if len(known) == len(cell) else None
