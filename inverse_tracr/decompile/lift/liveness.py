"""What of the stream is alive: dimensions that nothing ever writes, and parts that write over the inputs.

Tracr's inference names values that no input produces. What reads their dimensions reads zero, so they are
left out before anything else is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inverse_tracr.decompile.lift.clues import gather_clues
from inverse_tracr.decompile.lift.stream import Head, Mlp, Stream


@dataclass(frozen=True)
class Rough:
    """A head or MLP that writes over the inputs, as no line does: `dims` are those that it may stand for."""

    name: str
    half_layer: int
    heads: tuple[str, ...]
    dims: tuple[int, ...]


def without_rough(stream: Stream) -> tuple[Stream, tuple[Rough, ...]]:
    """The stream without parts that write over the inputs, and these parts.

    A rough part stands for the dimensions that no other part writes, except where one that another part
    writes is read together with them: those are values that no input produces.
    """
    inputs = {*stream.token_dims, *stream.index_dims, *stream.special}
    rough = [part for part in _parts(stream) if part.written & inputs]
    if not rough:
        return stream, ()
    tidy = replace(
        stream,
        heads=tuple(h for h in stream.heads if not h.written & inputs),
        mlps=tuple(m.without(np.array(bool(m.written & inputs))) for m in stream.mlps),
    )
    written = inputs.union(*(part.written for part in _parts(tidy)))
    groups = gather_clues(tidy, numerical_output=False).groups
    explained = {groups.find(d) for d in written}
    found: list[Rough] = []
    for part in rough:
        own = {d for d in part.written - written if groups.find(d) in explained}
        alone = part.written - written - own
        heads = part.labels if isinstance(part, Head) else ()
        found.append(Rough(part.name, part.half_layer, heads, tuple(sorted(alone & _read(tidy)))))
        written |= alone
    return tidy, tuple(found)


def _parts(stream: Stream) -> Iterator[Head | Mlp]:
    yield from stream.heads
    yield from stream.mlps


def _read(stream: Stream) -> set[int]:
    """Dimensions that some part or the output reads."""
    return set(stream.output_dims).union(*(part.read for part in _parts(stream)))


def without_dead(stream: Stream, rough: tuple[Rough, ...]) -> Stream:
    """The stream with reads of dimensions that are never written set to zero."""
    live = {*stream.token_dims, *stream.index_dims, *stream.special}.union(*(part.dims for part in rough))
    stream = _without_useless(stream)
    heads: list[Head] = []
    mlps: list[Mlp] = []
    for mlp in stream.mlps:
        layer = [_trim_head(head, live) for head in stream.heads if head.layer == mlp.layer]
        for head in layer:
            live |= head.written
        heads += [head for head in layer if head.written]
        trimmed = _trim_mlp(mlp, live)
        live |= trimmed.written
        mlps.append(trimmed)
    return replace(stream, heads=tuple(heads), mlps=tuple(mlps), live=frozenset(live))


def _without_useless(stream: Stream) -> Stream:
    """The stream without heads and neurons that have the form of no line and write nothing that is read."""
    useful = _read(stream)
    heads = tuple(h for h in stream.heads if h.moves_to_one or h.written & useful)
    mlps: list[Mlp] = []
    for mlp in stream.mlps:
        formless = (mlp.w_in[:-1] != 0).sum(axis=0) > 2
        useless = ~(mlp.w_out[:, sorted(useful)] != 0).any(axis=1) & formless & ~mlp.open
        mlps.append(mlp.without(useless))
    return replace(stream, heads=heads, mlps=tuple(mlps))


def _dead(live: set[int], size: int) -> list[int]:
    return [d for d in range(size) if d not in live]


def _trim_head(head: Head, live: set[int]) -> Head:
    dead = _dead(live, len(head.qk))
    qk, ov = head.qk.copy(), head.ov.copy()
    qk[dead, :], qk[:, dead], ov[dead, :] = 0, 0, 0
    return replace(head, qk=qk, ov=ov, key_dims=tuple(d for d in head.key_dims if d in live))


def _trim_mlp(mlp: Mlp, live: set[int]) -> Mlp:
    """Leave out dead reads, and neurons that need one of them to fire or read nothing at all."""
    dead = _dead(live, len(mlp.w_in))
    w_in = mlp.w_in.copy()
    below = ~mlp.open & (mlp.always < 0)
    needs_dead = (w_in[dead] != 0).any(axis=0) & below
    w_in[dead] = 0
    silent = needs_dead | (~(w_in[:-1] != 0).any(axis=0) & (below | mlp.open))
    return Mlp(mlp.layer, w_in, mlp.w_out).without(silent)
