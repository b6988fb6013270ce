"""Models that compute the same as another one with other weights: what a user's Tracr-like model may be."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram, Weights

Arrays = dict[str, NDArray[np.float32]]
Random = np.random.Generator


def arrays_of(model: TransformerProgram) -> Arrays:
    """Copies of the weights by name."""
    weights = model.weights()
    return {field.name: getattr(weights, field.name).copy() for field in fields(Weights)}


def with_arrays(model: TransformerProgram, arrays: Arrays) -> TransformerProgram:
    """A model of the same encoders with other weights."""
    weights = Weights(**{name: np.ascontiguousarray(a, dtype=np.float32) for name, a in arrays.items()})
    config = weights.config(model.config.causal)
    return TransformerProgram(config, weights, model.input_encoder, model.output_encoder)


def permuted(model: TransformerProgram, random: Random) -> TransformerProgram:
    """Residual dimensions, heads, neurons and the inner dimensions of heads in another order."""
    a, c = arrays_of(model), model.config
    stream = random.permutation(c.d_model)
    for name in ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out"):
        a[name] = a[name][..., stream]
    for name in ("W_Q", "W_K", "W_V", "W_in"):
        a[name] = a[name][..., stream, :]
    a["W_U"] = a["W_U"][stream]
    for layer in range(c.n_layers):
        heads, neurons = random.permutation(c.n_heads), random.permutation(c.d_mlp)
        for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V"):
            a[name][layer] = a[name][layer][heads]
        a["W_in"][layer] = a["W_in"][layer][:, neurons]
        a["b_in"][layer] = a["b_in"][layer][neurons]
        a["W_out"][layer] = a["W_out"][layer][neurons]
        for head in range(c.n_heads):
            keys, values = random.permutation(c.d_head), random.permutation(c.d_head)
            for name in ("W_Q", "W_K", "b_Q", "b_K"):
                a[name][layer, head] = a[name][layer, head][..., keys]
            for name in ("W_V", "b_V"):
                a[name][layer, head] = a[name][layer, head][..., values]
            a["W_O"][layer, head] = a["W_O"][layer, head][values]
    return with_arrays(model, a)


def scaled(model: TransformerProgram, random: Random) -> TransformerProgram:
    """Neurons scaled before the ReLU and back behind it; keys against queries, values against outputs."""
    a = arrays_of(model)
    factors = random.choice([0.25, 0.5, 2.0, 4.0], size=a["b_in"].shape).astype(np.float32)
    a["W_in"] *= factors[:, None, :]
    a["b_in"] *= factors
    a["W_out"] /= factors[:, :, None]
    for one, other in (("W_Q", "W_K"), ("W_V", "W_O")):
        powers = random.choice([0.5, 1.0, 2.0], size=a[one].shape[:2]).astype(np.float32)[..., None, None]
        a[one] *= powers
        a[other] /= powers
    return with_arrays(model, a)


def noisy(model: TransformerProgram, random: Random, size: float = 1e-6) -> TransformerProgram:
    """Normal noise on every weight and bias."""
    a = arrays_of(model)
    return with_arrays(
        model,
        {n: (w + size * random.normal(size=w.shape)).astype(np.float32) for n, w in a.items()},
    )


def padded(model: TransformerProgram) -> TransformerProgram:
    """Larger heads, more heads and more neurons, all of zeros; queries scaled to keep the attention."""
    a, c = arrays_of(model), model.config
    inner, heads, neurons = 3, 2, 5
    a["W_Q"] *= np.float32(np.sqrt((c.d_head + inner) / c.d_head))
    for name in ("W_Q", "W_K", "W_V"):
        a[name] = np.pad(a[name], ((0, 0), (0, heads), (0, 0), (0, inner)))
    for name in ("b_Q", "b_K", "b_V"):
        a[name] = np.pad(a[name], ((0, 0), (0, heads), (0, inner)))
    a["W_O"] = np.pad(a["W_O"], ((0, 0), (0, heads), (0, inner), (0, 0)))
    a["W_in"] = np.pad(a["W_in"], ((0, 0), (0, 0), (0, neurons)))
    a["b_in"] = np.pad(a["b_in"], ((0, 0), (0, neurons)))
    a["W_out"] = np.pad(a["W_out"], ((0, 0), (0, neurons), (0, 0)))
    return with_arrays(model, a)


def with_dead_parts(model: TransformerProgram, random: Random) -> TransformerProgram:
    """Random neurons and heads that read but write nothing, and a dimension that nobody reads."""
    a = arrays_of(padded(model))
    c = model.config
    a["W_in"][:, :, c.d_mlp :] = random.normal(size=a["W_in"][:, :, c.d_mlp :].shape)
    a["W_Q"][:, c.n_heads :] = random.normal(size=a["W_Q"][:, c.n_heads :].shape)
    a["W_K"][:, c.n_heads :] = random.normal(size=a["W_K"][:, c.n_heads :].shape)
    for name in ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out"):
        widths = [(0, 0)] * (a[name].ndim - 1) + [(0, 1)]
        a[name] = np.pad(a[name], widths)
    for name in ("W_Q", "W_K", "W_V", "W_in"):
        widths = [(0, 0)] * (a[name].ndim - 2) + [(0, 1), (0, 0)]
        a[name] = np.pad(a[name], widths)
    a["W_U"] = np.pad(a["W_U"], ((0, 1), (0, 0)))
    a["W_out"][0, c.d_mlp :, -1] = 1.0
    return with_arrays(model, a)


def with_biases(model: TransformerProgram) -> TransformerProgram:
    """What reads the dimension that is always 1 turned into biases, and the dimension emptied."""
    a = arrays_of(model)
    constant = np.nonzero((a["W_E"] == 1).all(axis=0))[0].tolist()
    for matrix, bias in (("W_Q", "b_Q"), ("W_K", "b_K"), ("W_V", "b_V"), ("W_in", "b_in")):
        a[bias] += a[matrix][..., constant, :].sum(axis=-2)
        a[matrix][..., constant, :] = 0
    a["W_E"][:, constant] = 0
    return with_arrays(model, a)


def with_split_heads(model: TransformerProgram) -> TransformerProgram:
    """Every head as two of the same attention that move half of its values each."""
    a, d_head = arrays_of(model), model.config.d_head
    halves = np.arange(d_head) % 2 == 0
    a["W_Q"], a["W_K"] = (np.concatenate([a[n], a[n]], axis=1) for n in ("W_Q", "W_K"))
    a["b_Q"], a["b_K"] = (np.concatenate([a[n], a[n]], axis=1) for n in ("b_Q", "b_K"))
    a["W_V"] = np.concatenate([a["W_V"] * halves, a["W_V"] * ~halves], axis=1)
    a["b_V"] = np.concatenate([a["b_V"] * halves, a["b_V"] * ~halves], axis=1)
    a["W_O"] = np.concatenate([a["W_O"] * halves[:, None], a["W_O"] * ~halves[:, None]], axis=1)
    return with_arrays(model, a)
