"""The program as Tracr builds it: dead lines gone, maps of maps fused."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.functions import compose
from inverse_tracr.rasp.program import INDICES, TOKENS, Line, Map, Program, Ref, operands, with_operands
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets


@dataclass(frozen=True)
class Built:
    """The fused program, and for each of its lines the position of the line it came from."""

    program: Program
    origin: tuple[int, ...]


def build(program: Program, signature: Signature) -> Built:
    """Fuse every map of a map into one (`rasp.Map` does so on construction), then drop dead lines."""
    lines: list[Line] = list(program.lines)
    if _has_map_of_map(lines):
        values = ValueSets(program, signature)
        for position, line in enumerate(lines):
            inner = lines[line.operand] if isinstance(line, Map) and line.operand >= 0 else None
            if isinstance(line, Map) and isinstance(inner, Map):
                table = compose(line.function, inner.function, values[inner.operand])
                lines[position] = Map(inner.operand, table, line.encoding)
    return _drop_dead(program, lines)


def _has_map_of_map(lines: list[Line]) -> bool:
    return any(
        isinstance(line, Map) and line.operand >= 0 and isinstance(lines[line.operand], Map) for line in lines
    )


def live_positions(lines: list[Line], output: Ref) -> list[int]:
    """Positions of the lines that `output` depends on, itself included, in order."""
    live = [False] * len(lines)
    live[output] = True
    for position in range(output, -1, -1):
        if live[position]:
            for ref in operands(lines[position]):
                if ref >= 0:
                    live[ref] = True
    return [position for position, is_live in enumerate(live) if is_live]


def _drop_dead(program: Program, lines: list[Line]) -> Built:
    live = live_positions(lines, program.output)
    if len(live) == len(lines) and lines == list(program.lines):
        return Built(program, tuple(live))
    names = tuple(program.names[old] for old in live)
    return Built(select_lines(lines, live, program.output, names), tuple(live))


def select_lines(lines: list[Line], order: list[int], output: Ref, names: tuple[str, ...] = ()) -> Program:
    """The program of the lines at the positions `order`, in that order, operands renumbered."""
    place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES} | {old: new for new, old in enumerate(order)}
    moved = tuple(with_operands(lines[old], tuple(place[r] for r in operands(lines[old]))) for old in order)
    return Program(moved, place[output], names)
