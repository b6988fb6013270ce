"""Interchange interventions on programs: a line takes the values that it has on other inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.interpreter import Categorical, Column, Indices, Selection, Trace
from inverse_tracr.rasp.program import Aggregate, Line, Program, Ref
from inverse_tracr.rasp.signature import Signature


class InterchangedTrace(Trace):
    """The trace of a program some of whose lines are given instead of computed.

    `inside` says of each input whether no aggregate met several values at once, or some positions with a
    value and some without: what the weights do there is not what RASP means, and sound programs never get
    there by themselves.
    """

    def __init__(
        self, program: Program, signature: Signature, inputs: Indices, given: Mapping[Ref, Column]
    ) -> None:
        self._given = given
        self.inside: NDArray[np.bool_] = np.ones(len(inputs), dtype=np.bool_)
        super().__init__(program, signature, inputs)

    def _run(self, line: Line) -> Column | Selection:
        found = self._given.get(len(self._lines))
        if found is not None:
            return found
        if isinstance(line, Aggregate):
            values = self.column(line.values)
            if isinstance(values, Categorical):
                self.inside &= _is_plain(self.selection(line.selector).chosen, values)
        return super()._run(line)


def _is_plain(chosen: NDArray[np.bool_], values: Categorical) -> NDArray[np.bool_]:
    """For each input whether every query selects positions of one value only, or of none only."""
    index = values.index[:, None, :]
    low = np.where(chosen, index, len(values.values)).min(axis=2)
    high = np.where(chosen, index, -1).max(axis=2)
    return ((low == high) | ~chosen.any(axis=2)).all(axis=1)
