"""What later readers say about dimensions: which belong to one variable, which hold numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.groups import Groups
from inverse_tracr.decompile.lift.joins import Neuron, join_by, neurons_of, partners
from inverse_tracr.decompile.lift.stream import Head, Mlp, Stream
from inverse_tracr.rasp.program import Encoding

Kind = tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Clues:
    """`groups` joins dimensions read together; `whole` maps a dimension to the exact set it is part of.

    `numerical` are dimensions that hold numbers. `partners` holds for every MLP the dimensions that it reads
    in ANDs, with those that they are read with.
    """

    groups: Groups
    whole: dict[int, frozenset[int]]
    numerical: frozenset[int]
    partners: tuple[dict[int, frozenset[int]], ...]

    def variables(self, dims: Iterable[int]) -> list[tuple[tuple[int, ...], Encoding]]:
        """Dimensions of an unknown part sorted into variables: by what is known of them, or one a number."""
        found: dict[int, list[int]] = {}
        for dim in dims:
            found.setdefault(dim if dim in self.numerical else self.groups.find(dim), []).append(dim)
        return [
            (tuple(own), Encoding.NUMERICAL if own[0] in self.numerical else Encoding.CATEGORICAL)
            for own in found.values()
        ]

    def is_joined(self, dim: int) -> bool:
        """Whether a dimension is known to be one of several values of a variable."""
        return self.groups.is_joined(dim)

    def kind(self, dim: int) -> Kind:
        """What a dimension is read together with, MLP by MLP: the same for all values of a variable."""
        nothing = frozenset[int]()
        return tuple(
            frozenset(self.groups.find(other) for other in near.get(dim, nothing)) for near in self.partners
        )


def gather_clues(stream: Stream, numerical_output: bool) -> Clues:
    """Collect what heads, neurons and the unembedding say of the dimensions that they read.

    From the last layer to the first, so that what is known of written dimensions tells of those read.
    """
    groups = Groups()
    whole: dict[int, frozenset[int]] = {}
    categorical: set[int] = set()

    def exact(dims: list[int]) -> None:
        groups.join(dims)
        for dim in dims:
            whole[dim] = frozenset(dims)

    if not numerical_output:
        exact(sorted(stream.live & set(stream.output_dims)))
        categorical |= set(stream.output_dims)
    neurons = {mlp.layer: neurons_of(stream, mlp) for mlp in stream.mlps}
    for mlp in reversed(stream.mlps):
        join_by(mlp, neurons[mlp.layer], groups)
        for head in stream.heads:
            if head.layer == mlp.layer:
                keys, queries = head_keys(stream, head), head_queries(stream, head)
                exact(keys)
                groups.join(queries)
                moved = head_values(stream, head)
                shared = any(h is not head and h.attends_as(head) for h in stream.heads)
                (groups.join if shared else exact)(moved)
                categorical |= {*keys, *queries, *(moved if len(moved) > 1 else ())}
    numerical = _numerical_dims(stream, neurons, numerical_output) - categorical
    together = tuple(partners(neurons[mlp.layer]) for mlp in stream.mlps)
    return Clues(groups, whole, frozenset(numerical), together)


def head_keys(stream: Stream, head: Head) -> list[int]:
    """Dimensions of the key of a head, BOS left out."""
    return [d for d in head.key_dims if d not in stream.special]


def head_queries(stream: Stream, head: Head) -> list[int]:
    """Dimensions of the query of a head that select something, BOS and what is always 1 left out."""
    rows = np.nonzero((head.qk != 0).any(axis=1))[0].tolist()
    return [d for d in rows if d not in stream.special]


def head_values(stream: Stream, head: Head) -> list[int]:
    """Dimensions that a head moves, BOS left out."""
    rows = np.nonzero((head.ov != 0).any(axis=1))[0].tolist()
    return [d for d in rows if d not in stream.special]


def _numerical_dims(stream: Stream, neurons: dict[int, list[Neuron]], numerical_output: bool) -> set[int]:
    """Dimensions read as numbers: compared with thresholds, combined linearly, averaged, or put out."""
    found: set[int] = set(stream.output_dims) if numerical_output else set()
    for mlp in stream.mlps:
        found |= _compared(mlp, neurons[mlp.layer])
    for head in reversed(stream.heads):
        moved = head_values(stream, head)
        written = np.nonzero((head.ov != 0).any(axis=0))[0].tolist()
        if len(moved) == 1 and len(written) == 1 and written[0] in found:
            found.add(moved[0])
    return found


def _compared(mlp: Mlp, neurons: Sequence[Neuron]) -> set[int]:
    """Dimensions that a neuron reads alone, with a threshold or its sign turned."""
    return {
        n.reads[0] for n in neurons if len(n.reads) == 1 and (not n.open or mlp.w_in[n.reads[0], n.index] < 0)
    }
