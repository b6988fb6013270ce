"""How well a map of a number reads what its operand can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inverse_tracr.compile.bounds import EXACT, VECTOR_TOLERANCE, distances, ladder_error
from inverse_tracr.compile.faults import FaultKind
from inverse_tracr.compile.ladders import Ladder, Numbers, map_ladder
from inverse_tracr.compile.meaning import Step, at_number
from inverse_tracr.compile.mode import Mode
from inverse_tracr.rasp.functions import UnaryFunction
from inverse_tracr.rasp.tabulated import tabulated_unary
from inverse_tracr.rasp.values import Maybe, Value, as_number


@dataclass(frozen=True)
class NumberReading:
    """What may go wrong; how far the result may be off; what is meant, None where that is not written."""

    wrong: tuple[FaultKind, ...]
    error: float
    meant: tuple[Maybe, ...] | None


@dataclass(frozen=True)
class NumberMap:
    """A map of a number under a mode: the maps that were fused into it, the last of them first, the function
    that these make, the value set of its operand, and whether the result is categorical.
    """

    steps: tuple[Step, ...]
    function: UnaryFunction
    known: tuple[Value, ...]
    categorical: bool
    mode: Mode

    @property
    def ladder(self) -> Ladder:
        """How it reads its number."""
        return map_ladder(self.function, self.known, categorical=self.categorical, mode=self.mode)

    def written(self, meant: tuple[Maybe, ...]) -> Numbers | None:
        """What results should leave in the residual stream; None where one is not in the value set."""
        if not self.categorical:
            return np.array(meant, dtype=np.float64).reshape(-1, 1)
        place = {value: i for i, value in enumerate(tabulated_unary(self.function, self.known).values)}
        if any(result not in place for result in meant):
            return None
        wanted = np.zeros((len(meant), len(place)))
        wanted[np.arange(len(meant)), [place[result] for result in meant if result is not None]] = 1
        return wanted


@lru_cache(maxsize=20_000)
def reading_of_numbers(line: NumberMap, numbers: tuple[float, ...], radius: float) -> NumberReading:
    """The reading of `numbers`, each of which may be off by `radius`."""
    read, points = line.ladder, np.array(sorted(numbers), dtype=np.float64)
    meant = tuple(at_number(line.steps, x) for x in points.tolist())
    if None in meant:
        return NumberReading((FaultKind.NO_RESULT,), 0.0, None)
    wanted = line.written(meant)
    if wanted is None:
        return NumberReading((FaultKind.MISSING_THRESHOLD,), 0.0, None)
    off = distances(read.output(points), wanted)
    wrong = off > (VECTOR_TOLERANCE if line.categorical else EXACT)
    known = {as_number(v) for v in line.known}
    kinds = [FaultKind.RAMP if x in known else FaultKind.MISSING_THRESHOLD for x in points[wrong].tolist()]
    slack = 0.0 if wrong.all() else float(off[~wrong].max())
    error = slack + ladder_error(read, points[~wrong], radius)
    return NumberReading(tuple(kinds), error, meant)
