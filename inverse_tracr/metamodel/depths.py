"""Where the compiler puts lines: each level of a program, counted from its inputs, has its half-layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.fillings import Filling
from inverse_tracr.metamodel.operands import NONE
from inverse_tracr.metamodel.state import State
from inverse_tracr.rasp.program import Aggregate, Map, Ref, Select, operands

Floats = NDArray[np.float64]

MISPLACED = 4.0
"""Nats of a line that the compiler would put into another half-layer, or would not write as a line."""


class Depths:
    """The levels of the lines of a state, and of those that the half-layer at hand may have."""

    def __init__(self, state: State) -> None:
        self._state = state
        found: dict[Ref, int] = {-2: 0, -1: 0}
        for at, line in enumerate(state.lines):
            found[at] = max(found[ref] for ref in operands(line)) + (not isinstance(line, Select))
        self._of = found
        layer = state.half - state.half % 2
        made = {c.ref: c.made for c in state.columns if not c.twin}
        before = max((found[ref] for ref, half in made.items() if half < layer), default=0)
        attending = {found[ref] for ref, half in made.items() if half == layer and not state.attention}
        # An MLP behind attention of its layer has the level of that, or the next.
        self._levels = {a + more for a in attending for more in (0, 1)} or {before + 1}
        own = {found[ref] for ref, half in made.items() if half == state.half and not state.attention}
        self._levels = own or self._levels

    def of_operands(self, pairs: tuple[tuple[Ref, Ref], ...]) -> Floats:
        """What pairs of operands cost."""
        return np.array([self._cost(pair) for pair in pairs])

    def of_lines(self, filling: Filling) -> Floats:
        """What lines that heads write cost beyond their operands, for what they move."""
        if not self._state.attention:
            return np.zeros(len(filling.lines))
        return np.array([self._moving_cost(lines[0], lines[-1]) for lines in filling.lines])

    def _cost(self, pair: tuple[Ref, Ref]) -> float:
        read = [ref for ref in pair if ref != NONE]
        level = max(self._of[ref] for ref in read) + 1
        if self._state.attention:
            return MISPLACED * (level > max(self._levels))
        fused = len(read) == 1 and read[0] >= 0 and isinstance(self._state.lines[read[0]], Map)
        return MISPLACED * (fused or level not in self._levels)

    def _moving_cost(self, chooses: object, reader: object) -> float:
        assert isinstance(chooses, Select)
        refs = [chooses.keys, chooses.queries]
        if isinstance(reader, Aggregate):
            refs.append(reader.values)
        return MISPLACED * (max(self._of[ref] for ref in refs) + 1 not in self._levels)
