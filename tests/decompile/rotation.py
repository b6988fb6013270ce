"""Models whose residual stream is turned: the same function, no dimension that holds one thing."""

from __future__ import annotations

import numpy as np

from inverse_tracr.model import TransformerProgram, Weights


def rotated(model: TransformerProgram, *, seed: int) -> TransformerProgram:
    """The model with its residual stream multiplied by a random orthogonal matrix."""
    random = np.random.default_rng(seed)
    size = model.config.d_model
    turn = np.linalg.qr(random.normal(size=(size, size)))[0]
    weights = model.weights()

    def written(matrix: np.ndarray) -> np.ndarray:
        return (matrix.astype(np.float64) @ turn).astype(np.float32)

    def read(matrix: np.ndarray) -> np.ndarray:
        return (turn.T @ matrix.astype(np.float64)).astype(np.float32)

    return TransformerProgram(
        model.config,
        Weights(
            W_E=written(weights.W_E),
            W_pos=written(weights.W_pos),
            W_Q=read(weights.W_Q),
            W_K=read(weights.W_K),
            W_V=read(weights.W_V),
            W_O=written(weights.W_O),
            W_in=read(weights.W_in),
            W_out=written(weights.W_out),
            W_U=read(weights.W_U),
        ),
        model.input_encoder,
        model.output_encoder,
    )
