"""What a model's half-layers write, and how many parts they have, against the lines of a whole program."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, Plan, plan
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.metamodel.columns import Column, Selection, execute, input_columns, select
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.sites import Sites
from inverse_tracr.metamodel.state import State, indicators
from inverse_tracr.model import Weights
from inverse_tracr.rasp.program import Aggregate, Program, Ref, Select, SelectorWidth, operands
from inverse_tracr.rasp.signature import Signature

Floats = NDArray[np.float64]

NOTHING = 1e-4
"""Share of what a half-layer writes that is nothing when it is left."""

LEFT_COST = 1.0
"""Nats of each factor e by which more than nothing is left."""

PART_COST, MOST_LAYERS = 4.0, 2
"""Nats of a layer with another number of heads or neurons than the program needs, or too few or many."""

NO_FIT_COST = 20.0
"""Nats of a program that cannot be compiled."""

ENTRY_COST = 0.2
"""What an entry of a table costs a program, in nats: of those that fit alike, short ones are often right."""

LEAST_SCALE = 1e-3
"""Spread of what a half-layer writes, against that of the stream, below which it writes a constant."""


@dataclass(frozen=True)
class Fit:
    """How a program fits a model, half-layer by half-layer as the compiler places its lines.

    `left`: of each half-layer that does not write a constant the share that is not linear in its lines.
    `heads`, `neurons`: layers whose live heads (neurons) are another number than the program needs.
    `layers`: difference of the number of layers.
    """

    left: tuple[float, ...]
    heads: int
    neurons: int
    layers: int


def fit(program: Program, signature: Signature, sites: Sites, moves: Moves) -> Fit:
    """How a program fits a model whose streams on `sites` are those of `moves`.

    Raises what `plan` raises: a program may not compile.
    """
    layout = plan(program, signature, mode=Mode.FIXED)
    written = _written(layout, signature, sites)
    left = [_left(moves, half, written.get(half, [])) for half in range(len(moves.read) - 1)]
    heads, neurons = _counts(layout, len(moves.weights.W_in))
    live_heads, live_neurons = _live(moves.weights)
    return Fit(
        tuple(share for share in left if share is not None),
        int((heads != live_heads).sum()),
        int((neurons != live_neurons).sum()),
        abs(layout.config.n_layers - len(moves.weights.W_in)),
    )


def misfit(program: Program, signature: Signature, sites: Sites, moves: Moves) -> float:
    """What a program costs, in nats, for not fitting what half-layers write, and how many parts they have."""
    try:
        found = fit(program, signature, sites, moves)
    except InverseTracrError:
        return NO_FIT_COST
    parts = found.heads + found.neurons + min(found.layers, MOST_LAYERS)
    return sum(map(cost_of_leaving, found.left)) + PART_COST * parts


def left_here(state: State, moves: Moves) -> float:
    """The share of what the half-layer at hand writes that is not linear in the lines written there."""
    written = [_Written(column, counted=False) for column in state.written_here if column.made == state.half]
    written += [
        _Written(c, counted=True)
        for c in state.columns
        if c.made == state.half + 1 and c.ref >= 0 and isinstance(state.lines[c.ref], SelectorWidth)
    ]
    return _left(moves, state.half, written) or 0.0


def cost_of_leaving(left: float) -> float:
    """What a half-layer costs of which a share is left, in nats: nothing where that is nothing."""
    return LEFT_COST * math.log(max(left, NOTHING) / NOTHING)


@dataclass(frozen=True)
class _Written:
    """A column that a half-layer writes; a head writes one that it counts as 1 / (1 + width)."""

    column: Column
    counted: bool

    @property
    def key(self) -> bytes:
        """The same where the same is written."""
        return b"%d" % self.counted + self.column.key

    @property
    def features(self) -> Floats:
        """What is linear in what is written, centred [sites, features]."""
        if not self.counted:
            return indicators(self.column)
        number = 1 / (1 + self.column.labels)
        return (number - number.mean())[:, None]


def _left(moves: Moves, half: int, lines: list[_Written]) -> float | None:
    """The share of what a half-layer writes that is not linear in lines; None where it writes a constant."""
    key = half, frozenset(line.key for line in lines)
    if key not in moves.left:
        moves.left[key] = _measured(moves.written(half), moves.read[0], lines)
    return moves.left[key]


def _measured(written: Floats, embedded: Floats, lines: list[_Written]) -> float | None:
    scale = float(np.ptp(written, axis=0).max(initial=0.0))
    if scale < LEAST_SCALE * float(np.sqrt((embedded**2).sum(axis=1).mean())):
        return None
    if not lines:
        return 1.0
    written = written - written.mean(axis=0)
    features = np.concatenate([line.features for line in lines], axis=1)
    basis, singular, _ = np.linalg.svd(features, full_matrices=False)
    basis = basis[:, singular > 1e-6 * max(float(singular.max(initial=0.0)), 1e-12)]
    return 1 - float(((basis.T @ written) ** 2).sum()) / float((written**2).sum())


def _written(layout: Plan, signature: Signature, sites: Sites) -> dict[int, list[_Written]]:
    """What the lines of a layout write on the sites, by half-layer; a width is counted by its head first."""
    columns: dict[Ref, Column] = {c.ref: c for c in input_columns(signature, sites)}
    selections: dict[Ref, Selection] = {}
    found: dict[int, list[_Written]] = {}
    for at, line in enumerate(layout.program.lines):
        if isinstance(line, Select):
            selections[at] = select(at, line, columns[line.keys], columns[line.queries], sites)
            continue
        attends = isinstance(line, Aggregate | SelectorWidth)
        read = tuple(columns[ref] for ref in operands(line)[attends:])
        chosen = selections[line.selector] if attends else None
        columns[at] = execute(at, line, read, chosen, signature, sites, made=0)
        if attends:
            part = _Written(columns[at], counted=isinstance(line, SelectorWidth))
            found.setdefault(2 * layout.heads[at][0], []).append(part)
        if at in layout.neurons:
            part = _Written(columns[at], counted=False)
            found.setdefault(2 * layout.neurons[at][0] + 1, []).append(part)
    return found


def _counts(layout: Plan, layers: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Heads and neurons that the compiler gives each layer of the model."""
    heads, neurons = np.zeros((2, max(layers, layout.config.n_layers)), np.intp)
    for layer, _ in layout.heads.values():
        heads[layer] += 1
    for layer, _, count in layout.neurons.values():
        neurons[layer] += count
    for layer in layout.cleaners:
        neurons[layer] += 1
    return heads[:layers], neurons[:layers]


def _live(weights: Weights) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Heads of each layer that write anything, and neurons that read or write: steps may be of size 0."""
    heads = (weights.W_O.any(axis=(2, 3)) & weights.W_V.any(axis=(2, 3))).sum(axis=1)
    neurons = (weights.W_in.any(axis=1) | weights.W_out.any(axis=2)).sum(axis=1)
    return heads, neurons
