"""Names of the residual stream's dimensions, read off the embeddings and off the found program.

The names come from running the program beside the model: a dimension stands for a value of a line when it
is 1 where the program has that value and 0 elsewhere. No hidden label is used, and dimensions for which
this does not hold get no name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile import Decompilation
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import INDICES, TOKENS, Encoding, Program, Ref, Select
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value
from inverse_tracr.report.columns import indices_of, numbers_of
from inverse_tracr.report.parts import EMBEDDING
from inverse_tracr.report.places import Place
from inverse_tracr.report.probes import Probe, probe
from inverse_tracr.report.text import shown

NO_VALUE = -1
HIGH, LOW = 0.75, 0.25
NEAR = 1e-3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Subspace:
    """Dimensions that hold one thing, from rank `written` on.

    `ref` is the s-op that they hold, None for `one`, BOS, PAD and what has no name. `values[i]` says for
    which value (by position in the value set) `dims[i]` stands, `NO_VALUE` where it stands for none.
    """

    name: str
    ref: Ref | None
    dims: tuple[int, ...]
    values: tuple[int, ...]
    labels: tuple[str, ...]
    written: int


def subspaces(
    model: TransformerProgram, found: Decompilation, places: tuple[Place, ...]
) -> tuple[Subspace, ...]:
    """The subspaces of a model in the order in which they are written; unnamed dimensions come last."""
    named = _inputs(model)
    taken = {dim for space in named for dim in space.dims}
    if found.program is not None and model.config.n_layers:
        named += _lines(model, found.program, places, taken)
        taken = {dim for space in named for dim in space.dims}
    rest = tuple(dim for dim in range(model.config.d_model) if dim not in taken)
    named.sort(key=lambda space: space.written)
    return (*named, *([_unnamed(rest)] if rest else []))


def _unnamed(dims: tuple[int, ...]) -> Subspace:
    labels = tuple(f"dim {dim}" for dim in dims)
    return Subspace("unnamed", None, dims, (NO_VALUE,) * len(dims), labels, EMBEDDING)


def _plain(name: str, dims: tuple[int, ...], written: int) -> Subspace:
    labels = tuple(f"{name} {dim}" if len(dims) > 1 else name for dim in dims)
    return Subspace(name, None, dims, (NO_VALUE,) * len(dims), labels, written)


def _inputs(model: TransformerProgram) -> list[Subspace]:
    """Tokens, indices, `one`, BOS and PAD, where embeddings give them dimensions of their own."""
    weights, encoder = model.weights(), model.input_encoder
    words, positions = weights.W_E.astype(np.float64), weights.W_pos.astype(np.float64)
    quiet = np.abs(positions).max(axis=0, initial=0.0) < NEAR
    one = [int(dim) for dim in np.nonzero(quiet & (np.abs(words - 1) < NEAR).all(axis=0))[0]]
    words = np.where(quiet, words, 0.0)
    rows = [encoder.row(token) for token in model.signature.vocab]
    silent = np.abs(weights.W_E).max(axis=0, initial=0.0) < NEAR
    spaces = [
        _one_hot("tokens", TOKENS, words, rows, model.signature.vocab),
        _one_hot(
            "indices",
            INDICES,
            np.where(silent, positions, 0.0),
            list(range(1, model.config.n_ctx)),
            tuple(range(model.config.max_seq_len)),
        ),
        _plain("one", tuple(one), EMBEDDING),
        _plain("BOS", _single(words, encoder.bos), EMBEDDING),
        _plain("PAD", () if encoder.pad is None else _single(words, encoder.pad), EMBEDDING),
    ]
    return [space for space in spaces if space.dims]


def _one_hot(name: str, ref: Ref, matrix: Floats, rows: list[int], values: tuple[Value, ...]) -> Subspace:
    """The dimensions of values that each set one dimension which nothing else sets; none unless all do."""
    found = [_single(matrix, row) for row in rows]
    dims = tuple(dims[0] for dims in found if len(dims) == 1)
    if len(dims) != len(values):
        return _plain(name, (), EMBEDDING)
    labels = tuple(f"{name} = {shown(value)}" for value in values)
    return Subspace(name, ref, dims, tuple(range(len(values))), labels, EMBEDDING)


def _single(matrix: Floats, row: int) -> tuple[int, ...]:
    """Dimensions that `row` sets to 1 and every other row leaves at 0."""
    target = np.zeros(len(matrix))
    target[row] = 1
    return tuple(np.nonzero((np.abs(matrix - target[:, None]) < NEAR).all(axis=0))[0].tolist())


def _lines(
    model: TransformerProgram, program: Program, places: tuple[Place, ...], taken: set[int]
) -> list[Subspace]:
    """One subspace a line whose evidence names dimensions; lines that cannot be run get none."""
    owned = _owned(program, places, taken)
    try:
        sets = ValueSets(program, model.signature, exact_means=True)
        probes = list(probe(model, program, {places[position].rank for position in owned}))
    except InverseTracrError:
        return []
    spaces: list[Subspace] = []
    for position, dims in owned.items():
        rank = places[position].rank
        if program.encoding(position) is Encoding.NUMERICAL:
            values = _number_dims(probes, position, rank, dims)
            labels = [""] * len(dims)
        else:
            values = _value_dims(probes, position, rank, dims, sets[position])
            labels = [f" = {shown(sets[position][v])}" if v != NO_VALUE else "" for v in values]
        name = program.names[position]
        names = [
            f"{name}{label}" if value != NO_VALUE else f"{name} (helper)"
            for label, value in zip(labels, values, strict=True)
        ]
        spaces.append(_sorted(Subspace(name, position, dims, values, tuple(names), rank)))
    return spaces


def _owned(program: Program, places: tuple[Place, ...], taken: set[int]) -> dict[int, tuple[int, ...]]:
    """The dimensions of each line; a dimension that two lines name belongs to the one complete first."""
    taken = set(taken)
    owned: dict[int, tuple[int, ...]] = {}
    for position in sorted(range(len(program)), key=lambda p: (places[p].rank, p)):
        if isinstance(program.lines[position], Select):
            continue
        dims = tuple(dict.fromkeys(dim for dim in places[position].dims if dim not in taken))
        taken.update(dims)
        if dims:
            owned[position] = dims
    return owned


def _sorted(space: Subspace) -> Subspace:
    """Dimensions in the order of their values, those without a value last."""
    order = sorted(
        range(len(space.dims)), key=lambda i: (space.values[i] == NO_VALUE, space.values[i], space.dims[i])
    )
    return Subspace(
        space.name,
        space.ref,
        tuple(space.dims[i] for i in order),
        tuple(space.values[i] for i in order),
        tuple(space.labels[i] for i in order),
        space.written,
    )


def _activations(probes: list[Probe], rank: int, dims: tuple[int, ...]) -> Floats:
    """What the dimensions hold in every cell of every probe: [cells, dims]."""
    return np.concatenate([p.residual[rank][..., list(dims)].reshape(-1, len(dims)) for p in probes]).astype(
        np.float64
    )


def _number_dims(probes: list[Probe], position: int, rank: int, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Value 0 for the dimensions that hold the line's number, `NO_VALUE` for others."""
    numbers = np.concatenate([numbers_of(p.trace, position).ravel() for p in probes])
    known = ~np.isnan(numbers)
    off = np.abs(_activations(probes, rank, dims)[known] - numbers[known, None])
    near = off <= NEAR * (1 + np.abs(numbers[known, None]))
    return tuple(0 if known.any() and near[:, i].all() else NO_VALUE for i in range(len(dims)))


