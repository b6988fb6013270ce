"""Programs tried on a few inputs, for which it is known what the model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.verify import Outputs, categorical_outputs, model_outputs, number_outputs, same
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.sample.grid import Grid, ragged_grid
from inverse_tracr.sample.ragged import RaggedTrace

Row = tuple[int, ...]
"""An input, as indices into the vocabulary."""
Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Whether a program is right at each position of the inputs, one behind the other."""

    right: Right

    @property
    def share(self) -> float:
        """Share of positions."""
        return float(self.right.mean())

    @property
    def perfect(self) -> bool:
        """Whether it is right everywhere."""
        return bool(self.right.all())


class Trial:
    """Inputs, rising in length, with what the model says at each position."""

    def __init__(self, model: TransformerProgram, rows: Sequence[Row]) -> None:
        self.rows = tuple(sorted(dict.fromkeys(rows), key=len))
        self._signature = model.signature
        tokens = [np.array(row, dtype=np.intp) for row in self.rows]
        self._grid: Grid = ragged_grid(tokens, causal=model.signature.causal)
        self._said = _model_says(model, self.rows)

    def score(self, program: Program) -> Score:
        """Where a program says what the model says; nowhere, where it cannot be run."""
        try:
            found = RaggedTrace(program, self._signature, self._grid).output()
        except InverseTracrError:
            return Score(np.zeros(len(self._grid.tokens), dtype=np.bool_))
        if isinstance(found, tuple):
            values, index = found
            said = categorical_outputs(values, np.where(index == len(values), -1, index)[None])
        else:
            said = number_outputs(found[None])
        return Score(same(self._said, said)[0])

    def failing(self, score: Score) -> list[Row]:
        """Inputs that a program has wrong somewhere."""
        whole = np.logical_and.reduceat(score.right, self._grid.blocks)
        return [row for row, right in zip(self.rows, whole.tolist(), strict=True) if not right]


def _model_says(model: TransformerProgram, rows: Sequence[Row]) -> Outputs:
    """The model's outputs on inputs of rising length, one behind the other in one row."""
    parts = [
        model_outputs(model, np.array([row for row in rows if len(row) == length], dtype=np.int64))
        for length in sorted({len(row) for row in rows})
    ]
    return Outputs(
        parts[0].values,
        np.concatenate([part.index.ravel() for part in parts])[None],
        np.concatenate([part.numbers.ravel() for part in parts])[None],
    )
