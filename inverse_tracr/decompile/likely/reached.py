"""Which arguments of a program's lines occur on inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp import Program, Signature, Trace
from inverse_tracr.rasp.interpreter import Categorical
from inverse_tracr.rasp.program import Map, Ref, Select, SequenceMap
from inverse_tracr.rasp.values import Maybe, Value

Labels = NDArray[np.int64]
Arguments = Mapping[int, Collection[tuple[Maybe, ...]]]
"""By line: the value that a map reads, the two of a sequence map, key and query of a select.

Where one of them has no value, all are None.
"""


def reached(program: Program, signature: Signature, batches: Iterable[Labels]) -> Arguments:
    """The arguments of maps, sequence maps and selects on batches of inputs of one length each."""
    found: dict[int, dict[tuple[Maybe, ...], None]] = {
        at: {} for at, line in enumerate(program.lines) if isinstance(line, Map | SequenceMap | Select)
    }
    for batch in batches:
        trace = Trace(program, signature, batch)
        for at, own in found.items():
            own.update(dict.fromkeys(_arguments(program, at, trace, causal=signature.causal)))
    return found


def _arguments(program: Program, at: int, trace: Trace, *, causal: bool) -> list[tuple[Maybe, ...]]:
    line = program.lines[at]
    match line:
        case Map(operand):
            values, index = _column(trace, operand)
            return [(values[i] if i >= 0 else None,) for i in np.unique(index).tolist()]
        case SequenceMap(first, second):
            (xs, x), (ys, y) = _column(trace, first), _column(trace, second)
            return _pairs(xs, ys, x, y, np.bool_(True))
        case Select(keys, queries):
            (ks, k), (qs, q) = _column(trace, keys), _column(trace, queries)
            length = k.shape[1]
            seen = np.tri(length, dtype=np.bool_) if causal else np.ones((length, length), np.bool_)
            return _pairs(ks, qs, k[:, None, :], q[:, :, None], seen)
        case _:
            return []


def _pairs(
    xs: tuple[Value, ...], ys: tuple[Value, ...], x: Labels, y: Labels, seen: np.bool_ | NDArray[np.bool_]
) -> list[tuple[Maybe, ...]]:
    codes = np.where((x >= 0) & (y >= 0), x * len(ys) + y, -1)[
        np.broadcast_to(seen, np.broadcast(x, y).shape)
    ]
    found = np.unique(codes).tolist()
    return [(xs[c // len(ys)], ys[c % len(ys)]) if c >= 0 else (None, None) for c in found]


def _column(trace: Trace, ref: Ref) -> tuple[tuple[Value, ...], Labels]:
    """Values, and the number of one at each position, -1 for none."""
    column = trace.column(ref)
    if isinstance(column, Categorical):
        return column.values, column.index
    levels, index = np.unique(column.numbers, return_inverse=True)
    return tuple(levels.tolist()), index.reshape(column.numbers.shape)
