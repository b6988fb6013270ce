"""Decompile: propose, verify, repair, keep the best."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from inverse_tracr.decompile.likely import likeliest
from inverse_tracr.decompile.outcome import Decompilation, Verdict, Verification
from inverse_tracr.decompile.plain import Entries, plain
from inverse_tracr.decompile.proposers import Judge, Proposal, Proposer, proposers
from inverse_tracr.decompile.refine import Observed, refine
from inverse_tracr.decompile.repair import RepairConfig, repair, repaired_proposal
from inverse_tracr.decompile.told_apart import with_neurons
from inverse_tracr.decompile.verify import Verifier
from inverse_tracr.errors import BadInputError, InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import description, with_short_thresholds

MOSTLY = 0.5
"""Share of inputs on which a refuted program agrees so that others are not looked for."""

READ_OFF = RepairConfig(candidates=500, rounds=2)
"""Budget for a program that was read off the weights: they seldom stand for another one near by."""

MOST_GUESSES = 2
"""Refuted guesses that are repaired once every proposer has been asked, each of another proposer."""

NEARLY = 0.5
"""Agreement from which on a guess is repaired with the whole budget; below, with its share of it."""

EXPLAINED = frozenset({"lift", "unmix", "linear"})
"""Proposers whose lines explain what every half-layer writes: nothing is left to refine."""

DOUBTED = "linear"
"""Proposer beside which another one is asked where MLPs write much that no line of a program explains."""

MUCH, LITTLE = 0.05, 0.02
"""Share of what MLPs write, summed over MLPs, from which on that is so; below the latter nothing lacks."""

ENTRIES = {"lift": Entries.AS_THEY_WERE, "unmix": Entries.READ}
"""Where tables come from, by proposer; what the others propose was told from inputs."""

AUTO, REPAIR = "auto", "repair"
"""Methods that are no proposers: all of them, and repairing what they propose."""


UNSOUND = "compiled again it does what the model does on the probes: the program is not sound"
"""Said of a conclusive proposal."""


class UnknownMethodError(BadInputError):
    """A method that does not exist."""

    exit_code = 2


def decompile(model: TransformerProgram, method: str = "auto") -> Decompilation:
    """The RASP program that a model computes, recompiled and checked against its weights.

    `method` is a registered proposer, several joined by `+`, with `repair` among them where programs are to
    be repaired, or `auto`: all of it. Proposers are asked cheapest first, until a program is verified
    or a proposer has read a whole program that agrees on `MOSTLY` of the inputs: such a model departs from
    its program, which no other way of reading changes. Where much of what MLPs write is explained by no line
    of a verified program one more is asked. A program that was read off the weights is repaired
    where it was refuted; guesses only where nobody has found a program, those first that agree on most
    inputs; what is verified is refined, and guesses are given the likeliest functions where no input tells.
    Always ends in a verdict; of refuted candidates the one that agrees on most inputs is returned, but what
    was read through noise, or does what the model does when it is compiled again, before all others.
    """
    parts = method_parts(method)
    start = time.perf_counter()
    hunt = Hunt(model, repairs=REPAIR in parts)
    for name, proposer in proposers().items():
        if name in parts and not hunt.over:
            hunt.ask(name, proposer)
    if REPAIR in parts:
        hunt.repair_guesses()
        hunt.refine()
        hunt.choose_names()
    return hunt.result(method, time.perf_counter() - start)


def method_parts(method: str) -> frozenset[str]:
    """The proposers of a method, and REPAIR; raises UnknownMethodError for anything else."""
    known = [*proposers(), REPAIR]
    if method == AUTO:
        return frozenset(known)
    parts = method.split("+")
    if not set(parts) <= set(known) or parts == [REPAIR]:
        raise UnknownMethodError(
            f"no method is called {method!r}",
            expected=f"{AUTO}, or some of {', '.join(known)} joined by +",
            got=repr(method),
        )
    return frozenset(parts)


_NOTHING = Verification(Verdict.REFUTED, 0, 0.0, note="no whole program was found")


@dataclass(frozen=True)
class _Found:
    """A candidate with its verdict: which proposer it is of, and what was edited.

    `unexplained` is the share of what MLPs write that no line explains, where it was measured.
    """

    method: str
    proposal: Proposal
    verification: Verification
    edits: tuple[str, ...] = ()
    unexplained: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether the program has no unknown lines."""
        return self.proposal.program is not None and not self.proposal.partial

    @property
    def mostly_read(self) -> bool:
        """Whether it was read off the whole model, and is refuted only for its noise and faults."""
        if not self.whole or self.verification.verified or (self.proposal.guess and not self.departs):
            return False
        return self.departs or self.verification.agreement >= MOSTLY

    @property
    def departs(self) -> bool:
        """Whether the model departs from every program, and this is the one that its weights stand for."""
        return self.proposal.noise > 0 or self.proposal.conclusive

    @property
    def rank(self) -> tuple[bool, bool, bool, float, int, bool, int, bool]:
        """Verified ones first, whole ones, what weights stand for, by agreement, those that explain twice as
        much, read, short, sure ones.
        """
        verification, proposal = self.verification, self.proposal
        program, read = proposal.program, not proposal.guess
        length = 0 if program is None else len(program.lines) + description(program)
        known = verification.verified, self.whole, self.departs, verification.agreement
        missing = int(math.log2(max(self.unexplained, LITTLE) / LITTLE))
        return *known, -missing, read, -length, not proposal.doubtful

    @property
    def settled(self) -> bool:
        """Whether it is verified, and no better one is to be looked for."""
        return self.verification.verified and not self.proposal.doubtful and self.unexplained < MUCH


