"""Arrays of another project on their way to a TransformerProgram: each is taken once, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.encoders import InputEncoder, OutputEncoder
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.names import stack, tensor_shapes
from inverse_tracr.model.transformer_program import TransformerProgram

MAX_PARAMETERS = 2**28
"""The largest model that is built from foreign arrays: 1 GiB of float32."""

_NORMALISATION = re.compile(r"(^|[./])(ln|layer_norm|norm)[A-Za-z0-9_]*[./]")


@dataclass(frozen=True)
class Tensor:
    """An array under its own name in the file, in the shape and orientation that this project uses."""

    origin: str
    array: np.ndarray


Tensors = dict[str, Tensor]
"""Tensors by this project's names (`blocks.0.attn.W_Q`)."""


class ForeignArrays:
    """The arrays of a file, taken by name; `where` is the file."""

    def __init__(self, arrays: Mapping[str, np.ndarray], where: str) -> None:
        self._left = dict(arrays)
        self.where = where

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def names(self) -> Iterable[str]:
        """The names not yet taken."""
        return self._left.keys()

    def take(self, name: str, rank: int) -> Tensor:
        """The array of that name; raises ModelFileError when it is missing or of another rank."""
        if name not in self._left:
            raise ModelFileError("a tensor is missing", where=self.where, expected=name)
        array = self._left.pop(name)
        if array.ndim != rank:
            raise self.wrong(name, f"{rank} dimensions", str(list(array.shape)))
        return Tensor(name, array)

    def wrong(self, name: str, expected: str, got: str) -> ModelFileError:
        """The error for a tensor whose shape does not fit."""
        return ModelFileError(
            "the shape does not fit", where=f"{self.where}, tensor {name}", expected=expected, got=got
        )

    def close(self) -> None:
        """Raise ModelFileError when an array was not taken: the model does something unknown here."""
        for name in sorted(self._left):
            what = "LayerNorm is not supported" if _NORMALISATION.search(name) else "the tensor is unknown"
            raise ModelFileError(
                what,
                where=f"{self.where}, tensor {name}",
                expected="attention and a ReLU MLP in each layer, W_E, W_pos, W_U and nothing else",
            )


def count_layers(names: Iterable[str], pattern: str) -> int:
    """One more than the highest layer that `pattern`'s group finds at the start of a name."""
    found = (re.match(pattern, name) for name in names)
    return max((int(match[1]) + 1 for match in found if match), default=0)


def build(
    tensors: Tensors, input_encoder: InputEncoder, output_encoder: OutputEncoder, *, causal: bool, where: str
) -> TransformerProgram:
    """The model of these tensors; positions that no input reaches are dropped from W_pos.

    Raises ModelFileError, naming the tensor as its file does, when shapes and encoders contradict each
    other or the model is above 2^28 parameters.
    """
    positions = tensors["pos_embed.W_pos"]
    if len(positions.array) <= input_encoder.max_seq_len:
        raise ModelFileError(
            "the model knows too few positions",
            where=f"{where}, tensor {positions.origin}",
            expected=f"at least {input_encoder.max_seq_len + 1} rows (max_seq_len and BOS)",
            got=f"{len(positions.array)}",
        )
    tensors = tensors | {
        "pos_embed.W_pos": Tensor(positions.origin, positions.array[: input_encoder.max_seq_len + 1])
    }
    config = _sizes(tensors, causal)
    if config.parameter_count > MAX_PARAMETERS:
        raise ModelFileError(
            "the model is too large",
            where=where,
            expected=f"at most {MAX_PARAMETERS:,} parameters",
            got=f"{config.parameter_count:,}",
        )
    _check(tensors, config, where)
    _check_encoders(tensors, config, input_encoder, output_encoder, where)
    weights = stack(config, {name: tensor.array for name, tensor in tensors.items()})
    return TransformerProgram(config, weights, input_encoder, output_encoder)


def _sizes(tensors: Tensors, causal: bool) -> ModelConfig:
    """The sizes that the first layer and the embeddings speak of."""
    d_vocab, d_model = tensors["embed.W_E"].array.shape
    n_layers = count_layers(tensors, r"blocks\.(\d+)\.")
    n_heads, _, d_head = tensors["blocks.0.attn.W_Q"].array.shape if n_layers else (1, d_model, 1)
    return ModelConfig(
        n_layers=n_layers,
        n_heads=n_heads,
        d_model=d_model,
        d_head=d_head,
        d_mlp=tensors["blocks.0.mlp.W_in"].array.shape[1] if n_layers else 1,
        n_ctx=len(tensors["pos_embed.W_pos"].array),
        d_vocab=d_vocab,
        d_vocab_out=tensors["unembed.W_U"].array.shape[1],
        causal=causal,
    )


def _check(tensors: Tensors, config: ModelConfig, where: str) -> None:
    for name, shape in tensor_shapes(config).items():
        tensor = tensors[name]
        if tensor.array.shape != shape:
            raise ModelFileError(
                "the shape does not fit the rest of the model",
                where=f"{where}, tensor {tensor.origin}",
                expected=f"{name} of {list(shape)}",
                got=f"{list(tensor.array.shape)}",
            )


def _check_encoders(
    tensors: Tensors, config: ModelConfig, reads: InputEncoder, says: OutputEncoder, where: str
) -> None:
    if len(reads.tokens) != config.d_vocab:
        raise ModelFileError(
            "the description names a wrong number of tokens",
            where=f"{where}, tensor {tensors['embed.W_E'].origin}",
            expected=f"{config.d_vocab}, one a row, BOS and PAD included",
            got=f"{len(reads.tokens)}",
        )
    if says.columns != config.d_vocab_out:
        raise ModelFileError(
            "the description names a wrong number of outputs",
            where=f"{where}, tensor {tensors['unembed.W_U'].origin}",
            expected=f"{config.d_vocab_out}, one a column",
            got=f"{says.columns}",
        )
