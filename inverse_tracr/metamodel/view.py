"""What a model does on the sites: what depends on no basis, and every kind of model shows alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.kernels import single_linkage
from inverse_tracr.metamodel.sites import Index, Sites
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.values import Value

if TYPE_CHECKING:
    from inverse_tracr.metamodel.loose import Loose

Floats = NDArray[np.float64]

DIRECTIONS = 8
"""Principal components of what a half-layer writes that are kept."""

PROJECTED = 128
"""Random directions onto which a wider residual stream is projected first."""

EXACT, NOISY = 1e-3, 5e-2
"""Singular values, against the largest, from which a direction counts: without noise, and with it."""

LEAST_SCALE = 1e-3
"""Spread of what a half-layer writes, against the residual stream's, below which it writes a constant."""

MOST_CLUSTERS = 64
APART = 3.0
_LARGEST_SCORE, _TIE = 6.0, 0.05


@dataclass(frozen=True)
class Half:
    """What one half-layer writes on the sites, without the mean.

    `rows` [sites, DIRECTIONS] have variance 1 in all (0 where the half-layer writes a constant); `fine` and
    `coarse` [sites] are clusters of them, cut at the two clearest gaps. `exact`, `noisy` [sites, rank]:
    orthonormal bases of the functions of the site that are linear in what is written. `scores` [heads, pairs
    of sites]: attention scores of a key below the query's best (BOS among them), clipped and centred; no
    heads for an MLP.
    """

    rows: Floats
    exact: Floats
    noisy: Floats
    fine: Index
    coarse: Index
    scores: Floats

    @property
    def constant(self) -> bool:
        """Whether the half-layer writes the same everywhere."""
        return not self.rows.any()


@dataclass(frozen=True)
class View:
    """A model on sites. `outputs` [sites] index `values`, -1 for none; or `numbers` [sites] are given.

    `loose`: how the streams were put together, where no input gives them.
    """

    sites: Sites
    halves: tuple[Half, ...]
    outputs: Index
    values: tuple[Value, ...]
    numbers: Floats | None
    loose: Loose | None = None


