"""Puts together the streams of a model that no input gives."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.loose import Head, Loose
from inverse_tracr.metamodel.moves import Moves
from inverse_tracr.metamodel.parts import Directions, written_directions
from inverse_tracr.metamodel.sites import Index, Sites
from inverse_tracr.metamodel.view import PROJECTED, View, below_best, half_of
from inverse_tracr.metamodel.wiring import LEAST_READ, Wiring
from inverse_tracr.model import CategoricalOutput, TransformerProgram

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ABSENT = 0.12
"""Share of the sites into whose stream a part writes nothing: a constant can be told from nothing."""


def loose_view(model: TransformerProgram, sites: Sites, *, key: int = 0) -> View:
    """A model on streams that no input gives; its outputs are categorical."""
    return _Loosening(model, sites, key).done()


class _Loosening:
    def __init__(self, model: TransformerProgram, sites: Sites, key: int) -> None:
        config, encoder = model.config, model.input_encoder
        self._model, self._sites, self._w = model, sites, model.weights()
        self._random = np.random.default_rng([17, config.d_model, key])
        self._tokens = self._random.integers(0, len(model.signature.vocab), sites.count)
        self._positions = self._random.integers(0, config.max_seq_len, sites.count)
        ids = np.array([encoder.row(token) for token in model.signature.vocab])
        embedded = self._w.W_E[ids[self._tokens]].astype(np.float64)
        self._stream = embedded + self._w.W_pos[1 + self._positions]
        with torch.inference_mode():
            _, cache = model.run_with_cache(torch.tensor([[encoder.bos, int(ids[0])]]))
        self._bos, self._bos_between = (
            [
                cache[f"blocks.{layer}.{name}"][0, 0].numpy().astype(np.float64)
                for layer in range(config.n_layers)
            ]
            for name in ("hook_resid_pre", "hook_resid_mid")
        )
        self._rows = self._w.W_E[ids].astype(np.float64)
        self._widths: dict[Head, Floats] = {}
        self._moved: dict[Head, Index] = {}
        self._shown: dict[Head, Mask] = {}
        self._counts: dict[Head, Index] = {}
        self._never: set[Head] = set()
        self._directions: list[Directions] = []

    def done(self) -> View:
        config, count = self._model.config, self._sites.count
        nothing, everywhere = np.arange(count), np.ones(count, np.bool_)
        order: list[Index] = []
        present: list[Mask] = []
        reads, writes, scores = [self._stream], list[Floats](), list[Floats]()
        for layer in range(config.n_layers):
            scores.append(self._scores(layer))
            written = self._attended(layer)
            order.append(nothing)
            present.append(everywhere)
            writes.append(written)
            self._stream = self._stream + written
            reads.append(self._stream)
            written = self._neurons(layer)
            order.append(self._random.permutation(count))
            present.append(self._random.random(count) >= ABSENT)
            writes.append(written)
            self._stream = self._stream + written[order[-1]] * present[-1][:, None]
            reads.append(self._stream)
        moves = Moves(self._w, np.array(reads), np.array(writes))
        outputs = tuple(self._outputs(written) for written in [*writes, self._stream])
        wiring = Wiring(
            self._w, tuple(self._directions), self._w.W_E[self._model.input_encoder.bos].astype(np.float64)
        )
        loose = Loose(
            self._tokens, self._positions, self._rows, tuple(order), tuple(present), self._moved, self._shown,
            self._counts, self._widths, frozenset(self._never), outputs, moves, wiring,
        )  # fmt: skip
        output = self._model.output_encoder
        assert isinstance(output, CategoricalOutput)
        projection = np.eye(config.d_model)
        if config.d_model > PROJECTED:
            projection = self._random.standard_normal((config.d_model, PROJECTED))
        residual = float(np.sqrt((reads[0] ** 2).sum() / count))
        halves = tuple(
            half_of(
                written @ projection,
                float(np.ptp(written, axis=0).max()) / residual,
                scores[at // 2] if at % 2 == 0 else scores[0][:0],
            )
            for at, written in enumerate(writes)
        )
        return View(self._sites, halves, outputs[0], output.values, None, loose)

    def _outputs(self, written: Floats) -> Index:
        output = self._model.output_encoder
        assert isinstance(output, CategoricalOutput)
        logits = (written @ self._w.W_U + self._w.b_U).astype(np.float32)
        return output.indices(logits[None])[0].astype(np.intp)

    def _scores(self, layer: int) -> Floats:
        """Scores of a key below the query's best, BOS among them [heads, pairs]."""
        w, grid, stream = self._w, self._sites.grid, self._stream
        found = np.zeros((w.W_Q.shape[1], len(grid.queries)))
        for head in range(len(found)):
            queries = stream @ w.W_Q[layer, head] + w.b_Q[layer, head]
            keys = stream @ w.W_K[layer, head] + w.b_K[layer, head]
            bos = self._bos[layer] @ w.W_K[layer, head] + w.b_K[layer, head]
            root = np.sqrt(w.W_Q.shape[-1])
            own = np.einsum("pd,pd->p", queries[grid.queries], keys[grid.keys]) / root
            best = np.maximum(np.maximum.reduceat(own, grid.starts), queries @ bos / root)
            found[head] = below_best(own - best[grid.queries])
            if found[head].max() < -1:
                self._never.add((layer, head))
        return found

    def _attended(self, layer: int) -> Floats:
        w, count = self._w, self._sites.count
        written = np.zeros(self._stream.shape)
        for head in range(w.W_Q.shape[1]):
            values = self._value(self._stream, layer, head)
            bos = self._value(self._bos[layer][None], layer, head)
            scale = max(float(np.abs(values).max()), float(np.abs(bos).max()))
            if scale == 0:
                continue
            place = layer, head
            if float(np.abs(values).max()) < LEAST_READ * scale:
                self._counts[place] = self._random.integers(0, self._model.config.max_seq_len + 1, count)
                written += bos / (1 + self._counts[place])[:, None]
                continue
            self._moved[place] = self._random.permutation(count)
            self._shown[place] = self._random.random(count) >= ABSENT
            written += values[self._moved[place]] * self._shown[place][:, None]
        return written

    def _value(self, stream: Floats, layer: int, head: int) -> Floats:
        w = self._w
        return (stream @ w.W_V[layer, head] + w.b_V[layer, head]) @ w.W_O[layer, head].astype(np.float64)

    def _neurons(self, layer: int) -> Floats:
        w = self._w
        w_in, w_out = w.W_in[layer].astype(np.float64), w.W_out[layer].astype(np.float64)
        active = np.maximum(self._stream @ w_in + w.b_in[layer], 0)
        at_bos = np.maximum(self._bos_between[layer] @ w_in + w.b_in[layer], 0)
        nothing = written_directions(active[:, :0], at_bos[:0], w_out[:0], self._random)
        self._directions += [nothing, written_directions(active, at_bos, w_out, self._random)]
        for place, counts in self._counts.items():
            if place[0] == layer:
                self._widths[place] = self._width_vectors(place, counts, active, at_bos > LEAST_READ)
        return active @ w_out + w.b_out[layer]

    def _width_vectors(self, place: Head, counts: Index, active: Floats, at_bos: Mask) -> Floats:
        """What an MLP writes for each number of keys that a head counts: by neurons that read what it writes,
        and by those that always write into the same dimensions.
        """
        w_in, w_out = self._w.W_in[place[0]], self._w.W_out[place[0]].astype(np.float64)
        number = self._value(self._bos[place[0]][None], *place)[0]
        norms = np.sqrt((w_in.astype(np.float64) ** 2).sum(axis=0))
        reading = np.abs(number @ w_in) > LEAST_READ * norms * np.sqrt((number**2).sum())
        always = at_bos & ~reading & (np.ptp(active, axis=0) < LEAST_READ)
        reading |= always & (np.abs(w_out @ w_out[reading].T).max(axis=1, initial=0.0) > LEAST_READ)
        written = active[:, reading] @ w_out[reading]
        return np.array([written[counts == width][:1].sum(axis=0) for width in range(int(counts.max()) + 1)])
