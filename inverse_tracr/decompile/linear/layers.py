"""Half-layer by half-layer, the sets of lines that explain what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inverse_tracr.decompile.linear.explain import Explanation, Option
from inverse_tracr.decompile.linear.heads import HeadReader, width_features
from inverse_tracr.decompile.linear.mlps import Asked, MlpReader
from inverse_tracr.decompile.linear.readable import Explained, Readable
from inverse_tracr.decompile.linear.wanted import Wanted, wanted_maps
from inverse_tracr.decompile.linear.written import Floats, Labels, indicators, orthonormal, written
from inverse_tracr.decompile.search.columns import Column, Sketch, input_columns
from inverse_tracr.decompile.search.observe import Observation
from inverse_tracr.decompile.search.selectors import visible
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Line,
    Map,
    Ref,
    Select,
    SelectorWidth,
    operands,
    with_operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

_SILENT = 1e-3
"""A half-layer that varies by less than this share of the distance of two tokens writes nothing."""
NOTHING = Wanted()
_DEAD = 10.0
"""Nats of a line that nothing reads."""


@dataclass(frozen=True)
class LinearConfig:
    """Budgets, all counts: sketches kept after a half-layer; explanations of one, for each sketch and for all
    of them where these are few; and how many nats dearer than the cheapest sketch a sketch may be.
    """

    beam: int = 16
    explanations: int = 20
    together: int = 60
    margin: float = 25.0


class Reading:
    """One observation, half-layer by half-layer; what was worked out is kept for the next sketches."""

    def __init__(
        self,
        observation: Observation,
        signature: Signature,
        config: LinearConfig,
        outputs: Sequence[Value] = (),
    ) -> None:
        """`outputs` are the values that the model may say, if it names values."""
        self._observation, self._config, self._outputs = observation, config, outputs
        self._columns = tuple(input_columns(signature, observation.probes))
        self._seen = visible(observation.probes, signature.causal)
        self._heads: dict[int, HeadReader] = {}
        self._mlps: dict[int, MlpReader] = {}
        for half, activations in enumerate(observation.half):
            rows = activations[observation.probes.mask].astype(np.float64)
            if float(np.ptp(rows, axis=0).max(initial=0.0)) > _SILENT * observation.scale:
                self._add(half, rows)

    def _add(self, half: int, rows: Floats) -> None:
        """A reader of a half-layer that writes something."""
        observation, mask = self._observation, self._observation.probes.mask
        if half % 2 == 0:
            self._heads[half] = HeadReader(observation, half // 2, written(rows), rows, self._seen)
            return
        last = half == len(observation.half) - 1 and bool(self._outputs)
        said = observation.output[mask] if last else None
        self._mlps[half] = MlpReader(written(rows), mask, said, self._outputs)

    def sketches(self, wanted: Wanted = NOTHING) -> list[Sketch]:
        """Sketches that explain what half-layers write, the cheapest first; maps are cheaper if `wanted`."""
        config = self._config
        beam = [Sketch((), self._columns, (), (), len(self._observation.probes.lengths), 0.0)]
        for half in sorted([*self._heads, *self._mlps]):
            missing, read = (
                frozenset(key for at, key in places if at == half) for places in (wanted.missing, wanted.read)
            )
            most = max(config.explanations, config.together // len(beam))
            following = [
                _extended(sketch, half, options, explanation)
                for sketch in beam
                for options, explanation in self._read(half, sketch, Asked(missing, read), most)
            ]
            following.sort(key=lambda s: s.cost)
            beam = [s for s in following[: config.beam] if s.cost < following[0].cost + config.margin] or beam
        return sorted(beam, key=lambda s: s.cost + _DEAD * dead_lines(s))

    def wanted(self, sketch: Sketch) -> Wanted:
        """The maps that the lines of a sketch should read."""
        return wanted_maps(sketch, self._maps, self._seen, self._observation.probes.mask)

    def _maps(self, half: int, column: Column, classes: Labels | None) -> Sequence[Option]:
        reader = self._mlps.get(half)
        return reader.maps(column, classes) if reader is not None else []

    def _read(self, half: int, sketch: Sketch, wanted: Asked, most: int) -> Explained:
        if half in self._mlps:
            return self._read_mlp(half, sketch, wanted, most)
        depth = depth_of(sketch)
        fresh = _at(sketch, depth, max(depth.values()))
        selects = frozenset(line for line in sketch.lines if isinstance(line, Select))
        return self._heads[half].read(Readable(sketch.columns, fresh, _unread(sketch), selects=selects), most)

    def _read_mlp(self, half: int, sketch: Sketch, wanted: Asked, most: int) -> Explained:
        reader, mask = self._mlps[half], self._observation.probes.mask
        depth = depth_of(sketch)
        top = max(depth.values())
        attended = [c for c in sketch.columns if c.ref >= 0 and sketch.half_layers[c.ref] == half - 1]
        counted = [c for c in attended if isinstance(sketch.lines[c.ref], SelectorWidth)]
        given = [indicators(column.labels[mask]) for column in counted]
        given += [width_features(column.labels[mask]) for column in counted]
        known = orthonormal(np.concatenate(given, axis=1)) if given else np.zeros((int(mask.sum()), 0))
        maps = {ref for ref, line in enumerate(sketch.lines) if isinstance(line, Map)}
        # Beside heads an MLP has lines of their depth or, where they count nothing, of the next.
        tops = [top] if not attended else [top - 1] if counted else [top - 1, top]
        found: Explained = []
        for below in tops:
            columns = [column for column in sketch.columns if depth[column.ref] <= below]
            readable = Readable(columns, _at(sketch, depth, below), _unread(sketch), maps)
            found += reader.read(readable, known, wanted, most)
        return sorted(found, key=lambda pair: pair[1].total)[:most]


def depth_of(sketch: Sketch) -> dict[Ref, int]:
    """The longest path from the inputs to each line, selects not counted: its level."""
    found: dict[Ref, int] = {TOKENS: 0, INDICES: 0}
    for ref, line in enumerate(sketch.lines):
        below = max(found[operand] for operand in operands(line))
        again = isinstance(line, Map) and line.operand >= 0 and isinstance(sketch.lines[line.operand], Map)
        # Maps of maps are one map.
        found[ref] = below + (not isinstance(line, Select) and not again)
    return found


def _at(sketch: Sketch, depth: dict[Ref, int], level: int) -> frozenset[Ref]:
    """Columns of one level: every line of the next reads one of them."""
    return frozenset(column.ref for column in sketch.columns if depth[column.ref] == level)


def _unread(sketch: Sketch) -> frozenset[Ref]:
    """Lines that nothing reads."""
    read = {ref for line in sketch.lines for ref in operands(line)}
    return frozenset(range(len(sketch.lines))) - read


def dead_lines(sketch: Sketch) -> int:
    """Lines that nothing reads, but the last one."""
    return len(_unread(sketch) - {len(sketch.lines) - 1})


def _extended(sketch: Sketch, half: int, options: Sequence[Option], explanation: Explanation) -> Sketch:
    """The sketch with the lines of a half-layer."""
    for option in options:
        lines: list[Line] = []
        at = len(sketch.lines)
        line = option.line
        moved = {put.operand: at + number for number, put in enumerate(option.moved)}
        lines += option.moved
        if option.selects is not None:
            selector = at + len(lines)
            if option.selects in sketch.lines:
                selector = sketch.lines.index(option.selects)
            else:
                lines.append(option.selects)
            if isinstance(line, Aggregate):
                line = Aggregate(selector, moved.get(line.values, line.values))
            elif isinstance(line, SelectorWidth):
                line = SelectorWidth(selector, line.encoding)
        elif moved:
            line = with_operands(line, tuple(moved.get(ref, ref) for ref in operands(line)))
        lines.append(line)
        column = replace(option.column, ref=at + len(lines) - 1)
        sketch = sketch.extended(tuple(lines), (column,), half, 0.0, option.heads)
    return replace(sketch, cost=sketch.cost + explanation.total)
