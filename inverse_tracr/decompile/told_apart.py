"""Evidence by execution: the neurons that tell apart the values of a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.search.probes import Probes, draw_probes
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.interpreter import Categorical, Trace
from inverse_tracr.rasp.program import Program, Select

Floats = NDArray[np.float64]

PROBES = 200

LEAST_TOLD = 0.5
"""Share of a neuron's variance that lies between the values of a line, from which it tells them apart."""

LEAST_WRITTEN = 0.01
"""Share of what an MLP writes that a neuron must write to be named."""


def with_neurons(
    model: TransformerProgram, program: Program, evidence: Sequence[LineEvidence]
) -> tuple[LineEvidence, ...]:
    """The evidence, neurons named where a line was found in an MLP by what that does, not by its weights.

    A neuron is named for each line whose values explain half of its variance on probes.
    """
    wanted = {e.line: e.half_layer // 2 for e in evidence if e.half_layer is not None and _lacks_neurons(e)}
    if not wanted:
        return tuple(evidence)
    probes = draw_probes(model.signature, PROBES, seed=23)
    try:
        values = _values(program, model, probes)
    except InverseTracrError:
        return tuple(evidence)
    written = _written(model, probes)
    return tuple(
        replace(e, neurons=_named(wanted[e.line], written[wanted[e.line]], values[e.line]))
        if e.line in wanted and e.line in values
        else e
        for e in evidence
    )


def _lacks_neurons(entry: LineEvidence) -> bool:
    return entry.half_layer is not None and entry.half_layer % 2 == 1 and not entry.neurons


def _named(layer: int, written: Floats, labels: NDArray[np.intp]) -> tuple[str, ...]:
    """Neurons of a layer, as `layer.neuron`: those that write enough and tell the labels apart."""
    spread = written.var(axis=0)
    counts = np.bincount(labels)
    means = (
        np.stack([np.bincount(labels, weights=column) for column in written.T], axis=1)
        / np.maximum(counts, 1)[:, None]
    )
    between = (counts[:, None] * (means - written.mean(axis=0)) ** 2).sum(axis=0) / len(labels)
    told = (between >= LEAST_TOLD * spread) & (spread >= LEAST_WRITTEN * max(float(spread.sum()), 1e-12))
    return tuple(f"{layer}.{neuron}" for neuron in np.flatnonzero(told).tolist())


def _values(program: Program, model: TransformerProgram, probes: Probes) -> dict[str, NDArray[np.intp]]:
    """Labels of the values of every s-op by its name, positions of all probes one behind the other."""
    parts: dict[str, list[Floats]] = {}
    for _, tokens in _by_length(probes):
        trace = Trace(program, model.signature, tokens)
        for ref, (name, line) in enumerate(zip(program.names, program.lines, strict=True)):
            if isinstance(line, Select):
                continue
            column = trace.column(ref)
            own = column.index if isinstance(column, Categorical) else np.round(column.numbers, 6)
            parts.setdefault(name, []).append(own.astype(np.float64).ravel())
    return {
        name: np.unique(np.nan_to_num(np.concatenate(own)), return_inverse=True)[1].astype(np.intp)
        for name, own in parts.items()
    }


def _written(model: TransformerProgram, probes: Probes) -> list[Floats]:
    """Of each layer what its neurons write, [positions, neurons]: activation by length of the output row."""
    lengths = np.linalg.norm(model.weights().W_out, axis=2)
    encoder = model.input_encoder
    ids = np.array([encoder.row(token) for token in model.signature.vocab])
    parts: list[list[Floats]] = [[] for _ in lengths]
    for count, tokens in _by_length(probes):
        batch = np.full((count, tokens.shape[1] + 1), encoder.bos)
        batch[:, 1:] = ids[tokens]
        with torch.inference_mode():
            _, cache = model.run_with_cache(torch.from_numpy(batch))
        for layer, own in enumerate(parts):
            after = cache[f"blocks.{layer}.mlp.hook_post"][:, 1:].numpy().astype(np.float64)
            own.append(after.reshape(-1, after.shape[2]) * lengths[layer])
    return [np.concatenate(own) for own in parts]


def _by_length(probes: Probes) -> list[tuple[int, NDArray[np.int64]]]:
    """Inputs of one length each, with their number."""
    found: list[tuple[int, NDArray[np.int64]]] = []
    for length in np.unique(probes.lengths).tolist():
        chosen = np.flatnonzero(probes.lengths == length)
        found.append((len(chosen), probes.tokens[chosen, :length]))
    return found
