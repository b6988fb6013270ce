"""Transformer programs: sizes, weights, encoders, the forward pass, files and bridges.

In come arrays, model files and the models of Tracr and TransformerLens; out go decoded outputs,
activations and files. Nothing here knows how a model came to be, compiled or trained, nor what
program it computes. Loaded files are checked before anything in them is believed.
"""

from inverse_tracr.model.bridges.exporting import (
    TransformerLensVersion,
    export_transformer_lens,
    to_transformer_lens,
    transformer_lens_config,
)
from inverse_tracr.model.bridges.importing import import_model
from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.encoders import (
    CategoricalOutput,
    Decoded,
    InputEncoder,
    NumericalOutput,
    OutputEncoder,
    TokenError,
)
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.files import load, read_provenance, save
from inverse_tracr.model.transformer_program import Provenance, TransformerProgram
from inverse_tracr.model.weights import Weights, weight_shapes

__all__ = [
    "CategoricalOutput",
    "Decoded",
    "InputEncoder",
    "ModelConfig",
    "ModelFileError",
    "NumericalOutput",
    "OutputEncoder",
    "Provenance",
    "TokenError",
    "TransformerLensVersion",
    "TransformerProgram",
    "Weights",
    "export_transformer_lens",
    "import_model",
    "load",
    "read_provenance",
    "save",
    "to_transformer_lens",
    "transformer_lens_config",
    "weight_shapes",
]
