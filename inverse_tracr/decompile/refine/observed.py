"""What MLPs write on probes, and which s-op of a program would explain what its lines leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.refine.substitute import Seen
from inverse_tracr.decompile.repair.locate import half_layers
from inverse_tracr.decompile.search.cells import MOST_CELLS, cells_of, dense
from inverse_tracr.decompile.search.observe import Observation, observe
from inverse_tracr.decompile.search.probes import Probes, draw_probes
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.interpreter import Categorical, Trace
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

PROBES = 160
LEAST_LEFT = 2e-3
"""Share of what an MLP writes that may be left unexplained."""
MOST_OF_IT = 0.8
"""Share of what is left that an s-op must explain to be missing."""
LEAST_SCALE = 1e-3
MOST_MERGES = 1_000
"""Pairs of values, nearest first, that are tried as one class."""


@dataclass(frozen=True)
class Missing:
    """What an MLP tells apart beyond its lines: a function of `refs`.

    `classes` has the class of each value, or pair of values, of `refs`. `explained` is the share that would
    be explained with it, `left` the share that is left without.
    """

    half: int
    refs: tuple[Ref, ...]
    classes: dict[tuple[Value, ...], int]
    explained: float
    left: float


@dataclass(frozen=True)
class _Column:
    """An s-op on the probes: labels [positions], of numbers too; `values` of the labels, if categorical."""

    labels: Labels
    values: tuple[Value, ...] | None


class Observed:
    """A model executed on probes, beside programs."""

    def __init__(self, model: TransformerProgram) -> None:
        self._signature = model.signature
        self._probes = draw_probes(model.signature, PROBES, seed=17)
        observation = observe(model, self._probes)
        mask = self._probes.mask
        self._rows = {
            half: _centred(observation.half[half][mask].astype(np.float64))
            for half in range(1, len(observation.half), 2)
            if _varies(observation, half)
        }

    def left(self, program: Program) -> float:
        """The sum over MLPs of what the lines leave unexplained."""
        columns, halves = self._columns(program), half_layers(program)
        return sum(1 - self._between(_own(program, columns, halves, half), half) for half in self._rows)

    def pairs(self, program: Program) -> Seen:
        """Which values of two s-ops occur together."""
        columns = self._columns(program)

        def seen(first: Ref, second: Ref) -> set[tuple[Value, ...]]:
            both = [columns[first], columns[second]]
            return set(_values_of(both, dense(_joint([c.labels for c in both]))[0]))

        return seen

    def missing(self, program: Program) -> Iterator[Missing]:
        """For each MLP whose lines leave something what they do not tell apart, the first one first."""
        columns, halves = self._columns(program), half_layers(program)
        for half in self._rows:
            own = _own(program, columns, halves, half)
            left = 1 - self._between(own, half)
            if left < LEAST_LEFT:
                continue
            found = [
                self._classes(half, own, refs, [columns[r] for r in refs], left)
                for refs in _readable(program, columns, halves, half)
            ]
            good = [m for m in found if m is not None and m.explained >= 1 - (1 - MOST_OF_IT) * left]
            yield from sorted(good, key=lambda m: (len(m.refs), -m.explained))[:2]

    def _between(self, codes: Labels, half: int) -> float:
        return cells_of(dense(codes)[0], self._rows[half]).between

    def _classes(
        self, half: int, own: Labels, refs: tuple[Ref, ...], columns: Sequence[_Column], left: float
    ) -> Missing | None:
        """The coarsest classes of the values of `refs` that explain nearly what the values do."""
        rows = self._rows[half]
        labels, distinct = dense(_joint([c.labels for c in columns]))
        if len(distinct) > MOST_CELLS or len(distinct) < 2:
            return None
        whole = self._between(_joint([own, labels]), half)
        if whole < 1 - (1 - MOST_OF_IT) * left:
            return None
        cells = cells_of(dense(own)[0], rows)
        rest = cells_of(labels, rows - cells.means[cells.codes])
        codes = np.arange(len(distinct))
        for pair in _pairs_by_distance(rest.means)[:MOST_MERGES]:
            if codes[pair[0]] == codes[pair[1]]:
                continue
            merged = np.where(codes == codes[pair[1]], codes[pair[0]], codes)
            if self._between(_joint([own, merged[labels]]), half) >= whole - 0.05 * left:
                codes = merged
        codes = dense(codes)[0]
        if codes.max() == 0:
            return None
        explained = self._between(_joint([own, codes[labels]]), half)
        values = _values_of(columns, labels)
        return Missing(half, refs, dict(zip(values, codes.tolist(), strict=True)), explained, left)

    def _columns(self, program: Program) -> dict[Ref, _Column]:
        probes, mask = self._probes, self._probes.mask
        positions = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)
        found = {
            TOKENS: _Column(probes.tokens[mask], self._signature.vocab),
            INDICES: _Column(positions[mask].astype(np.int64), tuple(range(mask.shape[1]))),
        }
        return found | _lines(program, self._signature, probes)


def _lines(program: Program, signature: Signature, probes: Probes) -> dict[Ref, _Column]:
    """The lines that are no selects, on the probes."""
    mask = probes.mask
    plain = [p for p, line in enumerate(program.lines) if not isinstance(line, Select)]
    found = {p: np.zeros(mask.shape) for p in plain}
    values: dict[int, tuple[Value, ...] | None] = dict.fromkeys(plain)
    for length in np.unique(probes.lengths).tolist():
        rows = np.nonzero(probes.lengths == length)[0]
        trace = Trace(program, signature, probes.tokens[rows, :length])
        for position in plain:
            column = trace.column(position)
            if isinstance(column, Categorical):
                values[position] = column.values
                found[position][rows, :length] = column.index
            else:
                found[position][rows, :length] = np.nan_to_num(np.round(column.numbers, 6), nan=-9.5)
    return {
        p: _Column(found[p][mask].astype(np.int64), values[p])
        if values[p] is not None
        else _Column(np.unique(found[p][mask], return_inverse=True)[1].reshape(-1), None)
        for p in plain
    }


def _own(program: Program, columns: dict[Ref, _Column], halves: Sequence[int], half: int) -> Labels:
    """Joint values of the lines of an MLP, the widths that it names among them."""
    own = [columns[p].labels for p in columns if p >= 0 and half == _named(program, halves, p)]
    return dense(_joint([np.zeros(len(columns[TOKENS].labels), np.int64), *own]))[0]


def _named(program: Program, halves: Sequence[int], position: int) -> int:
    """The half-layer behind which a line can be read."""
    return halves[position] + isinstance(program.lines[position], SelectorWidth)


def _readable(
    program: Program, columns: dict[Ref, _Column], halves: Sequence[int], half: int
) -> list[tuple[Ref, ...]]:
    """S-ops that the MLP can read, and the operands of its sequence maps."""
    earlier = [
        r for r, c in columns.items() if c.values is not None and (r < 0 or _named(program, halves, r) < half)
    ]
    singles: list[tuple[Ref, ...]] = [(ref,) for ref in earlier]
    lines = [program.lines[p] for p in range(len(program.lines)) if halves[p] == half]
    return singles + [(line.first, line.second) for line in lines if isinstance(line, SequenceMap)]


def _joint(columns: Sequence[Labels]) -> Labels:
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = dense(codes * (int(column.max()) + 2) + column)[0]
    return codes


def _values_of(columns: Sequence[_Column], labels: Labels) -> list[tuple[Value, ...]]:
    """The values of the operands at each label; there are no labels without positions."""
    _, first = np.unique(labels, return_index=True)
    found: list[tuple[Value, ...]] = []
    for at in first.tolist():
        row = [(int(c.labels[at]), c.values or ()) for c in columns]
        found.append(tuple(values[label] for label, values in row if label < len(values)))
    return found


def _pairs_by_distance(means: Floats) -> list[tuple[int, int]]:
    count = len(means)
    squares = ((means[:, None] - means) ** 2).sum(axis=2)
    first, second = np.triu_indices(count, 1)
    order = np.argsort(squares[first, second], kind="stable")
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


def _centred(rows: Floats) -> Floats:
    return rows - rows.mean(axis=0)


def _varies(observation: Observation, half: int) -> bool:
    rows = observation.half[half][observation.probes.mask]
    return float(np.ptp(rows, axis=0).max(initial=0.0)) > LEAST_SCALE * observation.scale
