"""Which half-layer each line goes to, by Tracr's rules."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.program import Aggregate, Program, Select, SelectorWidth


@dataclass(frozen=True)
class Layers:
    """Layer of each line that attends and of each line that has an MLP, and the number of layers."""

    attention: dict[int, int]
    mlp: dict[int, int]
    count: int


_ATTENDING = (Aggregate, SelectorWidth)


def depths(program: Program) -> list[int]:
    """Longest path from the inputs to each line, counting s-ops and not selects."""
    found: list[int] = []
    for line, refs in zip(program.lines, program.reads, strict=True):
        below = max([found[ref] if ref >= 0 else 0 for ref in refs])
        found.append(below if isinstance(line, Select) else below + 1)
    return found


def allocate_layers(program: Program) -> Layers:
    """Allocate lines to layers as Tracr does.

    A line's depth is its layer, except that a depth of attention only, followed by one of MLPs only, is
    condensed with it; then half-layers without lines are skipped, attention and MLP still alternating.
    """
    levels: list[tuple[list[int], list[int]]] = []
    for position, depth in enumerate(depths(program)):
        line = program.lines[position]
        if isinstance(line, Select):
            continue
        levels += [([], []) for _ in range(depth - len(levels))]
        attending, mapping = levels[depth - 1]
        if isinstance(line, _ATTENDING):
            attending.append(position)
        if not isinstance(line, Aggregate):
            mapping.append(position)
    attention: dict[int, int] = {}
    mlp: dict[int, int] = {}
    half = 0
    for attending, mapping in _condense(levels):
        if attending:
            half += half % 2
            attention |= dict.fromkeys(attending, half // 2)
            half += 1
        if mapping:
            half += 1 - half % 2
            mlp |= dict.fromkeys(mapping, half // 2)
            half += 1
    return Layers(attention, mlp, (half + 1) // 2)


def _condense(levels: list[tuple[list[int], list[int]]]) -> list[tuple[list[int], list[int]]]:
    """Join each level of aggregates only with the next when that holds MLP lines only."""
    joined: list[tuple[list[int], list[int]]] = []
    position = 0
    while position < len(levels):
        attending, mapping = levels[position]
        if not mapping and position + 1 < len(levels) and not levels[position + 1][0]:
            mapping = levels[position + 1][1]
            position += 1
        joined.append((attending, mapping))
        position += 1
    return joined
