"""A verified program in plainer words, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from inverse_tracr.decompile.plain.relays import without_relay
from inverse_tracr.decompile.plain.tables import with_classes_merged, with_named_functions
from inverse_tracr.decompile.proposers import Judge
from inverse_tracr.decompile.refine.observed import Observed
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import description
from inverse_tracr.rasp.value_sets import ValueSets

MOST_STEPS = 12

MOST_LEFT = 1e-3
"""What MLPs may be explained less by a step, as a share of what they write."""


def plain(
    program: Program, model: TransformerProgram, judge: Judge, *, lossy: bool
) -> tuple[Program, list[str]]:
    """A verified program less relays; and the names of the lines that were left out.

    Tables are shortened where `lossy`: what weights hold of them may be less than the program had.
    """
    verdict, left_out = judge(program).verdict, list[str]()
    observed: Observed | None = None
    for _ in range(MOST_STEPS):
        for changed, line in _plainer(program, model, lossy=lossy):
            if judge(changed).verdict is not verdict:
                continue
            if line is None:
                observed = observed or Observed(model)
                if observed.left(changed) > observed.left(program) + MOST_LEFT:
                    continue
            program = changed
            left_out += [] if line is None else [line]
            break
        else:
            break
    return program, left_out


def _plainer(
    program: Program, model: TransformerProgram, *, lossy: bool
) -> Iterator[tuple[Program, str | None]]:
    """Programs that say the same in fewer words, with the name of the line that is left out, if one is."""
    try:
        sets = ValueSets(program, model.signature, exact_means=True)
    except InverseTracrError:  # too many means to list
        return
    yield from without_relay(program, sets)
    if lossy:
        entries = description(program)
        for changed in chain(with_classes_merged(program, sets), with_named_functions(program, sets)):
            if description(changed) < entries:
                yield changed, None
