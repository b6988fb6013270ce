"""Which half-layer each line goes to, by Tracr's rules."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.program import Aggregate, Program, Select, SelectorWidth, operands


@dataclass(frozen=True)
class Layers:
    """Layer of each line that attends and of each line that has an MLP, and the number of layers."""

    attention: dict[int, int]
    mlp: dict[int, int]
    count: int


def depths(program: Program) -> list[int]:
    """Longest path from the inputs to each line, counting s-ops and not selects."""
    found: list[int] = []
    for line in program.lines:
        below = max((found[ref] if ref >= 0 else 0 for ref in operands(line)), default=0)
        found.append(below if isinstance(line, Select) else below + 1)
    return found


def allocate_layers(program: Program) -> Layers:
    """Allocate lines to layers as Tracr does.

    A line's depth is its layer, except that a depth of attention only, followed by one of MLPs only, is
    condensed with it; then half-layers without lines are skipped, attention and MLP still alternating.
    """
    depth = depths(program)
    by_depth: dict[int, list[int]] = {}
    for position, line in enumerate(program.lines):
        if not isinstance(line, Select):
            by_depth.setdefault(depth[position], []).append(position)
    levels = _condense(program, [by_depth[d] for d in sorted(by_depth)])
    attention: dict[int, int] = {}
    mlp: dict[int, int] = {}
    half = 0
    for level in levels:
        attending = [p for p in level if isinstance(program.lines[p], Aggregate | SelectorWidth)]
        mapping = [p for p in level if not isinstance(program.lines[p], Aggregate)]
        if attending:
            half += half % 2
            attention |= dict.fromkeys(attending, half // 2)
            half += 1
        if mapping:
            half += 1 - half % 2
            mlp |= dict.fromkeys(mapping, half // 2)
            half += 1
    return Layers(attention, mlp, (half + 1) // 2)


def _condense(program: Program, levels: list[list[int]]) -> list[list[int]]:
    """Join each level of aggregates only with the next when that holds MLP lines only."""

    def only_attention(level: list[int]) -> bool:
        return all(isinstance(program.lines[p], Aggregate) for p in level)

    def only_mlps(level: list[int]) -> bool:
        return not any(isinstance(program.lines[p], Aggregate | SelectorWidth) for p in level)

    joined: list[list[int]] = []
    position = 0
    while position < len(levels):
        level = levels[position]
        if position + 1 < len(levels) and only_attention(level) and only_mlps(levels[position + 1]):
            level = level + levels[position + 1]
            position += 1
        joined.append(level)
        position += 1
    return joined