class Hunt:
    """The candidates for one model so far."""

    def __init__(self, model: TransformerProgram, *, repairs: bool = True) -> None:
        self._model, self._repairs = model, repairs
        self._judge = remembering_judge(model)
        self._tried: dict[str, int] = {}
        self._best: _Found | None = None
        self._understood = Proposal(None)
        self._refuted_guesses: list[_Found] = []
        self._repaired: set[Program] = set()
        self._mostly_read = self._second = False
        self._observed: Observed | None = None

    @property
    def over(self) -> bool:
        """Whether a program is verified, or no other way of reading the model would help."""
        return self._mostly_read or self._second or (self._best is not None and self._best.settled)

    def ask(self, name: str, proposer: Proposer) -> None:
        """Judge what a proposer proposes until a program is verified; repair its best one if it was read."""
        own: list[_Found] = []
        seen: set[Program] = set()
        best = self._best
        self._second = best is not None and best.verification.verified and not best.proposal.doubtful
        for proposal in proposer(self._model, self._judge):
            if proposal.program is not None and proposal.program in seen:
                continue
            seen |= {proposal.program} if proposal.program is not None else set()
            own.append(self._judged(name, proposal))
            if own[-1].verification.verified:
                return
        repairable = [f for f in own if f.whole and not f.departs and f.verification.counterexample]
        if not repairable or not self._repairs:
            return
        best = max(repairable, key=lambda f: f.rank)
        if best.proposal.guess:
            self._refuted_guesses.append(best)
        else:
            self._repair(best, READ_OFF)

    def repair_guesses(self) -> None:
        """Repair the best guess of each proposer, where none was right: the budget goes by agreement."""
        if self._best is not None and self._best.verification.verified:
            return
        waiting = sorted(self._refuted_guesses, key=lambda f: -f.verification.agreement)
        for found in waiting[:MOST_GUESSES]:
            if not self.over:
                self._repair(found, _budget(found.verification.agreement))

    def _judged(self, name: str, proposal: Proposal) -> _Found:
        self._tried[name] = self._tried.get(name, 0) + proposal.tried
        verification = _NOTHING if proposal.program is None else self._judge(proposal.program)
        if proposal.program is not None and verification.verified:
            proposal, verification = self._plain(name, proposal, proposal.program)
        if proposal.noise:
            said = f"read through noise of {proposal.noise:.2%} of the root mean square of a tensor"
            verification = replace(verification, note=_with(verification.note, said))
        if proposal.conclusive:
            verification = replace(verification, note=_with(verification.note, UNSOUND))
        if proposal.partial and not self._understood.partial:
            self._understood = proposal
        missing = 0.0
        if verification.verified and proposal.program is not None and (self._second or name == DOUBTED):
            missing = self._unexplained(proposal.program)
        return self._noted(_Found(name, proposal, verification, unexplained=missing))

    def _unexplained(self, program: Program) -> float:
        """Share of what MLPs write that no line explains, summed over MLPs; 0 where it is not known."""
        try:
            self._observed = self._observed or Observed(self._model)
            return self._observed.left(program)
        except InverseTracrError:  # too many means to list
            return 0.0

    def _plain(self, method: str, proposal: Proposal, program: Program) -> tuple[Proposal, Verification]:
        """A proposal whose program was verified, in plainer words."""
        entries, lost = ENTRIES.get(method, Entries.SEEN), list[str]()
        if entries is Entries.READ:
            program, lost = plain(program, self._model, self._judge, Entries.AS_THEY_WERE)
            program = likeliest(program, self._model, self._judge, read=True)
        program, without = plain(program, self._model, self._judge, entries)
        program = self._shortened(program)
        without += lost
        evidence = tuple(entry for entry in proposal.evidence if entry.line not in without)
        return replace(proposal, program=program, evidence=evidence), self._judge(program)

    def _shortened(self, program: Program) -> Program:
        """The program with short thresholds, where the model does not tell them from the long ones."""
        short = with_short_thresholds(program, self._model.signature)
        return short if short != program and self._judge(short).verified else program

    def _noted(self, found: _Found) -> _Found:
        self._mostly_read |= found.mostly_read
        if self._best is None or found.rank > self._best.rank:
            self._best = found
        return found

    def _repair(self, found: _Found, config: RepairConfig) -> None:
        program = found.proposal.program
        if program is None or program in self._repaired:
            return
        self._repaired.add(program)
        repaired = repair(self._model, program, self._judge, config)
        self._tried["repair"] = self._tried.get("repair", 0) + repaired.tried
        if repaired.program is not None:
            proposal = repaired_proposal(found.proposal, repaired, self._model, self._judge)
            proposal, verification = self._plain(found.method, proposal, proposal.program or repaired.program)
            self._noted(_Found(f"{found.method}, repaired", proposal, verification, repaired.edits))

    def refine(self) -> None:
        """Tell apart what the model does, where the program is not made from that already."""
        best = self._best
        if best is None or not best.verification.verified or best.method in EXPLAINED:
            return
        proposal, edits = refine(best.proposal, self._model, self._judge)
        if edits and proposal.program is not None:
            method = f"{best.method}, refined"
            self._best = _Found(method, proposal, self._judge(proposal.program), (*best.edits, *edits))

    def choose_names(self) -> None:
        """Give a verified guess the functions that programs most often have; weights that were read tell."""
        best = self._best
        program = None if best is None else best.proposal.program
        if best is None or program is None or not best.verification.verified or not best.proposal.guess:
            return
        program = likeliest(program, self._model, self._judge)
        program = self._shortened(program)
        proposal = replace(best.proposal, program=program)
        self._best = replace(best, proposal=proposal, verification=self._judge(program))

    def result(self, method: str, seconds: float) -> Decompilation:
        """The best candidate."""
        best = self._best or _Found(method, Proposal(None), _NOTHING)
        proposal, verification = best.proposal, best.verification
        understood = replace(proposal, partial="") if verification.verified else self._understood
        evidence = proposal.evidence
        if proposal.program is not None and not proposal.partial:
            evidence = with_neurons(self._model, proposal.program, evidence)
        return Decompilation(
            program=None if proposal.partial and not verification.verified else proposal.program,
            signature=self._model.signature,
            verification=verification,
            method=best.method,
            candidates=sum(self._tried.values()),
            seconds=seconds,
            evidence=evidence,
            partial=understood.partial,
            unexplained=understood.unexplained or proposal.unexplained,
            tried=tuple(f"{n}: {count}" for n, count in self._tried.items()),
            edits=best.edits,
            score=None if best.edits else proposal.score,
        )


def _budget(agreement: float) -> RepairConfig:
    """The budget for a guess: edits lead from few right inputs to the program but rarely."""
    whole = RepairConfig()
    return replace(whole, candidates=max(1, round(whole.candidates * min(1.0, agreement / NEARLY))))


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


def _with(note: str, said: str) -> str:
    return f"{note}; {said}" if note else said
