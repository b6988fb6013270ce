"""The lift as a proposer: canonical, readable, with evidence."""

from __future__ import annotations

from collections.abc import Iterator

from inverse_tracr.decompile.lift.draft import Basis
from inverse_tracr.decompile.lift.lift import lift
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import readable


def propose_lift(model: TransformerProgram, _judge: Judge) -> Iterator[Proposal]:
    """The lifted program in readable form, then as it was read (where naming changed what it computes)."""
    lifted = lift(model)
    if lifted.program is None:
        yield Proposal(None, (), partial_text(lifted.bases, lifted.unexplained), lifted.unexplained)
        return
    signature = model.signature
    for exact in (True, False):
        try:
            named, places = canonical_places(lifted.program, signature, exact_means=exact)
            tidy = readable(named, signature, exact_means=exact)
        except InverseTracrError:  # too many means to list, or means that cannot be listed
            continue
        evidence = _evidence(named, lifted.bases, places)
        yield Proposal(tidy, evidence, "", lifted.unexplained)
        yield Proposal(named, evidence, "", lifted.unexplained)
    yield Proposal(lifted.program, _evidence(lifted.program, lifted.bases, {}), "", lifted.unexplained)


def _evidence(
    program: Program, bases: tuple[Basis, ...], places: dict[int, int]
) -> tuple[LineEvidence, ...]:
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


def partial_text(bases: tuple[Basis, ...], unexplained: tuple[str, ...]) -> str:
    """What was understood, in words, when no whole program could be written."""
    understood = [f"# read: {', '.join((*b.heads, *b.neurons[:4]))} (half-layer {b.half_layer})" for b in bases]
    missing = [f"unknown({what})" for what in unexplained]
    return "\n".join([*understood, *missing]) + "\n"


