"""Unmixing as a proposer: the lift on another basis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inverse_tracr.decompile.lift.proposer import propose_lift
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.unmix.lost import with_lost_values
from inverse_tracr.decompile.unmix.numbers import with_plain_numbers
from inverse_tracr.decompile.unmix.unmix import CannotUnmixError, unmixed
from inverse_tracr.model import TransformerProgram


def propose_unmixed(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
    """What the lift reads off the model on the basis that its parts write; nothing where there is none.

    Lines rest on heads and neurons of the model; its residual dimensions are mixed, so none is named.
    """
    try:
        found = unmixed(model)
    except CannotUnmixError:
        return
    for proposal in propose_lift(found, judge):
        evidence = tuple(replace(line, dimensions=()) for line in proposal.evidence)
        proposal = replace(proposal, evidence=evidence)
        if proposal.program is None:
            yield proposal
            continue
        program = with_lost_values(proposal.program, model.signature)
        plain = with_plain_numbers(program, model.signature)
        if plain != program:
            yield replace(proposal, program=plain)
        yield replace(proposal, program=program)
