"""What the neurons of an MLP say of the dimensions that they read and write together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.groups import Groups
from inverse_tracr.decompile.lift.stream import Mlp, Stream


@dataclass(frozen=True)
class Neuron:
    """A neuron at positions other than BOS: what it reads and writes; `open` when it has no threshold."""

    index: int
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    open: bool

    @property
    def both(self) -> bool:
        """Whether it is the AND of two dimensions."""
        return not self.open and len(self.reads) == 2


def neurons_of(stream: Stream, mlp: Mlp) -> list[Neuron]:
    """The neurons of an MLP, reads of BOS and of what is always 1 left out."""
    reads = mlp.w_in != 0
    reads[sorted(stream.special)] = False
    writes = mlp.w_out != 0
    return [
        Neuron(
            index,
            tuple(np.nonzero(reads[:, index])[0].tolist()),
            tuple(np.nonzero(writes[index])[0].tolist()),
            bool(mlp.open[index]),
        )
        for index in range(reads.shape[1])
    ]


def join_by(mlp: Mlp, neurons: Sequence[Neuron], groups: Groups) -> None:
    """Join dimensions that must be values of one variable, given what is known of those that are written.

    What a neuron without threshold adds up are values of one variable, and so are the dimensions that a
    neuron writes. Neurons that write one variable are one line: a sequence map, which reads two variables
    (the two sides of the graph of its ANDs), or a map, which reads one.
    """
    acting = [n for n in neurons if n.reads and n.writes]
    for neuron in acting:
        groups.join(neuron.writes)
        if neuron.open:
            groups.join(neuron.reads)
    lines: dict[int, list[Neuron]] = {}
    for neuron in acting:
        lines.setdefault(groups.find(neuron.writes[0]), []).append(neuron)
    for line in lines.values():
        if any(n.both for n in line):
            for side in _sides([n.reads for n in line if n.both]):
                groups.join(side)
        elif not any(_is_negative(mlp, n) for n in line):
            groups.join(dim for n in line for dim in n.reads)


def _is_negative(mlp: Mlp, neuron: Neuron) -> bool:
    """Whether a neuron reads a negative number, as those of a linear combination of two variables do."""
    return neuron.open and bool((mlp.w_in[list(neuron.reads), neuron.index] < 0).any())


def _sides(edges: Sequence[tuple[int, ...]]) -> Iterator[list[int]]:
    """Both sides of every connected part of a graph; none of a part that has no two sides."""
    near: dict[int, set[int]] = {}
    for first, second in edges:
        near.setdefault(first, set()).add(second)
        near.setdefault(second, set()).add(first)
    side: dict[int, bool] = {}
    for start in near:
        if start in side:
            continue
        side[start], waiting, part = True, [start], [start]
        while waiting:
            dim = waiting.pop()
            for other in near[dim] - side.keys():
                side[other] = not side[dim]
                waiting.append(other)
                part.append(other)
        if all(side[a] != side[b] for a in part for b in near[a]):
            yield [d for d in part if side[d]]
            yield [d for d in part if not side[d]]


def partners(neurons: Sequence[Neuron]) -> dict[int, frozenset[int]]:
    """For each dimension the others that some AND reads with it."""
    near: dict[int, set[int]] = {}
    for neuron in neurons:
        if neuron.both:
            first, second = neuron.reads
            near.setdefault(first, set()).add(second)
            near.setdefault(second, set()).add(first)
    return {dim: frozenset(others) for dim, others in near.items()}
