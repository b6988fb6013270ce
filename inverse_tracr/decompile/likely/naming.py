"""The likeliest names of values, and functions, of lines that do the same on all arguments that occur."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inverse_tracr.decompile.likely.assignment import Assignment, same_names
from inverse_tracr.decompile.likely.choices import MapPlace, Place, SelectPlace
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
from inverse_tracr.rasp.values import Value

_BEAM = 60


@dataclass(frozen=True)
class Setting:
    """A program to be named anew: the arguments that occur, and the values of its output, if known."""

    program: Program
    signature: Signature
    arguments: Arguments
    outputs: frozenset[Value] | None


def best_assignment(setting: Setting) -> Assignment:
    """The likeliest assignment, line by line, of those that agree with the program wherever inputs lead."""
    program = setting.program
    sets = ValueSets(program, setting.signature, exact_means=True)
    beam = [Assignment({ref: same_names(sets[ref]) for ref in (TOKENS, INDICES)}, {})]
    places, last_use = _places(setting), _last_uses(program)
    for at in range(len(program.lines)):
        live = [ref for ref, last in last_use.items() if ref <= at < last]
        best: dict[tuple[object, ...], Assignment] = {}
        for old in beam:
            for found in _extended(old, program, places, sets, at):
                key = tuple(found.namings[ref] for ref in live)
                if key not in best or found.nats < best[key].nats:
                    best[key] = found
        beam = sorted(best.values(), key=lambda a: a.nats)[:_BEAM]
    return beam[0]


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


def _extended(
    old: Assignment, program: Program, places: Mapping[int, Place], sets: ValueSets, at: int
) -> Iterator[Assignment]:
    place = places.get(at)
    if place is None:
        is_named = root(program, at) == at and not isinstance(program.lines[at], Select)
        yield Assignment(
            {**old.namings, at: same_names(sets[at])} if is_named else old.namings, old.choices, old.nats
        )
        return
    refs = named_operands(program, at)
    for choice in place.table([old.namings[ref] for ref in refs]):
        yield old.with_choice(at, choice)
    for known in old.with_names(refs):
        for choice in place.named([known.namings[ref] for ref in refs]):
            yield known.with_choice(at, choice)


def _places(setting: Setting) -> dict[int, Place]:
    """The lines that have functions, and what these do where inputs lead."""
    program, found = setting.program, dict[int, Place]()
    put_out = root(program, program.output)
    moving = {
        line.selector
        for at, line in enumerate(program.lines)
        if isinstance(line, Aggregate) and program.encoding(at) is Encoding.CATEGORICAL
    }
    for at, cells in setting.arguments.items():
        match program.lines[at]:
            case Select(keys, _, predicate):
                selects = {(key, query): predicate(key, query) for key, query in cells}
                found[at] = SelectPlace(selects, at in moving, keys == INDICES)
            case Map(_, function, encoding):
                gives = {(x,): function(x) for (x,) in cells}
                seen = encoding is Encoding.NUMERICAL or at == put_out
                found[at] = MapPlace(gives, seen, setting.outputs if at == put_out else None)
            case SequenceMap(_, _, function):
                both = {(x, y): function(x, y) for x, y in cells}
                found[at] = MapPlace(both, at == put_out, setting.outputs if at == put_out else None)
            case _:
                pass
    return found
