"""Whether our weights are Tracr's: at the CRAFT stage, assembled, and in what both models say."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from tracr.compiler.assemble import AssembledTransformerModel
from tracr.craft import transformers

from benchmarks.tracr_oracle import Craft, heads_of, residual_labels, sizes_and_places
from inverse_tracr.compile import Compiled, Label, dim_labels, neuron_labels
from inverse_tracr.model import CategoricalOutput, TransformerProgram, Weights

Array = np.ndarray

TOLERANCE = 1e-5
"""How far apart the logits of both models may lie: float32 sums in another order."""

ILL_CONDITIONED = 20
"""How much further Tracr's logits may lie from exact ones than ours do."""

INPUTS = 16
"""How many inputs of one length both models are run on."""

HEAD = ("W_Q", "W_K", "W_V", "W_O")
MLP = ("W_in", "W_out")


def craft_differences(compiled: Compiled, made: Craft) -> Iterator[str]:
    """What differs between compiled weights and Tracr's CRAFT model; nothing when they are equal."""
    plan = compiled.plan
    tracr, places = sizes_and_places(made)
    config = plan.config
    ours = (config.n_layers, config.n_heads, config.d_head, config.d_mlp)
    theirs = (tracr.num_layers, tracr.num_heads, tracr.key_size, max(tracr.mlp_hidden_size, 1))
    if ours != theirs:
        yield f"layers, heads, d_head, d_mlp: {ours}, Tracr has {theirs}"
        return
    comparison = _Comparison(compiled, made)
    if apart := set(comparison.dims) ^ set(residual_labels(made, plan.signature)):
        yield f"residual dimensions: {apart} are in one only"
        return
    if set(places) != comparison.used_halves():
        yield f"half-layers: {sorted(comparison.used_halves())}, Tracr has {sorted(places)}"
        return
    for (layer, kind), block in zip(places, made.model.blocks, strict=True):
        if kind == "attn":
            yield from comparison.attention(layer, heads_of(block))
        else:
            assert isinstance(block, transformers.MLP)
            yield from comparison.mlp(layer, block)


@dataclass(frozen=True)
class _Comparison:
    compiled: Compiled
    made: Craft

    @cached_property
    def dims(self) -> dict[Label, int]:
        """Residual dimensions by label."""
        return {label: dim for dim, label in enumerate(dim_labels(self.compiled.plan))}

    def used_halves(self) -> set[tuple[int, str]]:
        """Half-layers that a line is given to, or that hold anything but zeros."""
        plan, weights = self.compiled.plan, self.compiled.weights
        used = {(layer, "attn") for layer, _ in plan.heads.values()}
        used |= {(layer, "mlp") for layer, _, _ in plan.neurons.values()}
        for layer in range(plan.config.n_layers):
            for kind, names in (("attn", HEAD), ("mlp", MLP)):
                if any(getattr(weights, name)[layer].any() for name in names):
                    used.add((layer, kind))
        return used

    def attention(self, layer: int, theirs: Sequence[transformers.AttentionHead]) -> Iterator[str]:
        plan, weights, made = self.compiled.plan, self.compiled.weights, self.made
        left = self._heads_by_output(layer)
        for head in theirs:
            written = [made.label(d) for d in head.w_ov.output_space.basis]
            name = written[0].name if written else ""
            if not left.get(name):
                yield f"layer {layer}: no head writes {name or 'nothing'}"
                continue
            index = left[name].pop()
            w_qk = weights.W_Q[layer, index] @ weights.W_K[layer, index].T
            w_ov = weights.W_V[layer, index] @ weights.W_O[layer, index]
            reads = [made.label(d) for d in head.w_qk.left_space.basis]
            keys = [made.label(d) for d in head.w_qk.right_space.basis]
            values = [made.label(d) for d in head.w_ov.input_space.basis]
            where = f"layer {layer}, head of {name or 'nothing'}"
            yield from self._residual(f"{where}, W_QK", w_qk, head.w_qk.matrix, (reads, keys))
            yield from self._residual(f"{where}, W_OV", w_ov, head.w_ov.matrix, (values, written))
        if any(left.values()):
            yield f"layer {layer}: Tracr has no heads for {left}"
        for index in range(len(theirs), plan.config.n_heads):
            if any(getattr(weights, name)[layer, index].any() for name in HEAD):
                yield f"layer {layer}: head {index} is not empty"

    def _heads_by_output(self, layer: int) -> dict[str, list[int]]:
        """Heads of a layer by the label that they write, "" for those that move values out of none."""
        plan = self.compiled.plan
        heads: dict[str, list[int]] = {}
        for position, (where, head) in plan.heads.items():
            if where != layer:
                continue
            name = plan.program.names[position]
            if position in plan.scratch:
                name = f"{name}_selector_width_attn_output"
            elif not len(plan.dims[position]):
                name = ""
            heads.setdefault(name, []).append(head)
        return heads

    def mlp(self, layer: int, theirs: transformers.MLP) -> Iterator[str]:
        weights, made = self.compiled.weights, self.made
        labels = neuron_labels(self.compiled.plan, layer)
        neurons = {label: i for i, label in enumerate(labels) if label is not None}
        hidden = [made.label(d) for d in theirs.fst.output_space.basis]
        if set(hidden) != set(neurons):
            yield f"layer {layer}: neurons {set(hidden) ^ set(neurons)} are in one only"
            return
        columns = [neurons[label] for label in hidden]
        reads = [self.dims[made.label(d)] for d in theirs.fst.input_space.basis]
        writes = [self.dims[made.label(d)] for d in theirs.snd.output_space.basis]
        yield from _placed(f"layer {layer}, W_in", weights.W_in[layer], theirs.fst.matrix, (reads, columns))
        yield from _placed(
            f"layer {layer}, W_out", weights.W_out[layer], theirs.snd.matrix, (columns, writes)
        )

    def _residual(
        self, where: str, ours: Array, theirs: Array, labels: tuple[Sequence[Label], Sequence[Label]]
    ) -> Iterator[str]:
        """Differences between two matrices on the residual stream."""
        rows, columns = ([self.dims[label] for label in side] for side in labels)
        yield from _placed(where, ours, theirs, (rows, columns))


