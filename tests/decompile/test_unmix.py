"""Folded models, put back on the basis of the compiled ones: the program comes out as it went in."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.decompile import decompile
from inverse_tracr.decompile.decompiler import remembering_judge
from inverse_tracr.decompile.lift.proposer import propose_lift
from inverse_tracr.decompile.outcome import Verdict
from inverse_tracr.decompile.unmix.atoms import Atoms
from inverse_tracr.decompile.unmix.lost import with_lost_values
from inverse_tracr.decompile.unmix.numbers import with_plain_numbers
from inverse_tracr.decompile.unmix.reads import Reader, Special
from inverse_tracr.decompile.unmix.unmix import CannotUnmixError, unmixed
from inverse_tracr.distill import fold
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import parse_source, print_program
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


MERGED = """\
# signature: vocab=[0, 1, 2] max_seq_len=3
v1 = sequence_map(tokens, indices, min(x, y))
v2 = map(v1, {0: 0, 1: 1, 2: 1})
v3 = sequence_map(v2, indices, x + y)
v4 = select(v3, indices, ==)
v5 = selector_width(v4)
return v5
"""


def test_values_with_one_vector_are_read_as_one() -> None:
    source = parse_source(MERGED)
    assert source.signature is not None
    compiled = compile_weights(source.program, source.signature, mode=Mode.FIXED)
    size = compiled.plan.config.d_model
    written = np.flatnonzero(np.abs(compiled.weights.W_out[0]).sum(axis=0))
    found: list[Verdict] = []
    for first, second in combinations(written.tolist(), 2):
        w_emb = np.delete(np.eye(size, dtype=np.float32), second, axis=0)
        w_emb[:, [first, second]] = (w_emb[:, [first]] + w_emb[:, [second]]) / np.sqrt(2)
        config = replace(compiled.plan.config, d_model=size - 1)
        weights = fold(compiled.weights, w_emb.astype(np.float32))
        model = TransformerProgram(config, weights, compiled.input_encoder, compiled.output_encoder)
        if remembering_judge(model)(source.program).verdict is Verdict.EQUIVALENT:
            found.append(decompile(model, method="unmix").verdict)
    assert found
    assert set(found) == {Verdict.EQUIVALENT}


def test_equal_atoms_of_a_large_group_are_counted() -> None:
    vectors = np.linalg.qr(np.random.default_rng(3).standard_normal((14, 14)))[0]
    atoms = Atoms(14, 1e-3)
    own = atoms.place_own([*vectors[:13], vectors[0], vectors[0], vectors[1]])
    bos = atoms.place(vectors[13])
    atoms.written |= set(own)
    found = Reader(atoms, Special(None, bos), 1e-3).read(3 * vectors[0] + vectors[5])
    assert found is not None
    assert np.flatnonzero(found).tolist() == [own[0], own[5], own[13], own[14]]
    assert set(found[np.flatnonzero(found)]) == {1.0}


def test_a_value_that_a_map_of_numbers_lost_gets_a_name_that_nothing_reads() -> None:
    text = """\
# signature: vocab=[a, b] max_seq_len=4
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1, numerical)
v3 = map(v2, {0: 0, 1: 0, 2: None, 3: 0, 4: 0})
v4 = select(indices, v3, k == 2)
v5 = selector_width(v4)
return v5
"""
    source = parse_source(text)
    assert source.signature is not None
    found = with_lost_values(source.program, source.signature)
    wanted = text.replace("None", "1").replace("k == 2", "table {(2, 0)}")
    assert found.lines == parse_source(wanted).program.lines


@pytest.mark.parametrize("size", [1, 2, 0.5])
def test_numbers_that_only_a_linear_map_reads_have_their_size(size: float) -> None:
    source = parse_source(
        "# signature: vocab=[1, 2, 3] max_seq_len=4\n"
        f"v1 = map(tokens, x * {size}, numerical)\n"
        "v2 = map(indices, -x, numerical)\n"
        "v3 = linear_sequence_map(v1, v2, 2, -1)\n"
        "v4 = map(v3, x > 4)\n"
        "v5 = select(tokens, tokens, ==)\n"
        "v6 = selector_width(v5)\n"
        "v7 = sequence_map(v4, v6, x * y)\n"
        "return v7\n"
    )
    assert source.signature is not None
    model = folded(source.program, source.signature, 1.0, seed=4)
    found = decompile(model, method="unmix").program
    assert found is not None
    assert canonical(found, source.signature) == canonical(source.program, source.signature)


NOISY = """# signature: vocab=[a, b] max_seq_len=3
n = map(indices, {0: 0, 1: -1.03, 2: -1.98}, numerical)
m = map(tokens, {"a": 3.04, "b": 0.49}, numerical)
d = linear_sequence_map(n, m, 2.02, 1)
e = map(d, x > 1.5)
return e
"""


def test_numbers_that_a_student_writes_beside_plain_ones_are_plain() -> None:
    source = parse_source(NOISY)
    assert source.signature is not None
    found = with_plain_numbers(source.program, source.signature)
    plain = NOISY.replace("-1.03", "-1").replace("-1.98", "-2").replace("3.04", "3").replace("0.49", "0.5")
    meant = parse_source(plain.replace("2.02", "2")).program
    assert canonical(found, source.signature) == canonical(meant, source.signature)
    assert "map(indices, -x, numerical)" in print_program(found)


def test_numbers_that_are_no_halves_stay() -> None:
    source = parse_source(NOISY.replace("0.49", "0.29"))
    assert source.signature is not None
    assert with_plain_numbers(source.program, source.signature) == source.program
