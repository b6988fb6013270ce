"""Where program and model first disagree: lines in the order in which they are suspected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inverse_tracr.compile.layers import allocate_layers
from inverse_tracr.decompile.repair.trial import Row
from inverse_tracr.decompile.search.probes import Labels, Probes
from inverse_tracr.decompile.search.scrub import ENOUGH, Scrubber
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.interpreter import Categorical, Trace
from inverse_tracr.rasp.program import Program, Ref, Select, SelectorWidth, operands

_DIGITS = 6


class Locator:
    """Compares programs with one model on probes, half-layer by half-layer.

    A half-layer agrees where nothing changes if the model writes there the mean over the positions at which
    the program's lines of that half-layer have equal values.
    """

    def __init__(self, model: TransformerProgram, rows: Sequence[Row]) -> None:
        self._signature = model.signature
        self._halves = 2 * model.config.n_layers
        self._probes = _as_probes(rows, model.signature.max_seq_len)
        self._scrubber = Scrubber(model, self._probes)

    def suspects(self, program: Program) -> list[int]:
        """All lines: those of the first half-layer that disagrees, what they read, then those near by."""
        halves = half_layers(program)
        wrong = self.first_disagreement(program)
        wrong = max(halves) + 1 if wrong is None else wrong
        blamed = {p for p, half in enumerate(halves) if half == wrong}
        read = _ancestors(program, blamed)

        def order(position: int) -> tuple[int, int]:
            rank = 0 if position in blamed else 1 if position in read else 2
            return rank, abs(halves[position] - wrong)

        return sorted(range(len(program.lines)), key=order)

    def first_disagreement(self, program: Program) -> int | None:
        """The first half-layer of which the program does not hold all that matters; None if there is none."""
        for half, labels in enumerate(self._by_half(program)):
            if self._scrubber.kept_by_half(half, labels) < ENOUGH:
                return half
        return None

    def classes_before(self, program: Program, half: int) -> int:
        """How many classes of positions a program tells apart in the half-layers up to one."""
        return sum(int(labels.max()) + 1 for labels in self._by_half(program)[: half + 1])

    def _by_half(self, program: Program) -> list[Labels]:
        """For each half-layer the class of every position by the program's lines there."""
        halves = half_layers(program)
        classes = self._classes(program)
        nothing = np.zeros(int(self._probes.mask.sum()), dtype=np.int64)
        found: list[Labels] = []
        for half in range(self._halves):
            own = [
                classes[p] for p, h in enumerate(halves) if p in classes and half in _stands(program, p, h)
            ]
            joint = np.unique(np.stack(own), axis=1, return_inverse=True)[1].reshape(-1) if own else nothing
            found.append(joint.astype(np.int64))
        return found

    def _classes(self, program: Program) -> dict[Ref, Labels]:
        """For each line that is no select a label at every position of the probes."""
        lengths, mask = self._probes.lengths, self._probes.mask
        found = {
            p: np.zeros(mask.shape, dtype=np.float64)
            for p, line in enumerate(program.lines)
            if not isinstance(line, Select)
        }
        for length in np.unique(lengths).tolist():
            rows = np.nonzero(lengths == length)[0]
            trace = Trace(program, self._signature, self._probes.tokens[rows, :length])
            for position, labels in found.items():
                column = trace.column(position)
                known = (
                    column.index
                    if isinstance(column, Categorical)
                    else np.nan_to_num(column.numbers, nan=-9.5)
                )
                labels[rows, :length] = known
        return {
            p: np.unique(np.round(labels[mask], _DIGITS), return_inverse=True)[1].reshape(-1)
            for p, labels in found.items()
        }


def half_layers(program: Program) -> list[int]:
    """The half-layer of each line; a select stands with the first line that reads it, a width in its head."""
    try:
        layers = allocate_layers(program)
    except InverseTracrError:
        return [0] * len(program.lines)
    found = {p: 2 * layer + 1 for p, layer in layers.mlp.items()}
    found |= {p: 2 * layer for p, layer in layers.attention.items()}
    for position, line in reversed(list(enumerate(program.lines))):
        for ref in operands(line):
            if ref >= 0 and isinstance(program.lines[ref], Select):
                found[ref] = min(found.get(position, 0), found.get(ref, 10**6))
    return [found.get(p, 0) for p in range(len(program.lines))]


def _stands(program: Program, position: int, half: int) -> tuple[int, ...]:
    """The half-layers that show a line: a width is in its head and in the MLP behind it."""
    return (half, half + 1) if isinstance(program.lines[position], SelectorWidth) else (half,)


def _ancestors(program: Program, of: set[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(of)
    while waiting:
        for ref in operands(program.lines[waiting.pop()]):
            if ref >= 0 and ref not in found:
                found.add(ref)
                waiting.append(ref)
    return found


def _as_probes(rows: Sequence[Row], longest: int) -> Probes:
    tokens = np.zeros((len(rows), longest), dtype=np.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
    return Probes(tokens, np.array([len(row) for row in rows]))
