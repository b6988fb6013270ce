"""Sizes and arrays."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from inverse_tracr.model import ModelConfig, Weights
from inverse_tracr.model.names import stack, tensor_shapes, unstack
from tests.model.examples import random_model, random_weights

CONFIG = random_model().config


def test_the_parameters_are_counted_exactly() -> None:
    model = random_model()
    assert model.config.parameter_count == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"n_heads": 0}, ValueError, "n_heads: expected at least 1, got 0"),
        ({"n_layers": -1}, ValueError, "n_layers: expected at least 0, got -1"),
        ({"n_ctx": 1}, ValueError, "n_ctx: expected at least 2, got 1"),
    ],
)
def test_a_wrong_size_is_named(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dataclasses.replace(CONFIG, **change)


def test_missing_biases_are_zero() -> None:
    full = random_weights(CONFIG)
    matrices = {f.name: getattr(full, f.name) for f in dataclasses.fields(Weights) if f.name.startswith("W")}
    weights = Weights(**matrices)
    weights.check(CONFIG)
    assert not weights.b_Q.any()
    assert not weights.b_O.any()
    assert weights.b_U.dtype == np.float32


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="W_U"):
        dataclasses.replace(random_weights(CONFIG), W_U=np.ones((8, 4), np.float64))


def test_arrays_know_their_sizes() -> None:
    assert random_weights(CONFIG).config(causal=True) == dataclasses.replace(CONFIG, causal=True)


def test_a_wrong_shape_is_named() -> None:
    wider = dataclasses.replace(CONFIG, d_mlp=9)
    with pytest.raises(ValueError, match=r"W_in: expected shape \(2, 8, 9\), got \(2, 8, 7\)"):
        random_weights(CONFIG).check(wider)


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_layers_unstack_and_stack(n_layers: int) -> None:
    config = dataclasses.replace(CONFIG, n_layers=n_layers)
    weights = random_weights(config)
    tensors = unstack(weights)
    assert {name: array.shape for name, array in tensors.items()} == tensor_shapes(config)
    again = stack(config, tensors)
    assert all(
        np.array_equal(getattr(again, f.name), getattr(weights, f.name)) for f in dataclasses.fields(Weights)
    )


def test_a_tensor_of_another_shape_is_not_broadcast() -> None:
    tensors = unstack(random_weights(CONFIG))
    tensors["blocks.1.mlp.b_in"] = np.ones(1, np.float32)
    with pytest.raises(ValueError, match=r"blocks.1.mlp.b_in: expected shape \(7,\), got \(1,\)"):
        stack(CONFIG, tensors)


def test_sizes_are_whole_numbers() -> None:
    with pytest.raises(TypeError, match="n_heads: expected an int, got bool"):
        ModelConfig(1, True, 1, 1, 1, 2, 2, 1)
