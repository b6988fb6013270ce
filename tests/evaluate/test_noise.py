"""Noise on weights."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.evaluate.noise import noisy, noisy_cases
from tests.evaluate.examples import TWICE, case_of_text

CASE = case_of_text(TWICE, "ab")


def test_noise_is_a_share_of_each_tensor_and_spares_no_zero() -> None:
    before, after = CASE.model.weights(), noisy(CASE.model, 0.1, seed=0).weights()
    for layer in range(CASE.model.config.n_layers):
        change = after.W_in[layer] - before.W_in[layer]
        assert (change != 0).all()
        rms = float(np.sqrt(np.mean(before.W_in[layer].astype(np.float64) ** 2)))
        assert float(change.std()) == pytest.approx(0.1 * rms, rel=0.3)
    assert (after.W_E != before.W_E).all()
    assert (after.b_U == before.b_U).all()  # all zero: no scale, no noise


def test_noise_is_the_same_for_the_same_seed() -> None:
    first, again, other = (noisy(CASE.model, 0.1, seed=seed).weights().W_E for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_no_noise_changes_nothing() -> None:
    (same,) = noisy_cases([CASE], 0.0)
    assert same is CASE
    (changed,) = noisy_cases([CASE], 0.01)
    assert (changed.program, changed.number) == (CASE.program, CASE.number)
    assert changed.model is not CASE.model
