"""The search as a proposer: sketches, programs, and probes where they fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.search.columns import Sketch
from inverse_tracr.decompile.search.observe import observe
from inverse_tracr.decompile.search.output import finished, with_whole_tables
from inverse_tracr.decompile.search.probes import Labels, Probes, draw_probes
from inverse_tracr.decompile.search.search import SearchConfig, search_sketches
from inverse_tracr.decompile.verify import model_outputs, program_outputs, same
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import readable

_PROBES = 160
_FEWEST_PROBES = 24
_PAIRS = 150_000
"""Probes at first: as many as have this number of pairs of positions, within bounds."""
_FRESH = 400
_MOST_FAILING = 60
_ROUNDS = 4
_ENDINGS = 2
"""Programs of a sketch that differ in how the output is read."""
_JUDGED = 2
"""Programs of a round that are judged on all inputs."""


def propose_search(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
    """Programs found half-layer by half-layer; inputs on which the best one fails become probes.

    A program that is right on the probes and on fresh inputs is judged on all; one that is verified ends
    the search, else the best are proposed at the end.
    """
    signature = model.signature
    count = min(_PROBES, max(_FEWEST_PROBES, _PAIRS // signature.max_seq_len**2))
    probes = draw_probes(signature, count, seed=0)
    ranked: dict[Program, tuple[float, Sketch]] = {}
    tried = 0
    for round_number in range(1, _ROUNDS + 1):
        observation = observe(model, probes)
        sketches, sketched = search_sketches(observation, signature, SearchConfig())
        tried += sketched
        fresh = _Fresh(model, draw_probes(signature, _FRESH, seed=round_number))
        failing: list[tuple[float, Labels]] = []
        endings = [(p, s) for s in sketches for p in finished(s, observation, model, _ENDINGS)]
        tried += len(endings)
        for program, sketch in endings:
            if program in ranked:
                continue
            right, wrong = fresh.compare(program)
            ranked[program] = right, sketch
            failing.append((right, wrong))
        best = sorted(ranked, key=lambda p: -ranked[p][0])
        for program in best[:_JUDGED]:
            proposal = sketch_proposal(program, ranked[program][1], model)
            if ranked[program][0] == 1 and proposal.program is not None:
                verification = judge(proposal.program)
                if verification.verified:
                    yield replace(proposal, tried=tried)
                    return
                if verification.counterexample is not None:
                    place = {token: i for i, token in enumerate(signature.vocab)}
                    found = np.array([place[t] for t in verification.counterexample.tokens])
                    probes = probes.with_input(found)
        if failing:
            wrong = max(failing, key=lambda pair: pair[0])[1][:_MOST_FAILING]
            probes = Probes(
                np.concatenate([fresh.probes.tokens[wrong], probes.tokens]),
                np.concatenate([fresh.probes.lengths[wrong], probes.lengths]),
            )
    for rank, program in enumerate(sorted(ranked, key=lambda p: -ranked[p][0])[:_JUDGED]):
        yield replace(sketch_proposal(program, ranked[program][1], model), tried=0 if rank else tried)


class _Fresh:
    """Inputs that are no probes, with what the model says."""

    def __init__(self, model: TransformerProgram, probes: Probes) -> None:
        self.probes = probes
        self._signature = model.signature
        self._rows = {int(n): np.nonzero(probes.lengths == n)[0] for n in np.unique(probes.lengths).tolist()}
        self._said = {n: model_outputs(model, probes.tokens[rows, :n]) for n, rows in self._rows.items()}

    def compare(self, program: Program) -> tuple[float, Labels]:
        """Share of inputs that a program has right at every position, and the numbers of the others."""
        wrong: list[int] = []
        for length, rows in self._rows.items():
            try:
                output = program_outputs(program, self._signature, self.probes.tokens[rows, :length])
            except InverseTracrError:
                return 0.0, np.arange(len(self.probes.lengths))
            wrong += rows[~same(self._said[length], output).all(axis=1)].tolist()
        return 1 - len(wrong) / len(self.probes.lengths), np.array(sorted(wrong), dtype=np.int64)


def sketch_proposal(program: Program, sketch: Sketch, model: TransformerProgram) -> Proposal:
    """The program in canonical and readable form, each line with the half-layer that it explains."""
    try:
        program = with_whole_tables(program, model.signature)
        named, places = canonical_places(program, model.signature, exact_means=True)
        tidy = readable(named, model.signature, exact_means=True)
    except InverseTracrError:
        return Proposal(
            program, _evidence(program, sketch, {i: i for i in range(len(program.lines))}), guess=True
        )
    return Proposal(tidy, _evidence(tidy, sketch, places), guess=True)


def _evidence(program: Program, sketch: Sketch, places: dict[int, int]) -> tuple[LineEvidence, ...]:
    """Half-layer, heads and number of probes of each line of the sketch that became a line of the program."""
    origins: dict[int, list[int]] = {}
    for old in range(len(sketch.lines)):
        if old in places:
            origins.setdefault(places[old], []).append(old)
    found: list[LineEvidence] = []
    for position, name in enumerate(program.names):
        own = origins.get(position, [])
        heads = tuple(dict.fromkeys(head for old in own for head in sketch.heads[old]))
        half = sketch.half_layers[own[0]] if own else None
        found.append(LineEvidence(name, half, heads, (), (), sketch.probes if own else 0))
    return tuple(found)
