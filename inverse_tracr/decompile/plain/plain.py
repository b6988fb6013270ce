"""A verified program in plainer words, step by step."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from itertools import chain

from inverse_tracr.decompile.plain.names import Tables
from inverse_tracr.decompile.plain.relays import without_last_map, without_relay
from inverse_tracr.decompile.plain.tables import with_classes_merged, with_named_functions
from inverse_tracr.decompile.proposers import Judge
from inverse_tracr.decompile.refine.observed import Observed
from inverse_tracr.decompile.repair.locate import half_layers
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import description

MOST_STEPS = 12

MOST_LEFT = 1e-3
"""What MLPs may be explained less by a step, as a share of what they write."""


class Entries(enum.Enum):
    """Where the entries of a program's tables come from."""

    AS_THEY_WERE = "read off weights that hold all of them"
    READ = "read off weights that may have lost some"
    SEEN = "told from inputs: those that no input leads to are guesses"


def plain(
    program: Program, model: TransformerProgram, judge: Judge, entries: Entries
) -> tuple[Program, list[str]]:
    """A verified program less relays; and the names of the lines that were left out.

    Tables are shortened where `entries` may be less than the program had.
    """
    verdict, left_out = judge(program).verdict, list[str]()
    tables = Tables(model.signature, others=entries is Entries.READ)
    observed: Observed | None = None
    for _ in range(MOST_STEPS):
        for changed, line in _plainer(program, model, tables, entries):
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
    program: Program, model: TransformerProgram, tables: Tables, entries: Entries
) -> Iterator[tuple[Program, str | None]]:
    """Programs that say the same in fewer words, with the name of the line that is left out, if one is."""
    try:
        sets = tables.sets(program)
    except InverseTracrError:  # too many means to list
        return
    yield from without_relay(program, sets)
    if entries is Entries.AS_THEY_WERE:
        return
    if _beyond(program, model):
        yield from without_last_map(program, sets)
    length = description(program)
    for changed in chain(with_named_functions(program, tables), with_classes_merged(program, sets)):
        if description(changed) < length:
            yield changed, None


def _beyond(program: Program, model: TransformerProgram) -> bool:
    """Whether a program has lines behind the last half-layer of the model."""
    return max(half_layers(program)) >= 2 * model.config.n_layers
