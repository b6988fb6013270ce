"""Pictures of a model and its program: each a function from a study to the text of an SVG file.

Names in them come from the found program. They have light colours written in, since they are meant for
papers and for viewers that know no style variables.
"""

from __future__ import annotations

from inverse_tracr.report.graph_svg import graph_picture
from inverse_tracr.report.pictures.embedding import embedding_picture, find_embedding, folding_picture
from inverse_tracr.report.pictures.heads import heads_picture
from inverse_tracr.report.pictures.kinds import PictureKind, picture
from inverse_tracr.report.pictures.learning_curve import learning_curve_picture
from inverse_tracr.report.pictures.mlp import mlp_picture
from inverse_tracr.report.pictures.png import to_png
from inverse_tracr.report.pictures.pruning import pruning_picture
from inverse_tracr.report.pictures.residual import residual_picture
from inverse_tracr.report.pictures.side_by_side import side_by_side_picture
from inverse_tracr.report.pictures.token_grid import token_grid_picture

__all__ = [
    "PictureKind",
    "embedding_picture",
    "find_embedding",
    "folding_picture",
    "graph_picture",
    "heads_picture",
    "learning_curve_picture",
    "mlp_picture",
    "picture",
    "pruning_picture",
    "residual_picture",
    "side_by_side_picture",
    "to_png",
    "token_grid_picture",
]
