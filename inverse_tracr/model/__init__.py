"""Transformer programs: sizes, weights, encoders, the forward pass, files and bridges.

In come arrays, model files and the models of Tracr and TransformerLens; out go decoded outputs,
activations and files. Nothing here knows how a model came to be, compiled or trained, nor what
program it computes. Loaded files are checked before anything in them is believed.
"""

from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.encoders import (
    CategoricalOutput,
    Decoded,
    InputEncoder,
    NumericalOutput,
    OutputEncoder,
    TokenError,
)
from inverse_tracr.model.transformer_program import TransformerProgram
from inverse_tracr.model.weights import Weights, weight_shapes

__all__ = [
    "CategoricalOutput",
    "Decoded",
    "InputEncoder",
    "ModelConfig",
    "NumericalOutput",
    "OutputEncoder",
    "TokenError",
    "TransformerProgram",
    "Weights",
    "weight_shapes",
]
