"""Edited programs: lines exchanged, put in and left out, with what was done in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.printer import print_line
from inverse_tracr.rasp.program import Line, Program, Ref, operands, with_operands


@dataclass(frozen=True)
class Edit:
    """A program that differs in one place from another: `what` says where.

    `places` has for each line the number of the line that it was, None for a new one.
    """

    program: Program
    what: str
    places: tuple[int | None, ...]


def exchanged(program: Program, position: int, line: Line) -> Edit | None:
    """Another line in one place; lines are put in another order where it reads a later one.

    None where the line reads what is made of itself, or where the language does not allow it.
    """
    lines = (*program.lines[:position], line, *program.lines[position + 1 :])
    name = program.names[position]
    order = _order(lines)
    if order is None:
        return None
    try:
        edited = _in_order(lines, program.output, program.names, order)
    except InverseTracrError:
        return None
    before = print_line(program, program.lines[position])
    return Edit(edited, f"{name}: {before} became {print_line(program, line)}", tuple(order))


def inserted(program: Program, line: Line, readers: Sequence[int], read: Ref) -> Edit | None:
    """A new line behind the operand `read`, which the lines `readers` read instead of it."""
    at = read + 1 if read >= 0 else 0
    shifted = [with_operands(old, _shifted(operands(old), at)) for old in program.lines]
    for reader in readers:
        new = tuple(at if ref == read else ref for ref in operands(shifted[reader]))
        shifted[reader] = with_operands(shifted[reader], new)
    lines = (*shifted[:at], line, *shifted[at:])
    output = program.output + (program.output >= at)
    whole = len(readers) == 0
    try:
        edited = Program(lines, at if whole else output)
    except InverseTracrError:
        return None
    who = "the output" if whole else ", ".join(program.names[r] for r in readers)
    places = (*range(at), None, *range(at, len(program.lines)))
    return Edit(edited, f"{print_line(program, line)} put between {program.name(read)} and {who}", places)


def dropped(program: Program, position: int, instead: Ref) -> Edit | None:
    """A line left out, whose readers read `instead`."""
    if position == program.output and instead < 0:
        return None

    def new(ref: Ref) -> Ref:
        ref = instead if ref == position else ref
        return ref - (ref > position)

    kept = [i for i in range(len(program.lines)) if i != position]
    try:
        lines = tuple(
            _renumbered(program.lines[i], [new(r) for r in operands(program.lines[i])]) for i in kept
        )
        edited = Program(lines, new(program.output), tuple(program.names[i] for i in kept))
    except InverseTracrError:
        return None
    return Edit(edited, f"{program.names[position]} left out for {program.name(instead)}", tuple(kept))


def returning(program: Program, output: Ref) -> Edit | None:
    """Another line returned."""
    try:
        edited = Program(program.lines, output, program.names)
    except InverseTracrError:
        return None
    return Edit(edited, f"returned {program.names[output]}", tuple(range(len(program.lines))))


def _renumbered(line: Line, refs: Sequence[Ref]) -> Line:
    return with_operands(line, tuple(refs))


def _shifted(refs: Sequence[Ref], at: int) -> tuple[Ref, ...]:
    return tuple(ref + (ref >= at) for ref in refs)


def _order(lines: Sequence[Line]) -> list[int] | None:
    """Numbers of lines so that each stands behind its operands, else as they stood; None for a circle."""
    if all(ref < position for position, line in enumerate(lines) for ref in operands(line)):
        return list(range(len(lines)))
    order: list[int] = []
    open_lines: set[int] = set()

    def visit(position: int) -> bool:
        if position in open_lines:
            return False
        if position < 0 or position in order:
            return True
        open_lines.add(position)
        found = all(visit(ref) for ref in operands(lines[position]))
        open_lines.discard(position)
        order.append(position)
        return found

    whole = min(map(visit, range(len(lines))), default=True)
    return order if whole else None


def _in_order(lines: Sequence[Line], output: Ref, names: Sequence[str], order: Sequence[int]) -> Program:
    place = {old: new for new, old in enumerate(order)}
    moved = [_renumbered(lines[i], [place.get(r, r) for r in operands(lines[i])]) for i in order]
    return Program(tuple(moved), place[output], tuple(names[i] for i in order))
