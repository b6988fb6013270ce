"""The program as Tracr builds it: dead lines gone, maps of maps fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inverse_tracr.rasp.functions import UnaryFunction, compose
from inverse_tracr.rasp.program import INDICES, TOKENS, Line, Map, Program, Ref, operands, with_operands
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import GrowingValueSets


@dataclass(frozen=True)
class Built:
    """The fused program and its value sets.

    For each line, `chains` has the positions in `source` of the lines that were fused into it, the last of
    them first, and `origin` that last one.
    """

    source: Program
    program: Program
    chains: tuple[tuple[int, ...], ...]
    values: GrowingValueSets

    @property
    def origin(self) -> tuple[int, ...]:
        """For each line the position of the line of `source` that it gives the values of."""
        return tuple(chain[0] for chain in self.chains)


def build(
    program: Program, signature: Signature, *, exact_means: bool = False, max_parameters: int | None = None
) -> Built:
    """Fuse every map of a map into one (`rasp.Map` does so on construction), and drop dead lines.

    Value sets are inferred of the lines that are left, and of no other: Tracr never sees the rest.
    The keywords are those of `GrowingValueSets`. Raises what `ValueSets` raises.
    """
    chains = _chains(program)
    reads = [program.reads[chain[-1]] for chain in chains]
    live = _live(reads, program.output)
    values = GrowingValueSets(signature, exact_means=exact_means, max_parameters=max_parameters)
    place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES}
    lines: list[Line] = []
    for position in live:
        place[position] = len(lines)
        refs = tuple([place[ref] for ref in reads[position]])
        line = _fused(program, chains[position], refs, values)
        values.append(line, program.names[position])
        lines.append(line)
    if len(live) == len(program.lines) and all(len(chain) == 1 for chain in chains):
        return Built(program, program, tuple(chains), values)
    names = tuple(program.names[position] for position in live)
    fused = Program(tuple(lines), place[program.output], names)
    return Built(program, fused, tuple(chains[position] for position in live), values)


def _chains(program: Program) -> list[tuple[int, ...]]:
    """Each line and the maps below it that Tracr fuses with it, from the line downwards."""
    chains: list[tuple[int, ...]] = []
    lines = program.lines
    for position, line in enumerate(lines):
        if isinstance(line, Map) and line.operand >= 0 and isinstance(lines[line.operand], Map):
            chains.append((position, *chains[line.operand]))
        else:
            chains.append((position,))
    return chains


def _fused(program: Program, chain: tuple[int, ...], refs: tuple[Ref, ...], values: GrowingValueSets) -> Line:
    """The line at the head of a chain, with new operands; a table where the chain holds several maps."""
    line = program.lines[chain[0]]
    if len(chain) == 1:
        return line if refs == program.reads[chain[0]] else with_operands(line, refs)
    function: UnaryFunction | None = None
    for position in reversed(chain):
        inner = program.lines[position]
        assert isinstance(inner, Map)
        function = inner.function if function is None else compose(inner.function, function, values[refs[0]])
    assert isinstance(line, Map)
    assert function is not None
    return Map(refs[0], function, line.encoding)


def live_positions(lines: Sequence[Line], output: Ref) -> list[int]:
    """Positions of the lines that `output` depends on, itself included, in order."""
    return _live([operands(line) for line in lines], output)


def _live(reads: Sequence[Sequence[Ref]], output: Ref) -> list[int]:
    live = [False] * len(reads)
    live[output] = True
    for position in range(output, -1, -1):
        if live[position]:
            for ref in reads[position]:
                if ref >= 0:
                    live[ref] = True
    return [position for position, is_live in enumerate(live) if is_live]


def select_lines(lines: list[Line], order: list[int], output: Ref, names: tuple[str, ...] = ()) -> Program:
    """The program of the lines at the positions `order`, in that order, operands renumbered."""
    place: dict[Ref, Ref] = {TOKENS: TOKENS, INDICES: INDICES} | {old: new for new, old in enumerate(order)}
    moved = tuple(with_operands(lines[old], tuple(place[r] for r in operands(lines[old]))) for old in order)
    return Program(moved, place[output], names)
