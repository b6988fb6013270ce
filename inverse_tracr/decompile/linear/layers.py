"""Half-layer by half-layer, the sets of lines that explain what is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inverse_tracr.decompile.linear.explain import Explanation, Option
from inverse_tracr.decompile.linear.heads import HeadReader, width_features
from inverse_tracr.decompile.linear.mlps import MlpReader
from inverse_tracr.decompile.linear.written import Floats, indicators, orthonormal, written
from inverse_tracr.decompile.search.columns import Column, Sketch, Truth, input_columns
from inverse_tracr.decompile.search.observe import Observation
from inverse_tracr.decompile.search.selectors import visible
from inverse_tracr.rasp.program import Aggregate, Line, Ref, SelectorWidth, operands
from inverse_tracr.rasp.signature import Signature

_SILENT = 1e-3
"""A half-layer that varies by less than this share of the distance of two tokens writes nothing."""
_DEAD = 10.0
"""Nats of a line that nothing reads."""


@dataclass(frozen=True)
class LinearConfig:
    """Budgets, all counts: sketches kept after a half-layer, explanations of one; and how many nats dearer
    than the cheapest sketch a sketch may be.
    """

    beam: int = 16
    explanations: int = 16
    margin: float = 25.0


def linear_sketches(
    observation: Observation, signature: Signature, config: LinearConfig
) -> tuple[list[Sketch], int]:
    """Sketches that explain what the half-layers write, the cheapest first, and how many were tried."""
    columns = tuple(input_columns(signature, observation.probes))
    beam = [Sketch((), columns, (), (), len(observation.probes.lengths), 0.0)]
    seen = visible(observation.probes, signature.causal)
    tried = 0
    for half, activations in enumerate(observation.half):
        rows = activations[observation.probes.mask].astype(np.float64)
        if float(np.ptp(rows, axis=0).max(initial=0.0)) <= _SILENT * observation.scale:
            continue
        read = _mlp(observation, half, rows) if half % 2 else _attention(observation, half, rows, seen)
        following = [
            _extended(sketch, half, options, explanation)
            for sketch in beam
            for options, explanation in read(sketch, config.explanations)
        ]
        tried += len(following)
        following.sort(key=lambda s: s.cost)
        beam = [s for s in following[: config.beam] if s.cost < following[0].cost + config.margin] or beam
    return sorted(beam, key=lambda s: s.cost + _DEAD * _dead(s)), tried


_Read = Callable[[Sketch, int], list[tuple[list[Option], Explanation]]]


def _attention(observation: Observation, half: int, rows: Floats, seen: Truth) -> _Read:
    reader = HeadReader(observation, half // 2, written(rows), rows, seen)

    def read(sketch: Sketch, most: int) -> list[tuple[list[Option], Explanation]]:
        return reader.read(sketch.columns, _fresh(sketch, half - 2), most)

    return read


def _mlp(observation: Observation, half: int, rows: Floats) -> _Read:
    mask = observation.probes.mask
    last = half == len(observation.half) - 1 and observation.numbers is None
    reader = MlpReader(written(rows), mask, observation.output[mask] if last else None)

    def read(sketch: Sketch, most: int) -> list[tuple[list[Option], Explanation]]:
        counted = _widths(sketch, half - 1)
        given = [indicators(column.labels[mask]) for column in counted]
        given += [width_features(column.labels[mask]) for column in counted]
        known = orthonormal(np.concatenate(given, axis=1)) if given else np.zeros((len(rows), 0))
        readable = [column for column in sketch.columns if column not in counted]
        return reader.read(readable, _fresh(sketch, half - 2), known, most)

    return read


def _dead(sketch: Sketch) -> int:
    """Lines that nothing reads, but the last one."""
    read = {ref for line in sketch.lines for ref in operands(line)}
    return sum(ref not in read for ref in range(len(sketch.lines) - 1))


def _fresh(sketch: Sketch, half: int) -> frozenset[Ref]:
    """Columns that are there from a half-layer on; a line stands in the first layer in which it can."""
    if half < 0:
        return frozenset(column.ref for column in sketch.columns)
    return frozenset(
        column.ref for column in sketch.columns if column.ref >= 0 and _made(sketch, column.ref) >= half
    )


def _made(sketch: Sketch, ref: Ref) -> int:
    """The half-layer behind which a line can be read: a width is named by the MLP."""
    return sketch.half_layers[ref] + isinstance(sketch.lines[ref], SelectorWidth)


def _widths(sketch: Sketch, half: int) -> list[Column]:
    """Columns that the heads of a half-layer count."""
    return [
        column
        for column in sketch.columns
        if column.ref >= 0
        and sketch.half_layers[column.ref] == half
        and isinstance(sketch.lines[column.ref], SelectorWidth)
    ]


def _extended(sketch: Sketch, half: int, options: Sequence[Option], explanation: Explanation) -> Sketch:
    """The sketch with the lines of a half-layer."""
    for option in options:
        lines: list[Line] = []
        at = len(sketch.lines)
        line = option.line
        if option.moved is not None:
            lines.append(option.moved)
        if option.selects is not None:
            lines.append(option.selects)
            selector = at + len(lines) - 1
            if isinstance(line, Aggregate):
                line = Aggregate(selector, at if option.moved is not None else line.values)
            elif isinstance(line, SelectorWidth):
                line = SelectorWidth(selector, line.encoding)
        lines.append(line)
        column = replace(option.column, ref=at + len(lines) - 1)
        sketch = sketch.extended(tuple(lines), (column,), half, option.cost, option.heads)
    return replace(sketch, cost=sketch.cost + explanation.missed)
