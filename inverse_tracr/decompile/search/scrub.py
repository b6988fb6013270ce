"""What of a part's activations matters: they are replaced by means over classes, and the model runs on.

A partition of positions says enough about a part when the model's outputs stay as they were. Noise that no
later part reads changes nothing, however large it is.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.decompile.search.probes import Labels, Probes
from inverse_tracr.model import CategoricalOutput, TransformerProgram

ENOUGH = 0.995
"""Share of outputs that stay where nothing that matters was lost."""
CHANGED = 40.0
"""What outputs that change cost beside the lines that would keep them."""

MOST_RUN = 64
"""Probes on which the model runs on; means are taken over all."""
_SAME_NUMBER = 0.02
"""Numbers that differ by less than this share of their spread count as the same output."""


class Scrubber:
    """A model on probes, padded to one length, with what every part writes there."""

    def __init__(self, model: TransformerProgram, probes: Probes) -> None:
        self._model = model
        self._w = {name: torch.from_numpy(array) for name, array in vars(model.weights()).items()}
        self._mask = torch.from_numpy(probes.mask)
        self._few_mask = self._mask[:MOST_RUN]
        rows = np.array([model.input_encoder.row(token) for token in model.signature.vocab])
        ids = np.full((len(probes.lengths), probes.tokens.shape[1] + 1), model.input_encoder.bos)
        ids[:, 1:] = np.where(probes.mask, rows[probes.tokens], ids[:, 1:])
        keys = np.concatenate([np.ones((len(ids), 1), dtype=np.bool_), probes.mask], axis=1)
        unseen = torch.from_numpy(~keys)[:, None, None, :]
        if model.config.causal:
            unseen = unseen | ~torch.ones(keys.shape[1], keys.shape[1], dtype=torch.bool).tril()
        self._unseen = unseen
        self._known: dict[tuple[int, int, bytes], float] = {}
        with torch.inference_mode():
            residual = self._w["W_E"][torch.from_numpy(ids)] + self._w["W_pos"][: ids.shape[1]]
            self._after: list[Tensor] = []
            self._parts: list[list[Tensor]] = []
            for half in range(2 * model.config.n_layers):
                parts = self._written(half, residual)
                self._parts.append(parts)
                residual = residual + torch.stack(parts).sum(dim=0)
                self._after.append(residual)
            self._said = self._output(residual)
        numbers = self._said[self._mask].double()
        spread = float(numbers.std()) if len(numbers) > 1 else 0.0
        self._tolerance = 0.0 if self._names_values else _SAME_NUMBER * max(spread, 1e-3)

    @property
    def _names_values(self) -> bool:
        return isinstance(self._model.output_encoder, CategoricalOutput)

    def kept(self, half: int, part: int, labels: Labels) -> float:
        """Share of positions whose output stays when a part writes the mean over each class there.

        `part` is a head of an attention half-layer, 0 for an MLP. `labels` has a class for every position
        of the probes, as `Probes.mask` orders them.
        """
        key = half, part, labels.tobytes()
        if key not in self._known:
            self._known[key] = self._kept(half, part, labels)
        return self._known[key]

    def kept_by_half(self, half: int, labels: Labels) -> float:
        """The same for all that a half-layer writes."""
        return self._kept(half, None, labels)

    def _kept(self, half: int, part: int | None, labels: Labels) -> float:
        with torch.inference_mode():
            parts = self._parts[half]
            own = torch.stack(parts).sum(dim=0) if part is None else parts[part]
            rows = own[:, 1:][self._mask]
            codes = torch.from_numpy(np.unique(labels, return_inverse=True)[1])
            count = int(codes.max()) + 1
            sums = torch.zeros(count, rows.shape[1]).index_add_(0, codes, rows)
            means = sums / torch.bincount(codes, minlength=count)[:, None]
            few = len(self._few_mask)
            change = torch.zeros_like(own[:few])
            change[:, 1:][self._few_mask] = (means[codes] - rows)[: int(self._few_mask.sum())]
            residual = self._after[half][:few] + change
            for later in range(half + 1, len(self._after)):
                residual = residual + torch.stack(self._written(later, residual)).sum(dim=0)
            said = self._output(residual)
        same = torch.abs(said - self._said[:few]) <= self._tolerance
        return float(same[self._few_mask].double().mean())

    def _written(self, half: int, residual: Tensor) -> list[Tensor]:
        """What each head, or the MLP, of a half-layer writes; biases of the output go with the first."""
        w, layer = self._w, half // 2
        if half % 2:
            hidden = torch.relu(residual @ w["W_in"][layer] + w["b_in"][layer])
            return [hidden @ w["W_out"][layer] + w["b_out"][layer]]
        parts: list[Tensor] = []
        for head in range(self._model.config.n_heads):
            q, k, v = (residual @ w["W_" + x][layer, head] + w["b_" + x][layer, head] for x in "QKV")
            scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
            pattern = scores.masked_fill(self._unseen[: len(scores), 0], -torch.inf).softmax(dim=-1)
            parts.append(pattern @ v @ w["W_O"][layer, head])
        parts[0] = parts[0] + w["b_O"][layer]
        return parts

    def _output(self, residual: Tensor) -> Tensor:
        """The index of the value said at each position of an input, or the number."""
        logits = (residual @ self._w["W_U"] + self._w["b_U"])[:, 1:]
        if self._names_values:
            encoder = self._model.output_encoder
            assert isinstance(encoder, CategoricalOutput)
            said: NDArray[np.int64] = encoder.indices(logits.numpy())
            return torch.from_numpy(said)
        return logits[..., 0]
