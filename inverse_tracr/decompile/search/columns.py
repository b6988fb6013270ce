"""Lines of a program under search, with their values on the probes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.search.probes import Labels, Probes
from inverse_tracr.rasp.program import INDICES, TOKENS, Line, Ref
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """An s-op on the probes: `values[labels]` where labels >= 0, [inputs, positions]; or numbers.

    Numerical columns have `numbers`; their labels number the levels, and `values` are the levels. `free`: the
    values are names of classes and nothing else.
    """

    ref: Ref
    labels: Labels
    values: tuple[Value, ...]
    numbers: NDArray[np.float64] | None = None
    free: bool = False

    @property
    def numerical(self) -> bool:
        """Whether the s-op is encoded as a number."""
        return self.numbers is not None


def input_columns(signature: Signature, probes: Probes) -> list[Column]:
    """Tokens and indices."""
    positions = np.broadcast_to(np.arange(probes.tokens.shape[1]), probes.tokens.shape)
    return [
        Column(TOKENS, probes.tokens, signature.vocab),
        Column(INDICES, np.ascontiguousarray(positions), tuple(range(signature.max_seq_len))),
    ]


def numerical_column(ref: Ref, numbers: NDArray[np.float64], mask: Truth) -> Column:
    """A column of numbers, equal ones to nine digits taken for one level."""
    rounded = np.round(numbers, 9)
    levels, first = np.unique(rounded[mask], return_index=True)
    labels = np.searchsorted(levels, rounded).clip(0, len(levels) - 1)
    return Column(ref, np.where(mask, labels, -1), tuple(numbers[mask][first].tolist()), numbers)


@dataclass(frozen=True)
class Sketch:
    """A program so far: lines, and the columns of those that are s-ops (inputs included).

    Each line has the half-layer and the heads (as in `2.1`) that it was read from; `probes` is the number of
    inputs on which it was.
    """

    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    half_layers: tuple[int, ...]
    heads: tuple[tuple[str, ...], ...]
    probes: int
    cost: float

    def extended(
        self,
        lines: tuple[Line, ...],
        columns: tuple[Column, ...],
        half: int,
        cost: float,
        heads: tuple[str, ...] = (),
    ) -> Sketch:
        """The sketch with more lines of one half-layer."""
        return Sketch(
            (*self.lines, *lines),
            (*self.columns, *columns),
            (*self.half_layers, *([half] * len(lines))),
            (*self.heads, *([heads] * len(lines))),
            self.probes,
            self.cost + cost,
        )
