"""What later readers say about dimensions: which belong to one variable, which hold numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.stream import Head, Mlp, Stream, significant


class Groups:
    """Sets of dimensions known to belong together (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def find(self, dim: int) -> int:
        """The representative of a dimension's set."""
        root = dim
        while self._parent.get(root, root) != root:
            root = self._parent[root]
        while self._parent.get(dim, dim) != root:
            self._parent[dim], dim = root, self._parent[dim]
        return root

    def join(self, dims: list[int]) -> None:
        """Say that these dimensions belong to one variable."""
        for dim in dims[1:]:
            self._parent[self.find(dim)] = self.find(dims[0])


@dataclass(frozen=True)
class Clues:
    """`groups` joins dimensions read together; `whole` maps a dimension to the exact set it is part of."""

    groups: Groups
    whole: dict[int, frozenset[int]]
    numerical: frozenset[int]


def gather_clues(stream: Stream, numerical_output: bool) -> Clues:
    """Collect what heads, neurons and the unembedding say of the dimensions that they read."""
    groups = Groups()
    whole: dict[int, frozenset[int]] = {}
    categorical: set[int] = set()

    def exact(dims: list[int]) -> None:
        groups.join(dims)
        for dim in dims:
            whole[dim] = frozenset(dims)

    if not numerical_output:
        groups.join(sorted(set(stream.output_dims)))
        categorical |= set(stream.output_dims)
    for head in stream.heads:
        keys = head_keys(stream, head)
        exact(keys)
        categorical |= set(keys)
        queries = head_queries(stream, head)
        groups.join(queries)
        categorical |= set(queries)
        moved = head_values(stream, head)
        exact(moved)
        if len(moved) > 1:
            categorical |= set(moved)
    for mlp in stream.mlps:
        _join_read_together(stream, mlp, groups)
    numerical = _numerical_dims(stream, numerical_output) - categorical
    return Clues(groups, whole, frozenset(numerical))


def head_keys(stream: Stream, head: Head) -> list[int]:
    """Dimensions of the key of a head, BOS left out."""
    return [d for d in head.key_dims if d not in stream.special]


def head_queries(stream: Stream, head: Head) -> list[int]:
    """Dimensions of the query of a head that select something, `one` and BOS left out."""
    rows = np.nonzero(significant(head.qk).any(axis=1))[0]
    return [int(d) for d in rows if d not in stream.special]


def head_values(stream: Stream, head: Head) -> list[int]:
    """Dimensions that a head moves, BOS left out."""
    rows = np.nonzero(significant(head.ov).any(axis=1))[0]
    return [int(d) for d in rows if d != stream.bos]


def neuron_reads(stream: Stream, mlp: Mlp) -> list[list[int]]:
    """For each neuron the dimensions that it reads, `one` and BOS left out."""
    present = significant(mlp.w_in)
    for dim in stream.special:
        present[dim] = False
    return [np.nonzero(column)[0].tolist() for column in present.T]


def one_weights(stream: Stream, mlp: Mlp) -> np.ndarray:
    """What each neuron gets always: its bias and its weight on `one`."""
    return mlp.b_in + (mlp.w_in[stream.one] if stream.one is not None else 0.0)


def _join_read_together(stream: Stream, mlp: Mlp, groups: Groups) -> None:
    """A neuron without threshold reads values of one variable; partners of one dimension belong together."""
    always = one_weights(stream, mlp)
    reads = neuron_reads(stream, mlp)
    for neuron, dims in enumerate(reads):
        if abs(always[neuron]) < 1e-6:
            groups.join(dims)
    for written in np.nonzero(significant(mlp.w_out).any(axis=0))[0]:
        partners: dict[int, list[int]] = {}
        for neuron in np.nonzero(mlp.w_out[:, written])[0]:
            if len(reads[neuron]) == 2 and abs(always[neuron]) > 1e-6:
                first, second = reads[neuron]
                partners.setdefault(first, []).append(second)
                partners.setdefault(second, []).append(first)
        for dims in partners.values():
            groups.join(dims)


def _numerical_dims(stream: Stream, numerical_output: bool) -> set[int]:
    """Dimensions read as numbers: compared with thresholds, combined linearly, averaged, or put out."""
    found: set[int] = set(stream.output_dims) if numerical_output else set()
    for mlp in stream.mlps:
        always = one_weights(stream, mlp)
        for neuron, dims in enumerate(neuron_reads(stream, mlp)):
            if len(dims) == 1 and (abs(always[neuron]) > 1e-6 or mlp.w_in[dims[0], neuron] < 0):
                found.add(dims[0])
    for head in reversed(stream.heads):
        moved = head_values(stream, head)
        written = np.nonzero(significant(head.ov).any(axis=0))[0].tolist()
        if len(moved) == 1 and len(written) == 1 and written[0] in found:
            found.add(moved[0])
    return found
