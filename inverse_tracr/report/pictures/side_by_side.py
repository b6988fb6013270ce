"""Models of one program side by side: their residual streams on one input (thesis, Figure 7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.values import Value
from inverse_tracr.report.parts import EMBEDDING
from inverse_tracr.report.pictures.activations import activations, residual_axis, run_model
from inverse_tracr.report.pictures.heat import Heat, sheet
from inverse_tracr.report.study import Study


def side_by_side_picture(
    study: Study, others: Sequence[tuple[str, TransformerProgram]], tokens: Sequence[Value]
) -> str:
    """A row for each half-layer that does anything: the studied model, named, then the others.

    Raises BadInputError for models that do not read the same inputs or have other layers.
    """
    for name, other in others:
        if other.signature != study.model.signature or other.config.n_layers != study.model.config.n_layers:
            raise BadInputError(
                "the models are not of one program",
                where=name,
                expected="equal vocabularies, lengths of inputs and layers",
                got=f"{other!r}",
            )
    run, axis = activations(study, tokens), residual_axis(study)
    runs = [(name, run_model(other, tokens)) for name, other in others]
    steps = [(EMBEDDING, "embeddings")]
    steps += [(half.rank, half.name) for half in study.halves if half.active]
    rows: list[list[Heat]] = []
    for rank, step in steps:
        named = run.residual(rank)[:, list(axis.dims)]
        row = [Heat(f"after {step}", named, run.positions, axis.labels, axis.groups)]
        for name, other in runs:
            stream = other.residual(rank)
            row.append(Heat(name, stream, run.positions, [""] * stream.shape[1]))
        rows.append(row)
    return sheet(rows, f"{1 + len(others)} models of one program on the input {' '.join(run.positions[1:])}")
