"""Small models for the tests of model/."""

from __future__ import annotations

import numpy as np
import torch

from inverse_tracr.model import (
    CategoricalOutput,
    InputEncoder,
    ModelConfig,
    NumericalOutput,
    TransformerProgram,
    Weights,
    weight_shapes,
)

TOKENS = ("compiler_bos", "b", 3, "a", "compiler_pad")
VALUES = ("x", 1, 2.5, (1, "y"))
ENCODER = InputEncoder(TOKENS, bos=0, pad=4, max_seq_len=5)


def random_weights(config: ModelConfig, seed: int = 0) -> Weights:
    """Weights of normal numbers, biases too, small enough for the softmax to stay soft."""
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config)
    return Weights(
        **{name: 0.4 * rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    )


def random_model(
    seed: int = 0, *, n_layers: int = 2, causal: bool = False, numerical: bool = False
) -> TransformerProgram:
    """A model of 5 tokens and up to 5 positions whose sizes all differ."""
    output = NumericalOutput() if numerical else CategoricalOutput(VALUES)
    config = ModelConfig(
        n_layers=n_layers,
        n_heads=2,
        d_model=8,
        d_head=3,
        d_mlp=7,
        n_ctx=6,
        d_vocab=len(TOKENS),
        d_vocab_out=output.columns,
        causal=causal,
    )
    return TransformerProgram(config, random_weights(config, seed), ENCODER, output)


def all_equal(one: TransformerProgram, other: TransformerProgram) -> bool:
    """Whether two models are the same to the last bit."""
    tensors, others = one.state_dict(), other.state_dict()
    return (
        one.config == other.config
        and one.input_encoder == other.input_encoder
        and one.output_encoder == other.output_encoder
        and tensors.keys() == others.keys()
        and all(torch.equal(tensor, others[name]) for name, tensor in tensors.items())
    )
