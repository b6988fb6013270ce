"""The thesis's meta-model: its encoding, its losses, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.metamodel.baseline.blocks import (
    BLOCK,
    ROWS,
    TYPES,
    decode_rows,
    encode_model,
    encode_program,
    width,
)
from inverse_tracr.metamodel.baseline.network import Baseline, BaselineConfig, Size, cells_right, padded
from inverse_tracr.metamodel.baseline.training import BaselineRun, examples, token_accuracy, train_baseline
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.thesis_view import thesis_rows
from inverse_tracr.sample import Preset, sample_program

SAMPLE = sample_program(Preset.SOUND, 31, 0)


def test_programs_come_back() -> None:
    form = canonical(SAMPLE.program, SAMPLE.signature)
    tokens = encode_program(form)
    assert tokens is not None
    assert decode_rows(tokens) == thesis_rows(form)
    assert cells_right(tokens, tokens, len(form)) == 1
    tokens_wrong = tokens.copy()
    tokens_wrong[1, 0] += 1
    assert cells_right(tokens_wrong, tokens, len(form)) == 1 - 1 / (5 * (len(form) + 2))


@pytest.mark.parametrize("architecture", [True, False])
def test_parameters_are_in_their_blocks(architecture: bool) -> None:
    model = compile_program(SAMPLE.program, SAMPLE.signature, mode=Mode.FIXED)
    steps = encode_model(model, architecture=architecture)
    assert steps.shape[1] == width(architecture=architecture)
    first = model.weights().W_K[0].ravel()
    ends = np.flatnonzero(steps[:, len(TYPES)])
    own = steps[: ends[0] + 1, len(TYPES) + 1 : len(TYPES) + 1 + BLOCK].ravel()
    assert np.array_equal(own[: len(first)], first)
    assert not own[len(first) :].any()
    assert len(ends) == 6 * model.config.n_layers
    assert (steps[:, : len(TYPES)].sum(axis=1) == 1).all()


def test_rows_do_not_see_later_rows() -> None:
    config = BaselineConfig(dropout=0.0)
    torch.manual_seed(0)
    network = Baseline(config).eval()
    model = compile_program(SAMPLE.program, SAMPLE.signature, mode=Mode.FIXED)
    steps = padded([encode_model(model, architecture=True)], config)
    changed = steps.clone()
    changed[:, -1] += 1
    with torch.inference_mode():
        before, after = network(steps), network(changed)
    assert torch.allclose(before[:, : ROWS - 1], after[:, : ROWS - 1], atol=1e-4)
    assert not torch.allclose(before[:, -1], after[:, -1], atol=1e-4)


def test_very_tiny_has_ten_million_parameters_beside_its_stack() -> None:
    network = Baseline(BaselineConfig(Size.VERY_TINY))
    assert 10e6 < sum(p.numel() for p in network.stack.parameters()) < 15e6


def test_the_autoencoder_learns_its_rows() -> None:
    stream = TrainConfig(seed=3)
    config = BaselineConfig(Size.VERY_VERY_TINY, dropout=0.0)
    untrained, _ = train_baseline(config, BaselineRun(0, autoencoder=True), stream)
    run = BaselineRun(24, batch=4, rate=2e-3, warm_up=3, autoencoder=True)
    trained, seen = train_baseline(config, run, stream)
    source = examples(TrainConfig(seed=4), config, autoencoder=True)
    tested = [next(source) for _ in range(8)]
    assert seen >= 24 * 4
    assert token_accuracy(trained, tested)[0] > token_accuracy(untrained, tested)[0] + 0.2
