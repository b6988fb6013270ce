"""The units of numerical lines, which only the preset `tracr` grows by."""

from __future__ import annotations

from inverse_tracr.rasp.program import Encoding, LinearSequenceMap, Map, Ref
from inverse_tracr.sample import propose
from inverse_tracr.sample.units import SOUND_UNITS, Unit, Uses
from inverse_tracr.sample.work import Work

_FACTORS = (-3, -2, -1, -1, 1, 1, 1, 2, 3, 0.5)


def linear_sequence_map(work: Work) -> Ref | None:
    """A weighted sum of two numerical s-ops, each earlier or a new map."""
    first, second = _number(work), _number(work)
    if first is None or second is None or first == second:
        return None
    factors = work.draws.choose(_FACTORS), work.draws.choose(_FACTORS)
    return work.draft.offer(LinearSequenceMap(first, second, *factors))


def numerical_output(work: Work) -> Ref | None:
    """A map to numbers as the last line: before, only sums and means could use it."""
    return _new_number(work)


def _number(work: Work) -> Ref | None:
    known = work.draft.numerical
    return work.pick(known) if known and work.draws.chance(0.6) else _new_number(work)


def _new_number(work: Work) -> Ref | None:
    draft = work.draft
    refs = [ref for ref in draft.categorical if draft.sops[ref].total]
    operand = work.pick(work.unmapped(refs + draft.numerical))
    if operand is None:
        return None
    function = propose.number(work.draws, draft.sops[operand], draft.config)
    return draft.offer(Map(operand, function, Encoding.NUMERICAL))


TRACR_UNITS = (
    *SOUND_UNITS,
    Unit(linear_sequence_map, 1.5, 2, 2, Uses.NUMERICAL, mends_numerical=2),
    Unit(numerical_output, 1.0, 1, 1, Uses.MAPPABLE, last=True, mends_numerical=1),
)
