"""The forward pass without the parts that are all zero: what most of a compiled model is.

Compiled models pad every layer to the largest (heads, neurons, head size), and each half-layer reads and
writes few residual dimensions. Leaving zeros out changes no sum but the order in which it is formed.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from inverse_tracr.model.encoders import OutputEncoder
from inverse_tracr.model.transformer_program import TransformerProgram
from inverse_tracr.model.weights import Weights

_CELLS = 2**22
"""Floats that one activation of a batch may hold (16 MiB)."""
_SMALL = 2**22
"""Activations below which a second thread costs more than it saves."""


@dataclass(frozen=True)
class _Product:
    """A matrix cut down to the rows that hold something, with its bias.

    One that only picks rows (None) costs no multiplication, nor does a bias that is zero (None).
    """

    rows: Tensor
    matrix: Tensor | None
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        product = x[..., self.rows] if self.matrix is None else x[..., self.rows] @ self.matrix
        return product if self.bias is None else product + self.bias


@dataclass(frozen=True)
class _Head:
    """`output` is None where what is moved is written as it is, to `columns`."""

    query: _Product
    key: _Product
    value: _Product
    output: Tensor | None
    columns: Tensor
    scale: float


@dataclass(frozen=True)
class _Layer:
    heads: tuple[_Head, ...]
    attention_bias: Tensor | None
    read: _Product
    written: Tensor
    columns: Tensor
    bias: Tensor | None


class TrimmedModel:
    """A model's forward pass, zeros left out; made from a model and not changed by it afterwards."""

    def __init__(self, model: TransformerProgram) -> None:
        weights = model.weights()
        self._model = model
        self._embed = _tensor(weights.W_E)
        self._positions = _tensor(weights.W_pos)
        self._unembed = _product(_tensor(weights.W_U), _tensor(weights.b_U))
        self._layers = tuple(self._layer(weights, layer) for layer in range(model.config.n_layers))
        encoder = model.input_encoder
        self._bos = encoder.bos
        self._rows = torch.tensor([encoder.row(token) for token in model.signature.vocab])
        self._widest = max([self._embed.shape[1], *(len(layer.written) for layer in self._layers)])

    def _layer(self, weights: Weights, layer: int) -> _Layer:
        heads = (self._head(weights, layer, head) for head in range(self._model.config.n_heads))
        w_in, w_out = _tensor(weights.W_in[layer]), _tensor(weights.W_out[layer])
        b_in = _tensor(weights.b_in[layer])
        live = torch.nonzero((w_out != 0).any(1) & ((w_in != 0).any(0) | (b_in > 0)))[:, 0]
        columns = torch.nonzero((w_out[live] != 0).any(0))[:, 0]
        return _Layer(
            tuple(head for head in heads if head is not None),
            _unless_zero(_tensor(weights.b_O[layer])),
            _product(w_in[:, live], b_in[live]),
            w_out[live][:, columns],
            columns,
            _unless_zero(_tensor(weights.b_out[layer])),
        )

    def _head(self, weights: Weights, layer: int, head: int) -> _Head | None:
        w_q, w_k, w_v, w_o = (
            _tensor(w[layer, head]) for w in (weights.W_Q, weights.W_K, weights.W_V, weights.W_O)
        )
        b_q, b_k, b_v = (_tensor(b[layer, head]) for b in (weights.b_Q, weights.b_K, weights.b_V))
        used = torch.nonzero(((w_q != 0).any(0) | (b_q != 0)) & ((w_k != 0).any(0) | (b_k != 0)))[:, 0]
        moved = torch.nonzero((w_o != 0).any(1) & ((w_v != 0).any(0) | (b_v != 0)))[:, 0]
        if len(moved) == 0:
            return None
        columns = torch.nonzero((w_o[moved] != 0).any(0))[:, 0]
        output = w_o[moved][:, columns]
        if _picks(output) and _picks(output.mT):
            moved, output = moved[output.argmax(0)], None
        return _Head(
            _product(w_q[:, used], b_q[used]),
            _product(w_k[:, used], b_k[used]),
            _product(w_v[:, moved], b_v[moved]),
            output,
            columns,
            self._model.config.d_head**-0.5,
        )

    @property
    def output_encoder(self) -> OutputEncoder:
        """How the model's logits are read."""
        return self._model.output_encoder

    def logits_for(
        self, tokens: Int[np.ndarray, "batch length"]
    ) -> Float[np.ndarray, "batch length d_vocab_out"]:
        """Logits, BOS left out, of inputs given as indices into the signature's vocabulary."""
        count, length = tokens.shape
        batch = max(1, _CELLS // ((length + 1) * max(self._widest, length + 1)))
        rows = self._rows[torch.from_numpy(np.ascontiguousarray(tokens))]
        ids = torch.cat([torch.full((count, 1), self._bos), rows], dim=1)
        with torch.inference_mode(), _threads_for(count * length * self._widest):
            parts = [self._forward(ids[start : start + batch]) for start in range(0, count, batch)]
        return torch.cat(parts).numpy()

    def _forward(self, ids: Tensor) -> Tensor:
        residual = self._embed[ids] + self._positions[: ids.shape[1]]
        for layer in self._layers:
            written = [(head.columns, self._attend(head, residual)) for head in layer.heads]
            if layer.attention_bias is not None:
                residual = residual + layer.attention_bias
            for columns, update in written:
                residual.index_add_(2, columns, update)
            hidden = layer.read(residual).relu_()
            if layer.bias is not None:
                residual = residual + layer.bias
            if len(layer.columns):
                residual.index_add_(2, layer.columns, hidden @ layer.written)
        return self._unembed(residual[:, 1:])

    def _attend(self, head: _Head, residual: Tensor) -> Tensor:
        scores = head.query(residual) @ head.key(residual).mT * head.scale
        if self._model.config.causal:
            length = scores.shape[-1]
            scores.masked_fill_(~torch.ones(length, length, dtype=torch.bool).tril(), -torch.inf)
        moved = scores.softmax(-1) @ head.value(residual)
        return moved if head.output is None else moved @ head.output


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def _unless_zero(bias: Tensor) -> Tensor | None:
    return bias if bias.any() else None


def _picks(matrix: Tensor) -> bool:
    """Whether every column holds a single 1."""
    return bool(((matrix != 0).sum(0) == 1).all() and (matrix.sum(0) == 1).all())


def _product(matrix: Tensor, bias: Tensor) -> _Product:
    rows = torch.nonzero((matrix != 0).any(1))[:, 0]
    matrix = matrix[rows].contiguous()
    if _picks(matrix):
        return _Product(rows[matrix.argmax(0)] if len(rows) else rows, None, _unless_zero(bias))
    return _Product(rows, matrix, _unless_zero(bias))


@contextmanager
def _threads_for(work: int) -> Generator[None]:
    """One thread for small work."""
    threads = torch.get_num_threads()
    if work < _SMALL and threads > 1:
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
    else:
        yield
