"""Growing a program that meets its length, with every line used.

A program grows by units of one to three lines that end in an s-op: a map; a sequence map; a select with its
first consumer (any program can be so ordered); another consumer of an earlier select; zeros and ones, a
select and their mean. After each unit the lines that nothing uses yet must fit the lines that remain
(`budget.lines_needed`); a unit that breaks this, or a law of `Draft`, is taken back and another is drawn. A
state that refuses many units gives up its last one.

Operands are drawn with the thesis's recency weights; where few lines remain, as many as must be are drawn
from the lines that nothing uses yet, and units that cannot help are not drawn at all. Length and liveness
so hold by construction, and no finished program is thrown away.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.budget import Open, lines_needed, unpacked
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draft import Draft
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.numerical_units import TRACR_UNITS
from inverse_tracr.sample.units import SOUND_UNITS, Unit, Uses
from inverse_tracr.sample.work import Work

TRIES_PER_LINE = 20
TRIES_PER_STATE = 8


class Chances(NamedTuple):
    """The units that may help a draft, each with the open lines that it must use; running sums of their
    weights; whether few lines remain to bring tokens in.
    """

    units: tuple[tuple[Unit, int], ...]
    sums: tuple[float, ...]
    wants_tokens: bool


def grow(draws: Draws, signature: Signature, length: int, config: SamplerConfig) -> Program | None:
    """A program of exactly `length` lines, or None when the counted tries run out."""
    draft = Draft(signature, length, config)
    marks = [0]
    refused = 0
    for _ in range(TRIES_PER_LINE * length):
        again = bool(draft.selectors)
        units, sums, wants_tokens = _chances(config.whole_language, draft.open_code, draft.remaining, again)
        if units:
            unit, must_use = draws.weighted(units, sums)
            if unit.build(Work(draws, draft, must_use, wants_tokens)) is not None and draft.feasible():
                if not draft.remaining:
                    return draft.program()
                marks.append(len(draft.lines))
                refused = 0
                continue
        refused += 1
        if (refused == TRIES_PER_STATE or not units) and len(marks) > 1:
            marks.pop()
            refused = 0
        draft.take_back(marks[-1])
    return None


@lru_cache(maxsize=32_768)
def _chances(whole_language: bool, code: int, remaining: int, again: bool) -> Chances:
    """The chances of a draft whose open lines are `code` (see `budget.packed`); `again`: it has selects."""
    unused, slack = unpacked(code), remaining - lines_needed(code)
    fitting: list[tuple[Unit, int]] = []
    for unit in TRACR_UNITS if whole_language else SOUND_UNITS:
        if unit.lines <= remaining and (again or not unit.again) and (remaining == 1 or not unit.last):
            must_use = _must_use(unit, unused, slack)
            if must_use <= _usable(unit, unused):
                fitting.append((unit, must_use))
    sums = tuple(accumulate(unit.weight for unit, _ in fitting))
    return Chances(tuple(fitting), sums, slack < 2 and unused.token_free == unused.total)


def _usable(unit: Unit, unused: Open) -> int:
    """How many open lines a unit can use."""
    match unit.uses:
        case Uses.MAPPABLE:
            usable = unused.mappable
        case Uses.NUMERICAL:
            usable = unused.numerical + unused.mappable
        case Uses.ONE_KIND:
            usable = max(unused.numbers, unused.others)
        case Uses.CATEGORICAL:
            usable = unused.numbers + unused.others
    return min(unit.operands, usable)


def _must_use(unit: Unit, unused: Open, slack: int) -> int:
    """How many open lines a unit must use for the rest to fit the lines that then remain.

    More than the unit has operands means that it cannot help.
    """
    must_use = unit.lines + 1 - slack
    if not unused.total:
        return max(0, must_use - 1)
    if unused.total > 1:
        must_use -= unit.mends_numerical if unused.numerical else 0
        must_use -= unit.mends_others if unused.others == 1 else 0
    if unused.partial:
        mended = min(unit.mends_partial, 2 if unused.total == 1 else 1) if unused.partial < 3 else 0
        # Merging everything into one line without mending it leaves a line that takes two more.
        return max(0, must_use - mended) + (not mended and must_use == unused.total)
    if unused.token_free == unused.total and must_use <= unit.operands:
        # The operands that are not open bring tokens in.
        must_use -= 1
    return max(0, must_use)