def _placed(
    where: str, ours: Array, theirs: Array, places: tuple[Sequence[int], Sequence[int]]
) -> Iterator[str]:
    """Differences between our matrix and Tracr's, whose rows and columns go to `places`; zeros elsewhere."""
    expected = np.zeros_like(ours)
    expected[np.ix_(*places)] = theirs.astype(np.float32)  # as Tracr stores it
    if not np.array_equal(expected, ours):
        row, column = np.argwhere(expected != ours)[0].tolist()
        yield f"{where}[{row}, {column}]: {ours[row, column]}, Tracr has {expected[row, column]}"


def assembled_differences(
    compiled: Compiled, made: Craft, assembled: AssembledTransformerModel
) -> Iterator[str]:
    """What differs between compiled weights and the arrays of Tracr's assembled model, W_E to W_U."""
    plan = compiled.plan
    theirs = TransformerProgram.from_tracr(assembled)
    if theirs.config != plan.config:
        yield f"sizes: {plan.config}, Tracr has {theirs.config}"
        return
    if theirs.input_encoder != compiled.input_encoder or theirs.output_encoder != compiled.output_encoder:
        yield f"encoders: {compiled.input_encoder}, {compiled.output_encoder}; Tracr has {theirs!r}"
    position = {label: dim for dim, label in enumerate(residual_labels(made, plan.signature))}
    order = [position[label] for label in dim_labels(plan)]
    weights, tracr = compiled.weights, _reordered(theirs.weights(), order)
    pairs = {name: (getattr(weights, name), getattr(tracr, name)) for name in ("W_E", "W_pos", "W_U", "b_U")}
    for layer in range(plan.config.n_layers):
        pairs |= _of_layer(weights, tracr, layer)
    for name, (one, other) in pairs.items():
        if not np.array_equal(one, other):
            yield f"{name} differs"


def _reordered(weights: Weights, order: Sequence[int]) -> Weights:
    """The same model with its residual dimensions in another order."""
    arrays = {name: getattr(weights, name) for name in vars(weights)}
    for name in ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out"):
        arrays[name] = arrays[name][..., order]
    for name in ("W_Q", "W_K", "W_V", "W_in"):
        arrays[name] = arrays[name][..., order, :]
    arrays["W_U"] = arrays["W_U"][order]
    return Weights(**arrays)


