"""Where each line of a found program lies in the model, from the evidence of the decompiler."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inverse_tracr.compile.layers import Layers, allocate_layers
from inverse_tracr.decompile import Decompilation, LineEvidence
from inverse_tracr.model import ModelConfig
from inverse_tracr.rasp.program import Aggregate, Program, Select, SelectorWidth

_PART = re.compile(r"(\d+)\.(\d+)")

Part = tuple[int, int]
"""(layer, head) or (layer, neuron)."""


@dataclass(frozen=True)
class Place:
    """Where a line lies.

    `rank` is the half-layer where its value is complete: a selector width begins in a head and is complete
    in the MLP. `measured` is False where the evidence names no half-layer; the rank is then where the
    compiler would put the line.
    """

    rank: int
    heads: tuple[Part, ...] = ()
    neurons: tuple[Part, ...] = ()
    dims: tuple[int, ...] = ()
    measured: bool = True


def places(found: Decompilation, config: ModelConfig) -> tuple[Place, ...]:
    """The place of every line; empty when there is no program."""
    program = found.program
    if program is None:
        return ()
    evidence = {line.line: line for line in found.evidence}
    expected = _expected(program)
    return tuple(
        _place(
            evidence.get(name),
            min(expected[position], 2 * config.n_layers - 1),
            isinstance(program.lines[position], SelectorWidth),
            config,
        )
        for position, name in enumerate(program.names)
    )


def _place(evidence: LineEvidence | None, expected: int, width: bool, config: ModelConfig) -> Place:
    if evidence is None:
        return Place(expected, measured=False)
    heads = _parts(evidence.heads, config.n_layers, config.n_heads)
    neurons = _parts(evidence.neurons, config.n_layers, config.d_mlp)
    dims = tuple(sorted({dim for dim in evidence.dimensions if 0 <= dim < config.d_model}))
    if neurons:
        return Place(2 * max(layer for layer, _ in neurons) + 1, heads, neurons, dims)
    if evidence.half_layer is not None and 0 <= evidence.half_layer < 2 * config.n_layers:
        return Place(evidence.half_layer | width, heads, neurons, dims)
    if heads:
        return Place(2 * max(layer for layer, _ in heads) + width, heads, neurons, dims)
    return Place(expected, dims=dims, measured=False)


def _parts(names: tuple[str, ...], layers: int, size: int) -> tuple[Part, ...]:
    """`"1.0"` as (1, 0); names of parts that the model does not have are left out."""
    found = [_PART.fullmatch(name) for name in names]
    parts = [(int(match[1]), int(match[2])) for match in found if match]
    return tuple((layer, number) for layer, number in parts if layer < layers and number < size)


def _expected(program: Program) -> list[int]:
    """The half-layer to which the compiler would put each line."""
    layers = allocate_layers(program)
    return [_expected_rank(program, position, layers) for position in range(len(program))]


def _expected_rank(program: Program, position: int, layers: Layers) -> int:
    match program.lines[position]:
        case Select():
            users = [p for p, line in enumerate(program.lines) if _uses(line, position)]
            return min((2 * layers.attention[p] for p in users), default=0)
        case Aggregate():
            return 2 * layers.attention[position]
        case _:
            return 2 * layers.mlp[position] + 1


def _uses(line: object, selector: int) -> bool:
    return isinstance(line, Aggregate | SelectorWidth) and line.selector == selector