def view(model: TransformerProgram, sites: Sites, *, key: int = 0, blur: Blur | None = None) -> View:
    """Execute `model` on the sites. `key` draws directions of the projection, and noise if asked for."""
    config, encoder = model.config, model.input_encoder
    count = sites.count
    random = np.random.default_rng([11, config.d_model, key])
    projection = np.eye(config.d_model)
    if blur is not None:
        projection = blur.projection(config.d_model, random)
    if projection.shape[1] > PROJECTED:
        projection = random.standard_normal((config.d_model, PROJECTED))
    rows = np.zeros((2 * config.n_layers, count, projection.shape[1]))
    scales = np.zeros(2 * config.n_layers)
    scores = np.zeros((config.n_layers, config.n_heads, len(sites.grid.queries)))
    logits = np.zeros((count, config.d_vocab_out), np.float32)
    ids = np.array([encoder.row(token) for token in model.signature.vocab])
    stream = np.zeros(rows.shape[1:])
    square = 0.0
    for where, tokens in sites.batches:
        batch = np.full((len(tokens), tokens.shape[1] + 1), encoder.bos)
        batch[:, 1:] = ids[tokens]
        with torch.inference_mode():
            found, cache = model.run_with_cache(torch.from_numpy(batch))
        logits[where] = found[:, 1:].numpy()
        embedded = cache["hook_embed"][:, 1:] + cache["hook_pos_embed"][:, 1:]
        square += embedded.square().sum().item()
        stream[where] = embedded.detach().numpy().astype(np.float64) @ projection
        for layer in range(config.n_layers):
            for half, name in ((2 * layer, "hook_attn_out"), (2 * layer + 1, "hook_mlp_out")):
                written = cache[f"blocks.{layer}.{name}"][:, 1:].numpy().astype(np.float64)
                rows[half, where] = written @ projection
                scales[half] = max(scales[half], float(np.ptp(written, axis=(0, 1)).max()))
            own = cache[f"blocks.{layer}.attn.hook_attn_scores"][:, :, 1:].numpy()
            scores[layer][:, _pairs_of(sites, where)] = _below_best(own, causal=config.causal)
    residual = np.sqrt(square / count)
    if blur is not None:
        rows += blur.on_rows(rows, stream, random)
        scores += blur.on_scores(scores, random)
    halves = tuple(
        half_of(rows[half], scales[half] / residual, scores[half // 2] if half % 2 == 0 else scores[0][:0])
        for half in range(2 * config.n_layers)
    )
    output = model.output_encoder
    if isinstance(output, CategoricalOutput):
        return View(sites, halves, output.indices(logits).astype(np.intp), output.values, None)
    return View(sites, halves, np.zeros(count, np.intp), (), logits[:, 0].astype(np.float64))


def _pairs_of(sites: Sites, where: Index) -> Index:
    """Where the pairs of the sites of one batch lie: they are neighbours, query by query."""
    grid = sites.grid
    last = int(where.max())
    end = int(grid.starts[last + 1]) if last + 1 < sites.count else len(grid.queries)
    return np.arange(int(grid.starts[int(where.min())]), end)


def _below_best(scores: NDArray[np.float32], *, causal: bool) -> Floats:
    """Scores [inputs, heads, queries, 1 + keys] less the best of each query, clipped: [heads, visible pairs].

    BOS is among the keys, and may be the best. It need not lie between those that are chosen and those
    that are not, where a query always chooses some. Keys within `_TIE` of the best are as good.
    """
    own = np.moveaxis(scores, 1, 0).astype(np.float64)
    queries, keys = own.shape[2:]
    seen = np.tri(queries, keys, 1 if causal else keys, dtype=np.bool_)
    own = np.where(seen, own, -np.inf)
    below = below_best(own - own.max(axis=-1, keepdims=True))
    return below[..., 1:][:, :, seen[:, 1:]].reshape(len(own), -1)


def below_best(below: Floats) -> Floats:
    """Scores of keys less the best of the query, clipped; those within `_TIE` of the best are as good."""
    return np.clip(below + _TIE, -_LARGEST_SCORE, 0)


def half_of(written: Floats, scale: float, scores: Floats) -> Half:
    """What a half-layer writes on the sites, whose spread is `scale` against the stream's."""
    centred = written - written.mean(axis=0)
    squares, directions = np.linalg.eigh(centred.T @ centred)
    singular, directions = np.sqrt(np.maximum(squares[::-1], 0)), directions[:, ::-1]
    count = len(written)
    if scale < LEAST_SCALE or singular[0] == 0:
        nothing = np.zeros(count, np.intp)
        flat = np.zeros((count, DIRECTIONS))
        # Whatever heads choose, they move nothing.
        return Half(flat, flat[:, :0], flat[:, :0], nothing, nothing, np.zeros_like(scores))
    components = centred @ directions
    rows = np.zeros((count, DIRECTIONS))
    kept = min(DIRECTIONS, len(singular))
    rows[:, :kept] = components[:, :kept] / np.sqrt((singular**2).sum() / count)
    exact, noisy = (
        components[:, singular > least * singular[0]] / singular[singular > least * singular[0]]
        for least in (EXACT, NOISY)
    )
    fine, coarse = clusters(rows)
    return Half(rows, exact, noisy, fine, coarse, _centred(scores))


def _centred(scores: Floats) -> Floats:
    return scores - scores.mean(axis=1, keepdims=True)


def clusters(rows: Floats) -> tuple[Index, Index]:
    """Clusters of rows by single linkage, cut at the two clearest gaps: the finer and the coarser.

    There must be at least three rows. All apart counts as a gap of `APART`.
    """
    lengths, ends = single_linkage(rows)
    order = np.argsort(lengths)[::-1]
    falling = np.maximum(lengths[order[: MOST_CLUSTERS + 1]], 1e-6)
    gaps = falling / np.append(falling[1:], falling[-1] / APART)
    best, second = sorted(int(i) + 1 for i in np.argsort(gaps)[::-1][:2])
    return _components(ends, order[:second], len(rows)), _components(ends, order[:best], len(rows))


def _components(ends: Index, cut: Index, count: int) -> Index:
    """The component of each row when some edges of the tree are cut. Edges lead from rows found earlier."""
    label = np.zeros(count, np.intp)
    is_cut = np.zeros(len(ends), np.bool_)
    is_cut[cut] = True
    fresh = 0
    for (parent, child), apart in zip(ends.tolist(), is_cut.tolist(), strict=True):
        if apart:
            fresh += 1
        label[child] = fresh if apart else label[parent]
    return label
