"""Linear reading as a proposer: sketches, programs, and probes where they fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.linear.layers import LinearConfig, Reading, dead_lines
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.search.columns import Sketch
from inverse_tracr.decompile.search.observe import Observation, observe
from inverse_tracr.decompile.search.output import finish, finish_by_majority
from inverse_tracr.decompile.search.probes import draw_probes
from inverse_tracr.decompile.search.proposer import sketch_proposal
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.program import Program

_PROBES = 200
_ROUNDS = 2


def propose_linear(model: TransformerProgram, judge: Judge) -> Iterator[Proposal]:
    """Programs whose lines are linear in what half-layers write; counterexamples become probes.

    Programs that have to look up what the model says come last, and in doubt.
    """
    signature = model.signature
    probes = draw_probes(signature, _PROBES, seed=3)
    places = {token: i for i, token in enumerate(signature.vocab)}
    encoder = model.output_encoder
    outputs = encoder.values if isinstance(encoder, CategoricalOutput) else ()
    seen: set[Program] = set()
    for _ in range(_ROUNDS):
        observation = observe(model, probes)
        sketches = _sketches(Reading(observation, signature, LinearConfig(), outputs), observation, model)
        endings = [(s, finish(s, observation, model)) for s in sketches]
        plain = [(sketch, program) for sketch, program in endings if program is not None]
        looked_up = [
            (sketch, program)
            for sketch, ending in endings
            if ending is None
            for _, program in finish_by_majority(sketch, observation, model, 1)
        ]
        for number, (sketch, program) in enumerate([*plain, *looked_up]):
            proposal = sketch_proposal(program, sketch, model)
            if proposal.program is None or proposal.program in seen:
                continue
            seen.add(proposal.program)
            yield replace(proposal, doubtful=number >= len(plain))
            verification = judge(proposal.program)
            if verification.counterexample is not None:
                tokens = verification.counterexample.tokens
                probes = probes.with_input(np.array([places[token] for token in tokens]))


def _sketches(reading: Reading, observation: Observation, model: TransformerProgram) -> list[Sketch]:
    """Sketches, those first whose maps later lines ask for, unless that leaves more that nothing reads."""
    found = reading.sketches()
    wanted = reading.wanted(found[0])
    if not wanted.missing:
        return found
    others = reading.sketches(wanted)

    def left_over(sketch: Sketch) -> tuple[bool, int]:
        return finish(sketch, observation, model) is None, dead_lines(sketch)

    return [*others, *found] if left_over(others[0]) <= left_over(found[0]) else [*found, *others]
