"""Decompile: propose, verify, keep the best."""

from __future__ import annotations

import time
from collections.abc import Iterator

from inverse_tracr.decompile.outcome import Decompilation, Verdict, Verification
from inverse_tracr.decompile.proposers import Proposal, proposers
from inverse_tracr.decompile.verify import verify
from inverse_tracr.errors import BadInputError, InverseTracrError
from inverse_tracr.model import TransformerProgram


class UnknownMethodError(BadInputError):
    """A method that is not registered."""

    exit_code = 2


def decompile(model: TransformerProgram, method: str = "auto") -> Decompilation:
    """The RASP program that a model computes, recompiled and checked against its weights.

    `method` is a registered proposer, or `auto`: all of them, cheapest first, until a program is verified.
    Always ends in a verdict; of refuted candidates the one that agrees on most inputs is returned.
    """
    start = time.perf_counter()
    best: tuple[str, Proposal, Verification] | None = None
    tried: dict[str, int] = {}
    for name, proposal in _proposals(model, method):
        tried[name] = tried.get(name, 0) + 1
        verification = _judge(model, proposal)
        if best is None or _rank(proposal, verification) > _rank(best[1], best[2]):
            best = (name, proposal, verification)
        if verification.verified:
            break
    name, proposal, verification = best or (method, Proposal(None), Verification(Verdict.REFUTED, 0, 0.0))
    return Decompilation(
        program=proposal.program,
        signature=model.signature,
        verification=verification,
        method=name,
        candidates=sum(tried.values()),
        seconds=time.perf_counter() - start,
        evidence=proposal.evidence,
        partial=proposal.partial,
        unexplained=proposal.unexplained,
        tried=tuple(f"{n}: {count}" for n, count in tried.items()),
    )


def _proposals(model: TransformerProgram, method: str) -> Iterator[tuple[str, Proposal]]:
    known = proposers()
    if method != "auto" and method not in known:
        raise UnknownMethodError(
            f"no proposer is called {method!r}", expected=", ".join(["auto", *known]), got=repr(method)
        )
    for name, proposer in known.items():
        if method in ("auto", name):
            seen: set[object] = set()
            for proposal in proposer(model):
                if proposal.program is None or proposal.program not in seen:
                    seen.add(proposal.program)
                    yield name, proposal


def _judge(model: TransformerProgram, proposal: Proposal) -> Verification:
    if proposal.program is None:
        return Verification(Verdict.REFUTED, 0, 0.0, note="no whole program was found")
    try:
        return verify(model, proposal.program)
    except InverseTracrError as error:
        return Verification(Verdict.REFUTED, 0, 0.0, note=str(error))


def _rank(proposal: Proposal, verification: Verification) -> tuple[bool, bool, float]:
    return verification.verified, proposal.program is not None, verification.agreement


