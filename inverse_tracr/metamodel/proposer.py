"""The meta-model as a proposer: its beam, likeliest program first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.metamodel.beam import Guess, guesses
from inverse_tracr.metamodel.checkpoint import Loaded, load_network
from inverse_tracr.metamodel.coarser import coarser
from inverse_tracr.metamodel.evidence import ENTRY_COST, misfit
from inverse_tracr.metamodel.revise import completed, revised
from inverse_tracr.metamodel.sites import SITES, draw_sites
from inverse_tracr.metamodel.state import output_match
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.program import Aggregate, Encoding, Program, Ref
from inverse_tracr.rasp.readable import description, readable, rename_values
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value

SHIPPED = Path(__file__).parent / "shipped"

WIDTH = 8
"""Programs of a beam."""

WIDTHS = (WIDTH, WIDTH, WIDTH)
"""Programs of one beam after the other; each has the inputs on which those before it failed among its probes,
and more probes."""

LOOSE_WIDTH, LOOSE_SITES = 2, 600
"""Programs of the beam on streams that no input gives, and positions of their probes."""

LEAST_SAME = 0.99
"""Share of positions of probes where a program that was compiled again puts out what the model does, from
which on it is the model's own: ties between mixtures may come out otherwise.
"""

FREE = 1
"""The beam, counted from 0, whose lines may stand anywhere."""

MOST_COARSER = 3
"""Programs of a beam for which coarser operands are looked for."""

LEAST_MATCH = 0.5
"""Share of sites with the right output that a program of a beam must have for another beam to be made: of a
model of which less is understood more probes say nothing.
"""

MOST_INPUTS = 12

MOST_WRONG = 2
"""Programs of a beam that are verified though they are wrong on the probes already: one of them may be the
best that there is.
"""


@cache
def shipped() -> Loaded:
    """The meta-model that comes with the package."""
    return load_network(SHIPPED)


def propose_meta(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
    """Programs of the beam, verified one by one; where all are refuted, a beam with more probes."""
    loaded = shipped()
    yield from Beams(loaded, WIDTHS).propose(model, judge)


def one_shot(model: TransformerProgram) -> Program | None:
    """The program of a beam of one, unverified: for `evaluate --decompiler`."""
    found = guesses(shipped().network, model, width=1)
    return revised_proposal_of(found[0], model).program if found else None


class Beams:
    """Beams of a meta-model, as a proposer."""

    def __init__(self, loaded: Loaded, widths: tuple[int, ...]) -> None:
        self._loaded, self._widths = loaded, widths

    def propose(self, model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
        """Proposals, best first, as `Proposer`."""
        for guess in self._on_loose_streams(model):
            proposal = proposal_of(guess, model)
            if proposal.program is None:
                continue
            verified = judge(proposal.program).verified
            conclusive = not verified and _does_the_same(proposal.program, model)
            yield replace(proposal, conclusive=conclusive)
            if verified or conclusive:
                return
        inputs: list[tuple[int, ...]] = []
        places = {token: i for i, token in enumerate(model.signature.vocab)}
        seen: set[Program] = set()
        for number, width in enumerate(self._widths):
            found = guesses(
                self._loaded.network,
                model,
                width=width,
                key=number,
                sites=SITES * (number + 1),
                inputs=tuple(inputs[-MOST_INPUTS:]),
                free=number == FREE,
            )
            written = (_Ranked.of(guess, model) for guess in found)
            wrong = 0
            for one in chain(_best_first(found, model), written):
                proposal = one.proposal
                if proposal.program is None or proposal.program in seen:
                    continue
                wrong += not one.right
                if not one.right and wrong > MOST_WRONG:
                    continue
                seen.add(proposal.program)
                yield replace(proposal, score=one.guess.probability(self._loaded.temperature))
                verification = judge(proposal.program)
                if verification.counterexample is not None:
                    tokens = tuple(places[token] for token in verification.counterexample.tokens)
                    if tokens not in inputs:
                        inputs.append(tokens)
            if max((guess.match for guess in found), default=0.0) < LEAST_MATCH:
                return

    def _on_loose_streams(self, model: TransformerProgram) -> list[Guess]:
        """The likeliest program on streams that no input gives, if it explains all of them."""
        if not isinstance(model.output_encoder, CategoricalOutput):
            return []
        found = guesses(self._loaded.network, model, width=LOOSE_WIDTH, sites=LOOSE_SITES, loose=True)
        return found[:1]


def _does_the_same(program: Program, model: TransformerProgram) -> bool:
    """Whether a program, compiled again, puts out what the model does on probes: it may be refuted because it
    is not sound, but no other would say more of the model.
    """
    signature = model.signature
    same: list[NDArray[np.bool_]] = []
    with suppress(InverseTracrError):
        compiled = compile_program(program, signature, mode=Mode.FIXED)
        for _, tokens in draw_sites(signature, key=0).batches:
            mine, own = (each.output_encoder.decode(each.logits_for(tokens)) for each in (compiled, model))
            same.append(
                np.array(
                    [[x == y for x, y in zip(*rows, strict=True)] for rows in zip(mine, own, strict=True)]
                )
            )
    return bool(same) and float(np.concatenate([one.ravel() for one in same]).mean()) >= LEAST_SAME


def revised_proposal_of(guess: Guess, model: TransformerProgram) -> Proposal:
    """A guess as `proposal_of` has it, revised by parameters first, and with coarser operands."""
    return proposal_of(_with_coarser_operands(_revised(guess)), model)


def _revised(guess: Guess) -> Guess:
    with suppress(InverseTracrError):
        return guess.with_state(*revised(guess.program, guess.state, guess.moves))
    return guess


def _with_coarser_operands(guess: Guess) -> Guess:
    with suppress(InverseTracrError):
        program, state = coarser(guess.program, guess.state, guess.moves)
        if program != guess.program:
            whole = completed(program, state, guess.moves)
            return replace(guess.with_state(program, state), program=whole)
    return guess


@dataclass(frozen=True)
class _Ranked:
    """A guess, revised, with its proposal; the larger the rank the better. `right`: on all probes."""

    guess: Guess
    proposal: Proposal
    rank: tuple[float, float]
    right: bool

    @staticmethod
    def of(guess: Guess, model: TransformerProgram) -> _Ranked:
        proposal = proposal_of(guess, model)
        if proposal.program is None:
            return _Ranked(guess, proposal, (-1.0, guess.score), right=False)
        cost = misfit(proposal.program, model.signature, guess.state.view.sites, guess.moves)
        cost += ENTRY_COST * description(proposal.program)
        match = output_match(guess.state.column(guess.program.output), guess.state.view)
        return _Ranked(guess, proposal, (round(match, 2), guess.score - cost), right=match == 1)


def _best_first(found: Sequence[Guess], model: TransformerProgram) -> Iterator[_Ranked]:
    """Revised guesses with proposals, those first that tell the outputs on the probes, then likely and short
    ones that fit the model; the best of them with coarser operands, too.
    """
    ranked = sorted((_Ranked.of(_revised(guess), model) for guess in found), key=_rank, reverse=True)
    coarse = [_Ranked.of(_with_coarser_operands(one.guess), model) for one in ranked[:MOST_COARSER]]
    yield from sorted(coarse + ranked, key=_rank, reverse=True)


def _rank(one: _Ranked) -> tuple[float, float]:
    return one.rank


def proposal_of(guess: Guess, model: TransformerProgram) -> Proposal:
    """A guess in canonical and readable form, with the evidence of its lines; nothing where it has none."""
    signature = model.signature
    try:
        named, places = canonical_places(guess.program, signature, exact_means=True)
        tidy = readable(with_output_values(named, model), signature, exact_means=True)
    except InverseTracrError:
        return Proposal(None)
    origin = {new: old for old, new in places.items()}
    evidence = tuple(
        LineEvidence(name, guess.halves[origin[at]], guess.heads[origin[at]], (), (), guess.probes)
        for at, name in enumerate(tidy.names)
        if at in origin
    )
    return Proposal(tidy, evidence, guess=True)


def with_output_values(program: Program, model: TransformerProgram) -> Program:
    """The program with the model's own output values where it writes others for them, as 1 for True."""
    encoder, output = model.output_encoder, program.output
    if not isinstance(encoder, CategoricalOutput) or program.encoding(output) is Encoding.NUMERICAL:
        return program
    source: Ref = output
    while source >= 0 and isinstance(line := program.lines[source], Aggregate):
        source = line.values
    if source < 0:
        return program
    renaming: dict[Value, Value] = {}
    for value in ValueSets(program, model.signature, exact_means=True)[source]:
        same = [own for own in encoder.values if own == value]
        renaming[value] = same[0] if same else value
    if all(type(old) is type(new) for old, new in renaming.items()):
        return program
    return rename_values(program, source, renaming, model.signature)
