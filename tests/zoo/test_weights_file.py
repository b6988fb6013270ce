"""Packed weights, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from inverse_tracr.compile import compile_weights
from inverse_tracr.model import ModelFileError
from inverse_tracr.model.weights import TENSORS
from inverse_tracr.rasp import Signature, parse
from inverse_tracr.zoo.weights_file import flatten, open_packed, pack, unflatten


def test_models_come_back_as_they_were(tmp_path: Path) -> None:
    programs = ["v1 = map(tokens, x == 1)\nreturn v1", "v1 = sequence_map(tokens, indices, x + y)\nreturn v1"]
    models = [compile_weights(parse(text), Signature((1, 2), 3)).weights for text in programs]
    (tmp_path / "w.safetensors").write_bytes(pack([flatten(model) for model in models]))
    packed = open_packed(tmp_path / "w.safetensors")
    assert len(packed) == 2
    for index, model in enumerate(models):
        again = unflatten(packed[index], model.config())
        for name in TENSORS:
            np.testing.assert_array_equal(getattr(again, name), getattr(model, name))
    with pytest.raises(IndexError, match="expected 0 to 1, got 2"):
        _ = packed[2]
    with pytest.raises(ValueError, match="parameters, got"):
        unflatten(packed[1], models[0].config())


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"values": np.ones(2, np.float32)}, "no packed weights"),
        ({"values": np.ones(2, np.float32), "offsets": np.array([0, 3])}, "offsets are malformed"),
        ({"values": np.ones(2, np.float32), "offsets": np.array([1, 2])}, "offsets are malformed"),
        ({"values": np.ones(2, np.float32), "offsets": np.array([0, 2, 1, 2])}, "offsets are malformed"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, tensors: dict[str, np.ndarray], message: str) -> None:
    (tmp_path / "w.safetensors").write_bytes(save(tensors))
    with pytest.raises(ModelFileError, match=message):
        open_packed(tmp_path / "w.safetensors")


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(pack([np.array([1, np.nan], np.float32)]))
    with pytest.raises(ModelFileError, match="not finite"):
        _ = open_packed(tmp_path / "w.safetensors")[0]
