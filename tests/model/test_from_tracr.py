"""Tracr's assembled models, converted: the same numbers as Tracr's own forward pass."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import (
    CategoricalOutput,
    ModelFileError,
    NumericalOutput,
    TransformerProgram,
    import_model,
)
from inverse_tracr.model.bridges.description import describe
from inverse_tracr.model.bridges.tracr import haiku_arrays
from inverse_tracr.rasp.values import Value
from tests.model.conftest import Compiled
from tests.model.examples import all_equal

NAMES = ["shift", "fraction, causal", "sort"]


def some_inputs(model: TransformerProgram) -> list[list[Value]]:
    """Twelve inputs of full length: Haiku is slow to run a new length, and length is checked elsewhere."""
    inputs = list(itertools.product(model.signature.vocab, repeat=model.config.max_seq_len))
    return [list(inputs[(i * 7) % len(inputs)]) for i in range(12)]


@pytest.mark.parametrize("name", NAMES)
def test_the_forward_pass_is_tracrs(compiled: dict[str, Compiled], name: str) -> None:
    assembled, model = compiled[name].assembled, compiled[name].model
    inputs = some_inputs(model)
    ids = np.array([model.input_encoder.encode(tokens) for tokens in inputs])
    assert ids.tolist() == [assembled.input_encoder.encode(["compiler_bos", *tokens]) for tokens in inputs]
    output = assembled.forward(assembled.params, ids)
    logits, cache = model.run_with_cache(torch.tensor(ids))

    last = f"blocks.{model.config.n_layers - 1}.hook_resid_post"
    residual = np.asarray(output.transformer_output.output)
    assert np.allclose(cache[last].detach().numpy(), residual, atol=1e-5)

    scores = np.asarray(output.transformer_output.attn_logits[0])
    kept = scores > -1e29  # Tracr masks with -1e30
    assert np.allclose(
        cache["blocks.0.attn.hook_attn_scores"].detach().numpy()[kept], scores[kept], atol=1e-5
    )

    expected = np.asarray(output.unembedded_output)
    if isinstance(model.output_encoder, NumericalOutput):
        assert np.allclose(logits.detach().numpy()[..., 0], expected, atol=1e-5)
        assert np.allclose(np.array(model.run(inputs), np.float32), expected[:, 1:], atol=1e-5)
        return
    assert (logits.argmax(-1).numpy() == expected)[:, 1:].all()  # BOS has no output: all its logits are 0
    for ours, theirs in zip(model.run(inputs), expected[:, 1:].tolist(), strict=True):
        decoded = assembled.output_encoder.decode(theirs)
        assert all(a in (None, b) for a, b in zip(ours, decoded, strict=True))
        assert any(a is not None for a in ours)


def test_the_unembedding_reads_what_tracr_reads(compiled: dict[str, Compiled]) -> None:
    for case in compiled.values():
        W_U = case.model.weights().W_U
        assert W_U.sum() == W_U.shape[1] == (W_U == 1).sum()
        labels = case.assembled.residual_labels
        read = [labels[row] for row in W_U.argmax(axis=0)]
        output = case.model.output_encoder
        if isinstance(output, CategoricalOutput):
            assert [label.rpartition(":")[2] for label in read] == [str(value) for value in output.values]
        else:
            assert len(read) == 1


def test_no_value_is_named_where_nothing_is_selected(compiled: dict[str, Compiled]) -> None:
    assert compiled["sort"].model([2, 1]) == [1, 2]
    assert compiled["shift"].model(["a", "b", "b"]) == [None, "a", "b"]


def test_the_causal_mask_is_kept(compiled: dict[str, Compiled]) -> None:
    assert compiled["fraction, causal"].model.signature.causal
    assert not compiled["sort"].model.signature.causal
    assert compiled["fraction, causal"].model(["(", ")"]) == pytest.approx([1, 0.5], abs=1e-5)


def test_labels_are_not_read(compiled: dict[str, Compiled]) -> None:
    case = compiled["sort"]
    fields = {field.name: getattr(case.assembled, field.name) for field in dataclasses.fields(case.assembled)}
    fields["residual_labels"] = None
    assert all_equal(TransformerProgram.from_tracr(SimpleNamespace(**fields)), case.model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_encoder": None}, "input encoder lacks BOS"),
        ({"output_encoder": None}, "no output encoder"),
        ({"model_config": SimpleNamespace(layer_norm=True)}, "LayerNorm is not supported"),
    ],
)
def test_what_cannot_be_converted_is_said(
    compiled: dict[str, Compiled], change: dict[str, Any], message: str
) -> None:
    changed = dataclasses.replace(compiled["shift"].assembled, **change)
    with pytest.raises(BadInputError, match=message):
        TransformerProgram.from_tracr(changed)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", NAMES)
def test_parameters_saved_as_npz_are_imported_to_the_bit(
    compiled: dict[str, Compiled], name: str, save: Any, tmp_path: Path
) -> None:
    case = compiled[name]
    arrays = haiku_arrays(case.assembled)
    if save is np.savez_compressed:  # zeros pack too well for the reader; noise in the unread rows does not
        arrays["pos_embed/embeddings"] = np.concatenate(
            [
                arrays["pos_embed/embeddings"],
                np.random.default_rng(0).random((400, arrays["pos_embed/embeddings"].shape[1])),
            ]
        )
    save(tmp_path / "model.npz", **arrays)
    assert all_equal(import_model(tmp_path / "model.npz", describe(case.model)), case.model)


def test_an_unembedding_may_be_a_list_of_dimensions(compiled: dict[str, Compiled], tmp_path: Path) -> None:
    case = compiled["sort"]
    arrays = haiku_arrays(case.assembled)
    dimensions = arrays.pop("unembed/w").argmax(axis=0).tolist()
    np.savez(tmp_path / "model.npz", allow_pickle=False, **arrays)
    imported = import_model(tmp_path / "model.npz", describe(case.model) | {"unembedding": dimensions})
    assert all_equal(imported, case.model)


@pytest.mark.parametrize("dimensions", [[], [0, 0], [-1], [10**6], None])
def test_an_unembedding_of_other_dimensions_is_refused(
    compiled: dict[str, Compiled], tmp_path: Path, dimensions: list[int] | None
) -> None:
    arrays = haiku_arrays(compiled["sort"].assembled)
    del arrays["unembed/w"]
    np.savez(tmp_path / "model.npz", allow_pickle=False, **arrays)
    description = describe(compiled["sort"].model) | (
        {} if dimensions is None else {"unembedding": dimensions}
    )
    message = "unembedding is missing" if dimensions is None else "different residual dimensions below"
    with pytest.raises(ModelFileError, match=message):
        import_model(tmp_path / "model.npz", description)
