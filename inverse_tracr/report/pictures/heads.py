"""Attention heads: truth table of W_Q W_K, scores and pattern on an input, what is written (Figure 3.6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inverse_tracr.rasp.values import Value
from inverse_tracr.report.parts import Sublayer
from inverse_tracr.report.pictures.activations import Activations, activations, residual_axis, significant
from inverse_tracr.report.pictures.heat import Heat, sheet
from inverse_tracr.report.study import Study


def heads_picture(study: Study, tokens: Sequence[Value]) -> str:
    """A row of matrices for each head that writes something."""
    run = activations(study, tokens)
    rows = [
        _head(study, run, half.layer, head)
        for half in study.halves
        if half.sublayer is Sublayer.ATTENTION
        for head in half.heads
    ]
    return sheet(rows, f"Attention heads on the input {' '.join(run.positions[1:])}")


def _head(study: Study, run: Activations, layer: int, head: int) -> list[Heat]:
    weights, axis = study.model.weights(), residual_axis(study)
    w_q, w_k = weights.W_Q[layer, head].astype(np.float64), weights.W_K[layer, head].astype(np.float64)
    product = w_q @ w_k.T / study.model.config.d_head**0.5
    queries, keys = axis.only(significant(product, 0)), axis.only(significant(product, 1))
    written = run.layer(layer, "attn.hook_z")[:, head] @ weights.W_O[layer, head].astype(np.float64)
    columns = axis.only(significant(weights.W_O[layer, head].astype(np.float64), 1))
    lines = [study.line(p).split(" = ")[0] for p in study.lines_of_head((layer, head))]
    name = f"head {layer}.{head}" + (f" ({', '.join(lines)})" if lines else "")
    scores = run.layer(layer, "attn.hook_attn_scores")[head]
    return [
        Heat(
            f"{name}: W_Q W_Kᵀ / √d_head",
            product[np.ix_(queries.dims, keys.dims)],
            queries.labels,
            keys.labels,
            keys.groups,
        ),
        Heat("scores", np.where(np.isfinite(scores), scores, 0.0), run.positions, run.positions),
        Heat(
            "attention pattern",
            run.layer(layer, "attn.hook_pattern")[head],
            run.positions,
            run.positions,
            numbers=True,
        ),
        Heat("written", written[:, list(columns.dims)], run.positions, columns.labels, columns.groups),
    ]
