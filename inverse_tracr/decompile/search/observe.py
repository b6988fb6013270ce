"""A model executed on probe inputs: what each half-layer and each head writes, and where heads look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.decompile.search.probes import Labels, Probes
from inverse_tracr.decompile.search.scrub import Scrubber
from inverse_tracr.model import CategoricalOutput, TransformerProgram

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Observation:
    """Activations on probes; arrays of positions leave BOS out, keys count it first.

    `half[h]`: what half-layer h writes, [inputs, positions, d_model]; `heads[layer][head]`: what a head
    writes; `patterns[layer][head]`: [inputs, queries, 1 + keys]. `output` is the index of the value that
    the model names (-1 for none), `numbers` its number where the output is numerical. `scale` is the
    typical distance between two embedded tokens. `scrubber` tells what of it matters.
    """

    probes: Probes
    half: list[Floats]
    heads: list[list[Floats]]
    patterns: list[list[Floats]]
    output: Labels
    numbers: Floats | None
    scale: float
    scrubber: Scrubber


def observe(model: TransformerProgram, probes: Probes) -> Observation:
    """Execute a model on probes, inputs of one length at a time."""
    config = model.config
    count, longest = probes.tokens.shape
    half = [np.zeros((count, longest, config.d_model), np.float32) for _ in range(2 * config.n_layers)]
    heads = [
        [np.zeros((count, longest, config.d_model), np.float32) for _ in range(config.n_heads)]
        for _ in range(config.n_layers)
    ]
    patterns = [
        [np.zeros((count, longest, longest + 1), np.float32) for _ in range(config.n_heads)]
        for _ in range(config.n_layers)
    ]
    logits = np.zeros((count, longest, config.d_vocab_out), np.float32)
    encoder = model.input_encoder
    rows = np.array([encoder.row(token) for token in model.signature.vocab])
    w_o = torch.from_numpy(model.weights().W_O)
    for length in np.unique(probes.lengths).tolist():
        chosen = np.nonzero(probes.lengths == length)[0]
        ids = np.full((len(chosen), length + 1), encoder.bos)
        ids[:, 1:] = rows[probes.tokens[chosen, :length]]
        with torch.inference_mode():
            found, cache = model.run_with_cache(torch.from_numpy(ids))
            logits[chosen, :length] = found[:, 1:].numpy()
            for layer in range(config.n_layers):
                name = f"blocks.{layer}."
                half[2 * layer][chosen, :length] = cache[name + "hook_attn_out"][:, 1:].numpy()
                half[2 * layer + 1][chosen, :length] = cache[name + "hook_mlp_out"][:, 1:].numpy()
                pattern = cache[name + "attn.hook_pattern"][:, :, 1:].numpy()
                written = torch.einsum("bphd,hdm->hbpm", cache[name + "attn.hook_z"], w_o[layer]).numpy()
                for head in range(config.n_heads):
                    patterns[layer][head][chosen, :length, : length + 1] = pattern[:, head]
                    heads[layer][head][chosen, :length] = written[head][:, 1:]
    categorical = isinstance(model.output_encoder, CategoricalOutput)
    output = (
        model.output_encoder.indices(logits) if isinstance(model.output_encoder, CategoricalOutput) else None
    )
    return Observation(
        probes,
        half,
        heads,
        patterns,
        np.full(probes.tokens.shape, -1) if output is None else output.astype(np.int64),
        None if categorical else logits[..., 0],
        _embedding_scale(model, rows),
        Scrubber(model, probes),
    )


def _embedding_scale(model: TransformerProgram, rows: Labels) -> float:
    """Typical distance between two embedded tokens (between two positions, where there is one token)."""
    weights = model.weights()
    vectors = weights.W_E[rows] if len(rows) > 1 else weights.W_pos[1:]
    if len(vectors) < 2:
        return 1.0
    gaps = np.linalg.norm(vectors[:, None] - vectors[None, :], axis=2)
    return float(np.median(gaps[np.triu_indices(len(vectors), 1)]))
