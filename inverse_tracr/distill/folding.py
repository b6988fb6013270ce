"""Algorithm 1 (blocks between W_emb and its transpose) folded into Algorithm 2 (an ordinary model).

Thesis, section 6.2, with two things put right: the first bias of an MLP lives among the neurons and is not
multiplied by W_emb, and attention has biases that must be folded too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.distill.teacher import Task
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.model.shapes import Float, Float32, Int

TOLERANCE = 1e-4
"""Largest difference of the two algorithms, relative to the largest logit."""

Array = NDArray[np.float64]
Folded = dict[str, Array]
"""Weights by name, in float64."""

_READS = ("W_Q", "W_K", "W_V", "W_in", "W_U")
_WRITES = ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out")
"""What is multiplied by W_emb, and by its transpose. All other biases stay as they are."""


class FoldError(InverseTracrError):
    """The folded model does not compute what the student computes."""


def fold(weights: Weights, w_emb: Float32[np.ndarray, "d_model d_full"]) -> Weights:
    """The weights of Algorithm 2, d_model wide, from uncompressed `weights`, d_full wide."""
    folded = fold_exactly(weights, w_emb)
    return Weights(**{name: array.astype(np.float32) for name, array in folded.items()})


def fold_exactly(weights: Weights, w_emb: Float32[np.ndarray, "d_model d_full"]) -> Folded:
    """`fold` in float64."""
    folded = {name: np.asarray(array, dtype=np.float64) for name, array in vars(weights).items()}
    read = np.asarray(w_emb, dtype=np.float64)
    for name in _READS:
        folded[name] = read @ folded[name]
    for name in _WRITES:
        folded[name] = folded[name] @ read.T
    return folded


def run_unfolded(
    weights: Folded,
    w_emb: Float32[np.ndarray, "d_model d_full"],
    ids: Int[np.ndarray, "batch pos"],
    *,
    causal: bool,
) -> Float[np.ndarray, "batch pos d_vocab_out"]:
    """Algorithm 1 in float64: logits for rows of W_E that start with BOS."""
    w = weights
    emb = np.asarray(w_emb, dtype=np.float64)
    compressed = (w["W_E"][ids] + w["W_pos"][: ids.shape[1]]) @ emb.T
    for layer in range(len(w["W_Q"])):
        part = {name: array[layer] for name, array in w.items() if name not in _WHOLE}
        compressed = compressed + _attention(part, compressed @ emb, causal) @ emb.T
        hidden = np.maximum(compressed @ emb @ part["W_in"] + part["b_in"], 0)
        compressed = compressed + (hidden @ part["W_out"] + part["b_out"]) @ emb.T
    return compressed @ emb @ w["W_U"] + w["b_U"]


_WHOLE = frozenset({"W_E", "W_pos", "W_U", "b_U"})


def _attention(w: dict[str, Array], read: Array, causal: bool) -> Array:
    q = np.einsum("bqm,hmd->bhqd", read, w["W_Q"]) + w["b_Q"][:, None]
    k = np.einsum("bkm,hmd->bhkd", read, w["W_K"]) + w["b_K"][:, None]
    v = np.einsum("bkm,hmd->bhkd", read, w["W_V"]) + w["b_V"][:, None]
    scores = np.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(scores.shape[-1], dtype=np.bool_), scores, -np.inf)
    pattern = np.exp(scores - scores.max(axis=-1, keepdims=True))
    pattern /= pattern.sum(axis=-1, keepdims=True)
    return np.einsum("bhqk,bhkd,hdm->bqm", pattern, v, w["W_O"], optimize=True) + w["b_O"]


def folded_model(
    task: Task, weights: Weights, w_emb: Float32[np.ndarray, "d_model d_full"]
) -> TransformerProgram:
    """The folded student as a model.

    Raises FoldError when Algorithm 2 differs from Algorithm 1 on a few inputs of full length. Both are
    computed in float64: what rounding to float32 changes afterwards, the judge sees.
    """
    compiled = task.compiled
    folded = fold_exactly(weights, w_emb)
    ids = _probes(task)
    originals = {name: np.asarray(array, dtype=np.float64) for name, array in vars(weights).items()}
    first = run_unfolded(originals, w_emb, ids, causal=task.config.causal)
    identity = np.eye(task.d_model, dtype=np.float32)
    second = run_unfolded(folded, identity, ids, causal=task.config.causal)
    difference = float(np.abs(first - second).max() / max(1.0, np.abs(first).max()))
    if not difference <= TOLERANCE:
        raise FoldError(
            "the folded model differs from the student",
            where=f"item {task.teacher.item}",
            expected=f"a relative difference of at most {TOLERANCE}",
            got=f"{difference:.2g}",
        )
    rounded = Weights(**{name: array.astype(np.float32) for name, array in folded.items()})
    return TransformerProgram(task.student_config, rounded, compiled.input_encoder, compiled.output_encoder)


def _probes(task: Task) -> Int[np.ndarray, "batch pos"]:
    """BOS and inputs of full length: each token alone, and all of them in turn."""
    encoder = task.compiled.input_encoder
    rows = np.array([encoder.row(token) for token in task.signature.vocab])
    turn = np.add.outer(np.arange(len(rows)), np.arange(task.signature.max_seq_len)) % len(rows)
    tokens = np.concatenate([np.repeat(rows[:, None], task.signature.max_seq_len, axis=1), rows[turn]])
    return np.concatenate([np.full((len(tokens), 1), encoder.bos), tokens], axis=1)
