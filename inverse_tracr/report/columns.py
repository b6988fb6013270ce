"""Values of lines on a batch, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.rasp.interpreter import Categorical, Trace
from inverse_tracr.rasp.values import Value


def indices_of(trace: Trace | None, position: int, values: tuple[Value, ...]) -> NDArray[np.int64]:
    """Values of a categorical line as positions in `values`, -1 where there is none."""
    assert trace is not None
    column = trace.column(position)
    assert isinstance(column, Categorical)
    place = {value: i for i, value in enumerate(values)}
    table = np.array([*(place.get(value, -1) for value in column.values), -1], dtype=np.int64)
    return table[column.index]


def numbers_of(trace: Trace | None, position: int) -> NDArray[np.float64]:
    """Numbers of a numerical line, NaN where there is none."""
    assert trace is not None
    column = trace.column(position)
    assert not isinstance(column, Categorical)
    return column.numbers
