"""A repaired program as a proposal: readable, each line with what it rests on."""

from __future__ import annotations

from dataclasses import replace

from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.repair.locate import half_layers
from inverse_tracr.decompile.repair.repair import Repaired
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import readable


def repaired_proposal(
    base: Proposal, repaired: Repaired, model: TransformerProgram, judge: Judge
) -> Proposal:
    """The repaired program, readable where that is verified too; lines that were kept keep their evidence."""
    program = repaired.program
    assert program is not None
    for exact in (True, False):
        try:
            named, places = canonical_places(program, model.signature, exact_means=exact)
            tidy = readable(named, model.signature, exact_means=exact)
        except InverseTracrError:  # too many means to list, or means that cannot be listed
            continue
        if judge(tidy).verified:
            return Proposal(tidy, _evidence(base, repaired, tidy, {new: old for old, new in places.items()}))
    return Proposal(program, _evidence(base, repaired, program, {i: i for i in range(len(program.lines))}))


def _evidence(
    base: Proposal, repaired: Repaired, program: Program, origin: dict[int, int]
) -> tuple[LineEvidence, ...]:
    """What each line rests on: as before the repair, or its half-layer alone where it is new."""
    assert base.program is not None
    before = {line.line: line for line in base.evidence}
    names = base.program.names
    halves = half_layers(program)
    found: list[LineEvidence] = []
    for position, name in enumerate(program.names):
        old = repaired.places[origin[position]] if position in origin else None
        known = None if old is None else before.get(names[old])
        bare = LineEvidence(name, halves[position], (), (), ())
        found.append(bare if known is None else replace(known, line=name))
    return tuple(found)