def _value_dims(
    probes: list[Probe], position: int, rank: int, dims: tuple[int, ...], values: tuple[Value, ...]
) -> tuple[int, ...]:
    """For each dimension the value that it indicates; a last dimension and value left over go together."""
    indices = np.concatenate([indices_of(p.trace, position, values).ravel() for p in probes])
    held = _activations(probes, rank, dims)
    binary = (np.abs(held) < LOW) | (np.abs(held - 1) < LOW)
    means = np.full((len(values), len(dims)), np.nan)
    for value in np.unique(indices[indices >= 0]):
        means[value] = held[indices == value].mean(axis=0)
    found = [_indicated(means[:, i]) if binary[:, i].all() else NO_VALUE for i in range(len(dims))]
    idle = [i for i, v in enumerate(found) if v == NO_VALUE and np.abs(held[:, i]).max() < LOW]
    unseen = [v for v in range(len(values)) if np.isnan(means[v]).any()]
    if len(idle) == 1 and len(unseen) == 1:
        found[idle[0]] = unseen[0]
    return tuple(found)


def _indicated(means: Floats) -> int:
    """The one value whose mean activation is high while those of all others are low."""
    high = np.nonzero(means > HIGH)[0]
    others = np.nan_to_num(np.delete(means, high))
    if len(high) != 1 or (np.abs(others) > LOW).any():
        return NO_VALUE
    return int(high[0])
