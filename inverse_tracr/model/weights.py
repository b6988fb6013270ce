"""The parameters of a transformer program as plain arrays, stacked over layers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.shapes import Float32


@dataclass(frozen=True, eq=False)
class Weights:
    """Every parameter, float32, named and oriented as TransformerLens has them.

    A bias that is left out is zero. The arrays are not copied and must not be written to afterwards.
    Raises TypeError for an array of another type; shapes are compared by `check`, not here.
    """

    W_E: Float32[np.ndarray, "d_vocab d_model"]
    W_pos: Float32[np.ndarray, "n_ctx d_model"]
    W_Q: Float32[np.ndarray, "n_layers n_heads d_model d_head"]
    W_K: Float32[np.ndarray, "n_layers n_heads d_model d_head"]
    W_V: Float32[np.ndarray, "n_layers n_heads d_model d_head"]
    W_O: Float32[np.ndarray, "n_layers n_heads d_head d_model"]
    W_in: Float32[np.ndarray, "n_layers d_model d_mlp"]
    W_out: Float32[np.ndarray, "n_layers d_mlp d_model"]
    W_U: Float32[np.ndarray, "d_model d_vocab_out"]
    b_Q: Float32[np.ndarray, "n_layers n_heads d_head"] = None  # pyright: ignore[reportAssignmentType]
    b_K: Float32[np.ndarray, "n_layers n_heads d_head"] = None  # pyright: ignore[reportAssignmentType]
    b_V: Float32[np.ndarray, "n_layers n_heads d_head"] = None  # pyright: ignore[reportAssignmentType]
    b_O: Float32[np.ndarray, "n_layers d_model"] = None  # pyright: ignore[reportAssignmentType]
    b_in: Float32[np.ndarray, "n_layers d_mlp"] = None  # pyright: ignore[reportAssignmentType]
    b_out: Float32[np.ndarray, "n_layers d_model"] = None  # pyright: ignore[reportAssignmentType]
    b_U: Float32[np.ndarray, " d_vocab_out"] = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self) -> None:
        given = self.__dict__
        for name in TENSORS:
            array: np.ndarray | None = given[name]
            if array is None:
                given[name] = np.zeros(_bias_shape(name, self), dtype=np.float32)
            elif array.dtype != np.float32:
                raise TypeError(f"{name}: expected float32, got {array.dtype}")

    def config(self, causal: bool = False) -> ModelConfig:
        """The sizes that these arrays have; raises ValueError when they contradict each other."""
        n_layers, n_heads, d_model, d_head = self.W_Q.shape
        config = ModelConfig(
            n_layers=n_layers,
            n_heads=n_heads,
            d_model=d_model,
            d_head=d_head,
            d_mlp=self.W_in.shape[-1],
            n_ctx=len(self.W_pos),
            d_vocab=len(self.W_E),
            d_vocab_out=self.W_U.shape[-1],
            causal=causal,
        )
        self.check(config)
        return config

    def check(self, config: ModelConfig) -> None:
        """Raise ValueError, naming the array, unless every shape is what `config` says."""
        for name, shape in weight_shapes(config).items():
            array: np.ndarray = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")


TENSORS = tuple(field.name for field in fields(Weights))


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The shape of every array of `Weights` for these sizes."""
    heads = (config.n_layers, config.n_heads)
    read = (*heads, config.d_model, config.d_head)
    return {
        "W_E": (config.d_vocab, config.d_model),
        "W_pos": (config.n_ctx, config.d_model),
        "W_Q": read,
        "W_K": read,
        "W_V": read,
        "W_O": (*heads, config.d_head, config.d_model),
        "W_in": (config.n_layers, config.d_model, config.d_mlp),
        "W_out": (config.n_layers, config.d_mlp, config.d_model),
        "W_U": (config.d_model, config.d_vocab_out),
        "b_Q": (*heads, config.d_head),
        "b_K": (*heads, config.d_head),
        "b_V": (*heads, config.d_head),
        "b_O": (config.n_layers, config.d_model),
        "b_in": (config.n_layers, config.d_mlp),
        "b_out": (config.n_layers, config.d_model),
        "b_U": (config.d_vocab_out,),
    }


_MATRIX_OF_BIAS = {name: "W" + name[1:] for name in TENSORS if name.startswith("b")}


def _bias_shape(name: str, weights: Weights) -> tuple[int, ...]:
    """Shape of a bias: that of the matrix whose product it is added to, less the axis summed over."""
    shape: tuple[int, ...] = getattr(weights, _MATRIX_OF_BIAS[name]).shape
    leading = shape[:1] if name == "b_O" else shape[:-2]  # heads share one b_O
    return (*leading, shape[-1])
