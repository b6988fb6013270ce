"""The lift as a proposer: canonical, readable, with evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inverse_tracr.decompile.lift.denoise import NotNoisyError, denoised
from inverse_tracr.decompile.lift.draft import Basis
from inverse_tracr.decompile.lift.lift import Lifted, lift
from inverse_tracr.decompile.lift.partial import partial_text, unexplained_parts
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import readable
from inverse_tracr.rasp.signature import Signature


def propose_lift(model: TransformerProgram, _judge: Judge) -> Iterator[Proposal]:
    """The program that the weights stand for; then, where it is not what they compute, the one they execute.

    Each in readable form, then as it was read (where naming changed what it computes). Where parts of the
    model could not be read, the program lacks the values of these lines, and comes with the text that names
    them.
    """
    quiet = False
    for proposal in _through_noise(model):
        quiet = True
        yield proposal
    meant = lift(model)
    if quiet and not meant.whole:
        return
    yield from _proposals(meant, model.signature)
    executed = lift(model, exact=True)
    if executed.program is not None and executed.program != meant.program:
        yield from _proposals(executed, model.signature)


def _through_noise(model: TransformerProgram) -> Iterator[Proposal]:
    """The program that the weights stand for without their noise; nothing where that is not read whole."""
    try:
        quiet, noise = denoised(model)
    except NotNoisyError:
        return
    lifted = lift(quiet)
    if lifted.whole:
        for proposal in _proposals(lifted, model.signature):
            yield replace(proposal, noise=noise)


def _proposals(lifted: Lifted, signature: Signature) -> Iterator[Proposal]:
    program = lifted.program
    unexplained = unexplained_parts(lifted)
    if program is None or not lifted.whole:
        evidence = () if program is None else _evidence(program, lifted.bases, {})
        yield Proposal(program, evidence, partial_text(lifted, signature), unexplained)
        return
    for exact in (True, False):
        try:
            named, places = canonical_places(program, signature, exact_means=exact)
            tidy = readable(named, signature, exact_means=exact)
        except InverseTracrError:  # too many means to list, or means that cannot be listed
            continue
        evidence = _evidence(named, lifted.bases, places)
        yield Proposal(tidy, evidence, "", unexplained)
        yield Proposal(named, evidence, "", unexplained)
    yield Proposal(program, _evidence(program, lifted.bases, {}), "", unexplained)


def _evidence(program: Program, bases: tuple[Basis, ...], places: dict[int, int]) -> tuple[LineEvidence, ...]:
    """The basis of each line, joined over the lifted lines that became it."""
    sources: dict[int, list[Basis]] = {}
    for old, basis in enumerate(bases):
        new = places.get(old) if places else old
        if new is not None:
            sources.setdefault(new, []).append(basis)
    return tuple(
        LineEvidence(
            program.names[position],
            min((b.half_layer for b in sources.get(position, []) if b.half_layer >= 0), default=None),
            tuple(dict.fromkeys(h for b in sources.get(position, []) for h in b.heads)),
            tuple(dict.fromkeys(n for b in sources.get(position, []) for n in b.neurons)),
            tuple(dict.fromkeys(d for b in sources.get(position, []) for d in b.dims)),
        )
        for position in range(len(program.lines))
    )
