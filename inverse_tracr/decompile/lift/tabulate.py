"""Executing neurons: what a written dimension is in every case of the variables that it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.lift.attention import Widths
from inverse_tracr.decompile.lift.draft import Draft, Variable
from inverse_tracr.decompile.lift.ladder import Ramps, find_ramps, steps_at
from inverse_tracr.decompile.lift.stream import Floats, Mlp, NothingKnownError, NotReadableError
from inverse_tracr.rasp.program import TOKENS, Encoding, Ref

PURE = 0.05
"""How far a categorical dimension may be from 0 or 1 and still count as it."""


@dataclass(frozen=True)
class Function:
    """A written dimension, the neurons behind it, and its height in every case of its operands.

    `operands` are one or two variables, cases row by row by the first; none for a function of the number of
    selected keys, which `width` (the dimension that holds it) then names. `heights` are those that the
    neurons stand for, `real` those that they write: different where ramps are wider than gaps between
    numbers. `pure` are the cases in which every operand sets one dimension; the others have real heights.
    """

    dim: int
    neurons: tuple[int, ...]
    operands: tuple[Ref, ...]
    heights: Floats
    real: Floats
    pure: NDArray[np.bool_]
    width: int | None = None

    @property
    def cases(self) -> frozenset[int]:
        """Pure cases in which the dimension is set."""
        return frozenset(np.nonzero(self.pure & (self.heights > 0.5))[0].tolist())

    @property
    def binary(self) -> bool:
        """Whether every height in a pure case is 0 or 1."""
        heights = self.heights[self.pure]
        return bool(np.all(np.minimum(np.abs(heights), np.abs(heights - 1)) < PURE))


class Tabulator:
    """Executes neurons of one MLP on the cases of variables.

    `exact`: steps are read as they are executed, not as what they stand for.
    """

    def __init__(self, mlp: Mlp, draft: Draft, widths: Widths, *, exact: bool) -> None:
        self._mlp, self._draft, self._widths, self._exact = mlp, draft, widths, exact
        self._ramps: dict[int, Ramps | None] = {}

    def function(self, dim: int, neurons: Sequence[int], read: Sequence[int]) -> Function:
        """What `neurons`, which read the dimensions `read`, write to `dim`; raises NotReadableError."""
        scratch = [d for d in read if d in self._widths]
        if scratch:
            if len(read) != 1:
                raise NotReadableError("a number of selected keys is read together with something else")
            counts = np.arange(self._draft.signature.max_seq_len + 1)
            return self._of_numbers(dim, neurons, scratch[0], 1 / (counts + 1), width=scratch[0])
        variables = self._draft.owners(read) if read else [self._draft.variable(TOKENS)]
        if len(variables) > 2:
            raise NotReadableError(f"{len(variables)} variables are read at once")
        if all(v.encoding is Encoding.CATEGORICAL for v in variables):
            return self._of_values(dim, neurons, variables)
        if len(variables) == 2:
            raise NotReadableError("a number is combined with something else")
        numbers = self._draft.number_values(variables[0])
        if not numbers:
            raise NothingKnownError("a number is read of which nothing is known")
        operand = variables[0]
        return self._of_numbers(dim, neurons, operand.dims[0], np.array(numbers), operands=(operand.ref,))

    def _of_values(self, dim: int, neurons: Sequence[int], variables: list[Variable]) -> Function:
        cases = _pairs([v.grid for v in variables])
        heights = self._execute(dim, neurons, cases, [d for v in variables for d in v.dims])
        refs = tuple(v.ref for v in variables)
        return Function(dim, tuple(neurons), refs, heights, heights, _pure(variables))

    def _of_numbers(
        self,
        dim: int,
        neurons: Sequence[int],
        read: int,
        numbers: Floats,
        *,
        operands: tuple[Ref, ...] = (),
        width: int | None = None,
    ) -> Function:
        meant = self._at_numbers(dim, neurons, read, numbers)
        real = self._execute(dim, neurons, numbers[:, None], [read]) if self._exact else meant
        pure = np.ones(len(numbers), dtype=np.bool_)
        return Function(dim, tuple(neurons), operands, meant, real, pure, width)

    def _execute(self, dim: int, neurons: Sequence[int], inputs: Floats, read: Sequence[int]) -> Floats:
        """Value written to `dim` for each row of `inputs`, which holds the dimensions `read`."""
        columns = list(neurons)
        hidden = inputs @ self._mlp.w_in[np.ix_(list(read), columns)] + self._mlp.always[columns]
        return np.maximum(hidden, 0) @ self._mlp.w_out[columns, dim]

    def _at_numbers(self, dim: int, neurons: Sequence[int], read: int, numbers: Floats) -> Floats:
        """A function of one number: by its steps, or executed where it is no ladder.

        Long ladders have ramps wider than the gaps between their numbers; which value they stand for is
        read from the steps, and whether the model then computes it is for the verifier to say.
        """
        w_in, w_out, always = self._mlp.w_in[read], self._mlp.w_out[:, dim], self._mlp.always
        steady = [n for n in neurons if w_in[n] == 0]
        ladder = [n for n in neurons if w_in[n] != 0]
        constant = float(np.maximum(always[steady], 0) @ w_out[steady])
        ramps = self._ramps_of(read)
        sharp = steps_at(numbers, w_in[ladder], always[ladder], w_out[ladder], constant, ramps)
        return self._execute(dim, neurons, numbers[:, None], [read]) if sharp is None else sharp

    def _ramps_of(self, read: int) -> Ramps | None:
        """The ramps that the neurons that read a number build."""
        if read not in self._ramps:
            slopes = self._mlp.w_in[read]
            rising = slopes > 0
            self._ramps[read] = find_ramps(slopes[rising], self._mlp.always[rising])
        return self._ramps[read]


def _pure(variables: list[Variable]) -> NDArray[np.bool_]:
    """The cases of one or two variables in which each has one of its dimensions alone."""
    pure = [np.arange(len(v.grid)) < len(v.dims) for v in variables]
    return pure[0] if len(pure) == 1 else np.logical_and.outer(*pure).ravel()


def _pairs(grids: list[Floats]) -> Floats:
    """The rows of one grid, or every row of the first beside every row of the second."""
    if len(grids) == 1:
        return grids[0]
    first, second = grids
    return np.concatenate([np.repeat(first, len(second), axis=0), np.tile(second, (len(first), 1))], axis=1)
