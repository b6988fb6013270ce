"""Dimensions that nothing ever writes: values of Tracr's inference that no input produces.

What reads them reads zero, so they are left out before anything else is read.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.lift.stream import Head, Mlp, Stream


def without_dead(stream: Stream) -> Stream:
    """The stream with reads of dimensions that are never written set to zero."""
    live = {*stream.token_dims, *stream.index_dims, *stream.special}
    heads: list[Head] = []
    mlps: list[Mlp] = []
    for mlp in stream.mlps:
        layer = [_trim_head(head, live) for head in stream.heads if head.layer == mlp.layer]
        for head in layer:
            live |= set(np.nonzero((head.ov != 0).any(axis=0))[0].tolist())
        heads += [head for head in layer if head.ov.any()]
        trimmed = _trim_mlp(mlp, live)
        live |= set(np.nonzero((trimmed.w_out != 0).any(axis=0))[0].tolist())
        mlps.append(trimmed)
    return replace(stream, heads=tuple(heads), mlps=tuple(mlps), live=frozenset(live))


def _dead(live: set[int], size: int) -> list[int]:
    return [d for d in range(size) if d not in live]


def _trim_head(head: Head, live: set[int]) -> Head:
    dead = _dead(live, len(head.qk))
    qk, ov = head.qk.copy(), head.ov.copy()
    qk[dead, :], qk[:, dead], ov[dead, :] = 0, 0, 0
    return Head(head.layer, head.head, qk, ov, tuple(d for d in head.key_dims if d in live))


def _trim_mlp(mlp: Mlp, live: set[int]) -> Mlp:
    """Leave out dead reads, and neurons that need one of them to fire or read nothing at all."""
    dead = _dead(live, len(mlp.w_in))
    w_in, w_out = mlp.w_in.copy(), mlp.w_out.copy()
    below = ~mlp.open & (mlp.always < 0)
    needs_dead = (w_in[dead] != 0).any(axis=0) & below
    w_in[dead] = 0
    silent = needs_dead | (~(w_in[:-1] != 0).any(axis=0) & (below | mlp.open))
    w_in[:, silent], w_out[silent] = 0, 0
    return Mlp(mlp.layer, w_in, w_out)
