"""Decompile: propose, verify, keep the best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from inverse_tracr.decompile.outcome import Decompilation, Verdict, Verification
from inverse_tracr.decompile.proposers import Judge, Proposal, proposers
from inverse_tracr.decompile.verify import Verifier
from inverse_tracr.errors import BadInputError, InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program

MOSTLY = 0.5
"""Share of inputs on which a refuted program agrees so that others are not looked for."""


class UnknownMethodError(BadInputError):
    """A method that is not registered."""

    exit_code = 2


def decompile(model: TransformerProgram, method: str = "auto") -> Decompilation:
    """The RASP program that a model computes, recompiled and checked against its weights.

    `method` is a registered proposer, or `auto`: all of them, cheapest first, until a program is verified
    or a proposer has read a whole program that agrees on `MOSTLY` of the inputs: such a model departs from
    its program, which no other way of reading changes. Always ends in a verdict; of refuted candidates the
    one that agrees on most inputs is returned.
    """
    start = time.perf_counter()
    best: tuple[str, Proposal, Verification] | None = None
    tried: dict[str, int] = {}
    judge = remembering_judge(model)
    understood = Proposal(None)

    mostly_read = False

    def enough() -> bool:
        return mostly_read

    for name, proposal in _proposals(model, method, judge, enough):
        tried[name] = tried.get(name, 0) + 1
        verification = _NOTHING if proposal.program is None else judge(proposal.program)
        if proposal.partial and not understood.partial:
            understood = proposal
        mostly_read |= _is_mostly_read(proposal, verification)
        if best is None or _rank(proposal, verification) > _rank(best[1], best[2]):
            best = (name, proposal, verification)
        if verification.verified:
            break
    name, proposal, verification = best or (method, Proposal(None), _NOTHING)
    if verification.verified:
        understood = replace(proposal, partial="")
    return Decompilation(
        program=None if proposal.partial and not verification.verified else proposal.program,
        signature=model.signature,
        verification=verification,
        method=name,
        candidates=sum(tried.values()),
        seconds=time.perf_counter() - start,
        evidence=proposal.evidence,
        partial=understood.partial,
        unexplained=understood.unexplained or proposal.unexplained,
        tried=tuple(f"{n}: {count}" for n, count in tried.items()),
    )


def check_method(method: str) -> None:
    """Raise UnknownMethodError for what is neither `auto` nor a registered proposer."""
    known = ["auto", *proposers()]
    if method not in known:
        raise UnknownMethodError(
            f"no proposer is called {method!r}", expected=", ".join(known), got=repr(method)
        )


_NOTHING = Verification(Verdict.REFUTED, 0, 0.0, note="no whole program was found")


def _proposals(
    model: TransformerProgram, method: str, judge: Judge, enough: Callable[[], bool]
) -> Iterator[tuple[str, Proposal]]:
    check_method(method)
    for name, proposer in proposers().items():
        if method in ("auto", name) and not enough():
            seen: set[object] = set()
            for proposal in proposer(model, judge):
                if proposal.program is None or proposal.program not in seen:
                    seen.add(proposal.program)
                    yield name, proposal


def remembering_judge(model: TransformerProgram) -> Judge:
    """The verifier of a model, which judges each program once."""
    known: dict[Program, Verification] = {}
    verifier = Verifier(model)

    def judge(program: Program) -> Verification:
        if program not in known:
            try:
                known[program] = verifier.verify(program)
            except InverseTracrError as error:
                known[program] = Verification(Verdict.REFUTED, 0, 0.0, note=str(error))
        return known[program]

    return judge


def _is_mostly_read(proposal: Proposal, verification: Verification) -> bool:
    """Whether a refuted program was read off the whole model, and says most of what it does."""
    whole = proposal.program is not None and not proposal.partial and not proposal.guess
    return whole and verification.agreement >= MOSTLY


def _rank(proposal: Proposal, verification: Verification) -> tuple[bool, bool, float]:
    whole = proposal.program is not None and not proposal.partial
    return verification.verified, whole, verification.agreement
