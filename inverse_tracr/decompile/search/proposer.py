"""The search as a proposer: sketches, programs, and probes where they fail."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.search.columns import Sketch
from inverse_tracr.decompile.search.observe import Labels, Probes, draw_probes, observe
from inverse_tracr.decompile.search.output import finish, with_whole_tables
from inverse_tracr.decompile.search.search import SearchConfig, search_sketches
from inverse_tracr.decompile.verify import verify
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical_places
from inverse_tracr.rasp.inputs import InputSet
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.readable import readable

_PROBES = 200
_ROUNDS = 6
_NEIGHBOURS = 24


def propose_search(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
    """Programs found half-layer by half-layer; inputs on which one fails become probes of the next round."""
    signature = model.signature
    probes = draw_probes(signature, _PROBES, seed=0)
    seen: set[Program] = set()
    best: tuple[float, Proposal] | None = None
    for round_number in range(1, _ROUNDS + 1):
        observation = observe(model, probes)
        sketches, _ = search_sketches(observation, signature, SearchConfig())
        fresh = draw_probes(signature, _PROBES, seed=round_number)
        failing: list[Labels] = []
        for sketch in sketches:
            program = finish(sketch, observation, model)
            if program is None or program in seen:
                continue
            seen.add(program)
            proposal = _proposal(program, sketch, model)
            agreement, failure = _check(model, proposal, fresh, judge)
            if failure is None:
                yield proposal
                return
            failing.append(failure)
            if best is None or agreement > best[0]:
                best = (agreement, proposal)
        for failure in failing[:2]:
            probes = _around(probes, failure, len(signature.vocab), round_number)
        probes = Probes(
            np.concatenate([probes.tokens, fresh.tokens]), np.concatenate([probes.lengths, fresh.lengths])
        )
    if best is not None:
        yield best[1]


def _check(
    model: TransformerProgram, proposal: Proposal, fresh: Probes, judge: Judge
) -> tuple[float, Labels | None]:
    """Agreement, and an input on which the program fails: on fresh probes first, then on all inputs."""
    assert proposal.program is not None
    batches = tuple(fresh.tokens[fresh.lengths == n][:, :n] for n in np.unique(fresh.lengths).tolist())
    try:
        verification = verify(model, proposal.program, InputSet(batches, False))
    except InverseTracrError:
        return 0.0, fresh.tokens[0, : fresh.lengths[0]]
    if verification.counterexample is None:
        verification = judge(proposal.program)
    if verification.counterexample is None:
        return verification.agreement, None
    place = {token: i for i, token in enumerate(model.signature.vocab)}
    return verification.agreement, np.array([place[t] for t in verification.counterexample.tokens])


def _around(probes: Probes, failure: Labels, vocab: int, seed: int) -> Probes:
    """The probes with a failing input and inputs near it: a token changed, tokens in another order."""
    random = np.random.default_rng([seed, len(failure), int(failure.sum())])
    probes = probes.with_input(failure)
    for _ in range(_NEIGHBOURS):
        near = random.permutation(failure) if random.random() < 0.3 else failure.copy()
        near[random.integers(len(near))] = random.integers(vocab)
        probes = probes.with_input(near)
    return probes


def _proposal(program: Program, sketch: Sketch, model: TransformerProgram) -> Proposal:
    """The program in canonical and readable form, each line with the half-layer that it explains."""
    try:
        program = with_whole_tables(program, model.signature)
        named, places = canonical_places(program, model.signature, exact_means=True)
        tidy = readable(named, model.signature, exact_means=True)
    except InverseTracrError:
        return Proposal(program, _evidence(program, {}))
    half = {places[old]: h for old, h in enumerate(sketch.half_layers) if old in places}
    return Proposal(tidy, _evidence(tidy, half))


def _evidence(program: Program, half_layers: dict[int, int]) -> tuple[LineEvidence, ...]:
    return tuple(
        LineEvidence(name, half_layers.get(position), (), (), ())
        for position, name in enumerate(program.names)
    )
