"""Folded models, put back on the basis of the compiled ones: the program comes out as it went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.decompile import decompile
from inverse_tracr.decompile.decompiler import remembering_judge
from inverse_tracr.decompile.lift.proposer import propose_lift
from inverse_tracr.decompile.outcome import Verdict
from inverse_tracr.decompile.unmix.unmix import CannotUnmixError, unmixed
from inverse_tracr.distill import fold
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample import Preset, SamplerConfig, sample_program


def folded(program: Program, signature: Signature, factor: float, seed: int) -> TransformerProgram:
    """The compiled program between a random W_emb with orthonormal rows and its transpose."""
    compiled = compile_weights(program, signature, mode=Mode.FIXED)
    config = compiled.plan.config
    d_model = max(1, int(config.d_model / factor))
    normal = np.random.default_rng(seed).standard_normal((config.d_model, config.d_model))
    w_emb = np.linalg.qr(normal)[0][:d_model].astype(np.float32)
    weights = fold(compiled.weights, w_emb)
    return TransformerProgram(
        replace(config, d_model=d_model), weights, compiled.input_encoder, compiled.output_encoder
    )


@pytest.mark.parametrize("factor", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("preset", [Preset.SOUND, Preset.TRACR])
def test_the_program_comes_out_as_it_went_in(preset: Preset, factor: float) -> None:
    same = 0
    for index in range(6):
        length = 4 + 2 * index
        sample = sample_program(preset, 5, index, SamplerConfig(length=(length, length)))
        model = folded(sample.program, sample.signature, factor, seed=index)
        proposals = list(propose_lift(unmixed(model), remembering_judge(model)))
        found = proposals[0].program
        assert found is not None
        same += canonical(found, sample.signature) == canonical(sample.program, sample.signature)
    assert same >= 5


def test_a_rotated_model_is_verified() -> None:
    sample = sample_program(Preset.SOUND, 6, 0, SamplerConfig(length=(6, 6)))
    found = decompile(folded(sample.program, sample.signature, 1.0, seed=0), method="unmix")
    assert found.verdict in (Verdict.EQUIVALENT, Verdict.NO_COUNTEREXAMPLE)
    assert all(line.dimensions == () for line in found.evidence)


def test_weights_that_are_no_sums_are_refused() -> None:
    sample = sample_program(Preset.SOUND, 6, 1, SamplerConfig(length=(5, 5)))
    model = folded(sample.program, sample.signature, 1.0, seed=1)
    weights = model.weights()
    noise = np.random.default_rng(0).standard_normal(weights.W_in.shape).astype(np.float32)
    noisy = replace(weights, W_in=weights.W_in + noise)
    changed = TransformerProgram(model.config, noisy, model.input_encoder, model.output_encoder)
    with pytest.raises(CannotUnmixError):
        unmixed(changed)
    assert decompile(changed, method="unmix").program is None
