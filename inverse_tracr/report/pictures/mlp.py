"""MLPs on an input: what is read, times W_in, ReLU, times W_out, what is written (Figures 3.7 and 3.8)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inverse_tracr.rasp.values import Value
from inverse_tracr.report.parts import HalfLayer, Sublayer
from inverse_tracr.report.pictures.activations import Activations, activations, residual_axis, significant
from inverse_tracr.report.pictures.heat import Heat, sheet
from inverse_tracr.report.study import Study


def mlp_picture(study: Study, tokens: Sequence[Value]) -> str:
    """A row of matrices for each MLP that has neurons in use."""
    run = activations(study, tokens)
    rows = [_mlp(study, run, half) for half in study.halves if half.sublayer is Sublayer.MLP and half.neurons]
    return sheet(rows, f"MLPs on the input {' '.join(run.positions[1:])}")


def _mlp(study: Study, run: Activations, half: HalfLayer) -> list[Heat]:
    weights, axis, neurons = study.model.weights(), residual_axis(study), list(half.neurons)
    w_in = weights.W_in[half.layer].astype(np.float64)[:, neurons]
    w_out = weights.W_out[half.layer].astype(np.float64)[neurons]
    reads, writes = axis.only(significant(w_in, 0)), axis.only(significant(w_out, 1))
    names = [_neuron(study, half.layer, n) for n in neurons]
    before, after = (run.layer(half.layer, f"mlp.hook_{name}")[:, neurons] for name in ("pre", "post"))
    written = run.layer(half.layer, "hook_mlp_out")
    entering = run.residual(half.rank - 1)
    return [
        Heat(
            f"{half.name}: read",
            entering[:, list(reads.dims)],
            run.positions,
            reads.labels,
            reads.groups,
        ),
        Heat("W_in", w_in[list(reads.dims)], reads.labels, names),
        Heat("hidden, with b_in", before, run.positions, names),
        Heat("after the ReLU", after, run.positions, names),
        Heat("W_out", w_out[:, list(writes.dims)], names, writes.labels, writes.groups),
        Heat("written", written[:, list(writes.dims)], run.positions, writes.labels, writes.groups),
    ]


def _neuron(study: Study, layer: int, neuron: int) -> str:
    """A neuron's number with the lines that it belongs to."""
    lines = [study.line(p).split(" = ")[0] for p in study.lines_of_neuron((layer, neuron))]
    return f"{' '.join(lines)} {layer}.{neuron}".strip()
