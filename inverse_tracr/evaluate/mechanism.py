"""Whether a program does in each half-layer what the model does there (design, section 9: faithful match)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.compile.layers import allocate_layers
from inverse_tracr.evaluate.fresh import Batch, fresh_inputs
from inverse_tracr.evaluate.partitions import (
    Labels,
    Vectors,
    determined,
    joint_labels,
    nearest_means,
    purity,
    spread,
)
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Trace
from inverse_tracr.rasp.fusion import build
from inverse_tracr.rasp.interpreter import Categorical, Column
from inverse_tracr.rasp.values import Value

INPUTS = 256
MOST_WRONG = 0.01
"""Share of positions that may be classed otherwise."""
_DIGITS = 6


@dataclass(frozen=True)
class HalfLayer:
    """One half-layer: attention of layer k is half-layer 2 k, its MLP 2 k + 1.

    `lines` counts the program's lines there. `found_in_model` is the share of positions whose output lies
    nearest to the mean of their class by these lines, or whose class follows from the true program's lines
    there (a student may merge what is read nowhere); `model_in_found` the share of positions whose class in
    the model follows from their class by these lines.
    """

    number: int
    lines: int
    found_in_model: float
    model_in_found: float

    @property
    def agrees(self) -> bool:
        """Whether both partitions are one, up to the share that may be otherwise."""
        return min(self.found_in_model, self.model_in_found) >= 1 - MOST_WRONG


@dataclass(frozen=True)
class Mechanism:
    """All half-layers of a model, and whether the program has lines beyond them."""

    half_layers: tuple[HalfLayer, ...]
    beyond: bool

    @property
    def agrees(self) -> bool:
        """Whether every half-layer agrees and no line lies beyond the model."""
        return not self.beyond and all(half.agrees for half in self.half_layers)


class MechanismJudge:
    """Compares programs with one model, half-layer by half-layer, on fresh inputs.

    The model's classes of positions are those of the true program's lines, each position put to the class
    with the nearest mean of the model's own outputs; a half-layer where the model's output varies and the
    program has no lines fails because one class cannot tell them apart.
    """

    def __init__(self, model: TransformerProgram, true: Program) -> None:
        self._signature = model.signature
        self._batches = tuple(fresh_inputs(self._signature, INPUTS))
        self._outputs = half_layer_outputs(model, self._batches)
        labels = self._labels(true)
        self._truth = [labels.get(half) for half in range(len(self._outputs))]

    def judge(self, program: Program) -> Mechanism:
        """The comparison; raises what building the program for the signature raises."""
        columns = self._labels(program)
        halves = range(len(self._outputs))
        return Mechanism(
            tuple(self._half(half, columns.get(half)) for half in halves),
            beyond=any(half not in halves for half in columns),
        )

    def _half(self, half: int, found: list[Labels] | None) -> HalfLayer:
        vectors = self._outputs[half]
        true = joint_labels(self._truth[half] or [], len(vectors))
        mine = joint_labels(found or [], len(vectors))
        noise = spread(vectors, true)
        return HalfLayer(
            half,
            len(found or []),
            max(purity(vectors, mine, noise), determined(mine, true)),
            determined(nearest_means(vectors, true), mine),
        )

    def _labels(self, program: Program) -> dict[int, list[Labels]]:
        """For each half-layer that has lines the class of every position by each of them."""
        built = build(program, self._signature, exact_means=True).program
        places = lines_by_half_layer(built)
        classes = {position: _Classes() for positions in places.values() for position in positions}
        for batch in self._batches:
            trace = Trace(built, self._signature, batch)
            for position, found in classes.items():
                found.add(trace.column(position))
        return {half: [classes[p].labels() for p in positions] for half, positions in places.items()}


class _Classes:
    """Classes of positions by the value of one line, batch after batch; no value is a class too."""

    def __init__(self) -> None:
        self._number: dict[Value | None, int] = {None: 0}
        self._parts: list[Labels] = []

    def add(self, column: Column) -> None:
        """Take up the next batch."""
        if isinstance(column, Categorical):
            values, index = column.values, column.index
        else:
            distinct, index = np.unique(np.round(column.numbers, _DIGITS), return_inverse=True)
            values = tuple(None if x != x else x + 0.0 for x in distinct.tolist())
        table = [self._number.setdefault(value, len(self._number)) for value in values]
        self._parts.append(np.array([*table, 0], dtype=np.int64)[index].reshape(-1))

    def labels(self) -> Labels:
        """The classes of all positions."""
        return np.concatenate(self._parts)


def lines_by_half_layer(program: Program) -> dict[int, list[int]]:
    """Where `compile` puts the lines of a fused program; a selector width is in a head and in an MLP."""
    layers = allocate_layers(program)
    places: dict[int, list[int]] = defaultdict(list)
    for offset, layer_of in enumerate((layers.attention, layers.mlp)):
        for position, layer in layer_of.items():
            places[2 * layer + offset].append(position)
    return dict(places)


def half_layer_outputs(model: TransformerProgram, batches: Iterable[Batch]) -> list[Vectors]:
    """What each half-layer writes at every position but BOS: [positions, dims that vary] each."""
    rows = np.array([model.input_encoder.row(token) for token in model.signature.vocab])
    parts: list[list[NDArray[np.float32]]] = [[] for _ in range(2 * model.config.n_layers)]
    for batch in batches:
        ids = np.full((len(batch), batch.shape[1] + 1), model.input_encoder.bos)
        ids[:, 1:] = rows[batch]
        with torch.inference_mode():
            _, cache = model.run_with_cache(torch.from_numpy(ids))
        for half, found in enumerate(parts):
            name = "hook_mlp_out" if half % 2 else "hook_attn_out"
            written = cache[f"blocks.{half // 2}.{name}"][:, 1:]
            found.append(written.reshape(-1, model.config.d_model).numpy())
    whole = [np.concatenate(found).astype(np.float64) for found in parts]
    return [vectors[:, np.ptp(vectors, axis=0) > 0] for vectors in whole]
