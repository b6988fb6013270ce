"""Proposers: ways to guess the program of a model. The verifier judges what they propose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inverse_tracr.decompile.outcome import LineEvidence, Verification
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program


@dataclass(frozen=True)
class Proposal:
    """A candidate: a whole program with the evidence of its lines, or the part that was understood.

    `partial` is the text of a program with unknown lines; in `program` these have no value.
    """

    program: Program | None
    evidence: tuple[LineEvidence, ...] = ()
    partial: str = ""
    unexplained: tuple[str, ...] = ()


Judge = Callable[[Program], Verification]
"""The verifier of one model; it remembers what it has judged."""

Proposer = Callable[[TransformerProgram, Judge], Iterator[Proposal]]
"""Proposes candidates for a model, best first, reading weights, encoders and nothing else.

It may ask the judge, whose counterexamples are inputs to learn from.
"""

_PROPOSERS: dict[str, Proposer] = {}


def register_proposer(name: str, proposer: Proposer) -> None:
    """Make a proposer available to `decompile` under `name`; a later one of the same name replaces it."""
    _PROPOSERS[name] = proposer


def proposers() -> dict[str, Proposer]:
    """The registered proposers by name, in the order in which `auto` tries them."""
    return dict(_PROPOSERS)