def _of_layer(ours: Weights, theirs: Weights, layer: int) -> dict[str, tuple[Array, Array]]:
    """What of a layer does not depend on the order of heads and neurons; biases, all zero in both."""
    pairs: dict[str, tuple[Array, Array]] = {
        f"{name}[{layer}]": (getattr(ours, name)[layer], getattr(theirs, name)[layer])
        for name in ("b_Q", "b_K", "b_V", "b_O", "b_in", "b_out")
    }
    ov = [np.einsum("hmd,hdn->hmn", w.W_V[layer], w.W_O[layer]) for w in (ours, theirs)]
    qk = [np.einsum("hmd,hnd->hmn", w.W_Q[layer], w.W_K[layer]) for w in (ours, theirs)]
    heads = [_by_output(circuits) for circuits in ov]
    pairs[f"W_OV[{layer}]"] = (ov[0][heads[0]], ov[1][heads[1]])
    pairs[f"W_QK[{layer}]"] = (qk[0][heads[0]], qk[1][heads[1]])
    mlps = [np.concatenate([w.W_in[layer], w.W_out[layer].T]) for w in (ours, theirs)]
    pairs[f"MLP[{layer}]"] = (_sorted_columns(mlps[0]), _sorted_columns(mlps[1]))
    return pairs


def _by_output(w_ov: Array) -> list[int]:
    """Heads in the order of the dimensions that they write, empty ones last."""
    return sorted(range(len(w_ov)), key=lambda h: (not w_ov[h].any(), np.argmax(w_ov[h].any(axis=0))))


def _sorted_columns(matrix: Array) -> Array:
    return matrix[:, np.lexsort(matrix)]


def forward_differences(
    compiled: Compiled, assembled: AssembledTransformerModel, *, random: np.random.Generator
) -> Iterator[str]:
    """Where our model and Tracr's own forward pass part by more than rounding, or name another value.

    Run on random inputs of the greatest length and of another one. Rounding is 1e-5; more where our model is
    further from itself in float64: numbers on the ramps of a ladder, which multiply every error by 100.
    """
    signature = compiled.plan.signature
    w_u = TransformerProgram.from_tracr(assembled).weights().W_U
    shorter = int(random.integers(1, signature.max_seq_len + 1))
    for length in {signature.max_seq_len, shorter}:
        drawn = random.integers(len(signature.vocab), size=(INPUTS, length))
        ours = compiled.model.logits_for(drawn)
        output = assembled.forward(assembled.params, jnp.array(_rows(compiled, drawn)))
        theirs = np.asarray(output.transformer_output.output)[:, 1:] @ w_u
        exact = copy.deepcopy(compiled.model).double().logits_for(drawn)
        tolerance = TOLERANCE + ILL_CONDITIONED * np.abs(ours - exact).max()
        apart = max(np.abs(ours - theirs).max(), np.abs(exact - theirs).max())
        if apart > tolerance:
            yield f"logits of length {length} are apart by {apart}, {tolerance} is allowed"
        elif isinstance(compiled.output_encoder, CategoricalOutput):
            named = np.asarray(output.unembedded_output)[:, 1:]
            yield from _decoded(ours, named, drawn)


def _rows(compiled: Compiled, drawn: Array) -> Array:
    """Rows of W_E for indices into the vocabulary, BOS first."""
    encoder = compiled.input_encoder
    rows = np.array([encoder.row(token) for token in compiled.plan.signature.vocab])
    return np.concatenate([np.full((len(drawn), 1), encoder.bos), rows[drawn]], axis=1)


def _decoded(logits: Array, theirs: Array, drawn: Array) -> Iterator[str]:
    """Positions where Tracr names another value than the largest logit, unless that is a tie."""
    ranked = np.sort(logits, axis=-1)
    margin = ranked[..., -1] - ranked[..., -2] if logits.shape[-1] > 1 else np.ones(logits.shape[:2])
    wrong = (margin > TOLERANCE) & (logits.argmax(axis=-1) != theirs)
    for index, position in np.argwhere(wrong)[:1].tolist():
        yield f"{drawn[index].tolist()}: value {theirs[index, position]} in Tracr at position {position}"
