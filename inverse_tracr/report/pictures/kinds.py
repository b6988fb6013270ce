"""The kinds of picture, by the names that the command line has for them."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from inverse_tracr.rasp.values import Value
from inverse_tracr.report.graph_svg import graph_picture
from inverse_tracr.report.pictures.heads import heads_picture
from inverse_tracr.report.pictures.mlp import mlp_picture
from inverse_tracr.report.pictures.residual import residual_picture
from inverse_tracr.report.study import Study


class PictureKind(enum.Enum):
    """What a picture shows."""

    GRAPH = "graph"
    """The program as a layered graph, with the residual stream's subspaces."""
    RESIDUAL = "residual"
    """The residual stream after each half-layer on an input."""
    HEADS = "heads"
    """Truth table, scores, pattern and output of each head on an input."""
    MLP = "mlp"
    """Inputs, weights, hidden layer and outputs of each MLP on an input."""


def picture(kind: PictureKind, study: Study, tokens: Sequence[Value]) -> str:
    """A picture as an SVG file; `tokens` is the input, which the graph does not need."""
    match kind:
        case PictureKind.GRAPH:
            return graph_picture(study)
        case PictureKind.RESIDUAL:
            return residual_picture(study, tokens)
        case PictureKind.HEADS:
            return heads_picture(study, tokens)
        case PictureKind.MLP:
            return mlp_picture(study, tokens)
