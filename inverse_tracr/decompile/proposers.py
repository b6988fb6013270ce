"""Proposers: ways to guess the program of a model. The verifier judges what they propose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from inverse_tracr.decompile.outcome import LineEvidence, Verification
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program


@dataclass(frozen=True)
class Proposal:
    """A candidate: a whole program with the evidence of its lines, or the part that was understood.

    `partial` is the text of a program with unknown lines; in `program` these have no value. A `guess` was not
    read off the weights line by line: that it is mostly right says nothing of the model. `tried`: candidates,
    programs that end at a half-layer among them, that were tried since the proposal before. `noise` is the
    share of its root mean square that the noise of a tensor has, where the program was read through noise: a
    model that departs from every program, and this is the one that its weights stand for. `doubtful`: outputs
    were looked up, so that others are asked even where it is verified, and the shortest is taken. `score` is
    the probability that its proposer gives it of being right, None where it gives none. `conclusive`: it is
    not sound, so that it is refuted, but compiled again it does what the model does; no other would say more.
    """

    program: Program | None
    evidence: tuple[LineEvidence, ...] = ()
    partial: str = ""
    unexplained: tuple[str, ...] = ()
    guess: bool = False
    tried: int = 1
    noise: float = 0.0
    doubtful: bool = False
    score: float | None = None
    conclusive: bool = False


Judge = Callable[[Program], Verification]
"""The verifier of one model; it remembers what it has judged."""

Proposer = Callable[[TransformerProgram, Judge], Iterator[Proposal]]
"""Proposes candidates for a model, best first, reading weights, encoders and nothing else.

It may ask the judge, whose counterexamples are inputs to learn from.
"""

PLUGINS = "inverse_tracr.proposers"
"""Group of entry points; each names a `Proposer`."""

_PROPOSERS: dict[str, Proposer] = {}
_LAST: dict[str, Proposer] = {}


def register_proposer(name: str, proposer: Proposer, *, last: bool = False) -> None:
    """Make a proposer available to `decompile` under `name`; a later one of the same name replaces it.

    `last`: `auto` tries it after all others, those of other packages included.
    """
    (_LAST if last else _PROPOSERS)[name] = proposer


def proposers() -> dict[str, Proposer]:
    """The proposers by name, in the order in which `auto` tries them: registered, plug-ins, last ones."""
    return {**_PROPOSERS, **_plugins(), **_LAST}


@cache
def _plugins() -> dict[str, Proposer]:
    """Proposers of installed packages, imported when they are called."""
    return {entry.name: _imported_later(entry) for entry in entry_points(group=PLUGINS)}


def _imported_later(entry: EntryPoint) -> Proposer:
    def proposer(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
        return entry.load()(model, judge)

    return proposer
