"""The residual stream after each half-layer, a column a named direction (thesis, Figure 3.5)."""

from __future__ import annotations

from collections.abc import Sequence

from inverse_tracr.rasp.values import Value
from inverse_tracr.report.parts import EMBEDDING
from inverse_tracr.report.pictures.activations import activations, residual_axis
from inverse_tracr.report.pictures.heat import Heat, sheet
from inverse_tracr.report.study import Study

MOST_NAMED = 160


def residual_picture(study: Study, tokens: Sequence[Value]) -> str:
    """The stream on one input: positions from top to bottom, dimensions from left to right."""
    run = activations(study, tokens)
    axis = residual_axis(study)
    named = len(axis.dims) <= MOST_NAMED
    names = axis.labels if named else _first_of_group(axis.groups)
    steps = [(EMBEDDING, "after the embeddings")]
    steps += [(half.rank, f"after {half.name}") for half in study.halves if half.active]
    panels = [
        Heat(
            title,
            run.residual(rank)[:, list(axis.dims)],
            run.positions,
            names,
            axis.groups,
            side=13.0 if named else 6.0,
        )
        for rank, title in steps
    ]
    label = (
        f"The residual stream after each of {len(panels)} steps on the input {' '.join(run.positions[1:])}"
    )
    return sheet([[panel] for panel in panels], label)


def _first_of_group(groups: Sequence[str]) -> list[str]:
    """The name of each group at its first column, where there is no room for every column's."""
    return [name if i == 0 or groups[i - 1] != name else "" for i, name in enumerate(groups)]
