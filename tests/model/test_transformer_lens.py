"""TransformerLens's two layouts, out and in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import linear

from inverse_tracr.model import (
    ModelFileError,
    TransformerLensVersion,
    TransformerProgram,
    export_transformer_lens,
    import_model,
    to_transformer_lens,
    transformer_lens_config,
)
from inverse_tracr.model.bridges.description import describe
from tests.model.examples import ENCODER, all_equal, random_model

IDS = torch.tensor([ENCODER.encode(["b", "a", 3]), ENCODER.encode(["a", "a", "b"])])


def forward_of_linear_maps(state: dict[str, Tensor], n_layers: int, n_heads: int, causal: bool) -> Tensor:
    """Logits of IDS from a version 4 state dict, each map applied as `torch.nn.Linear` applies it."""

    def apply(name: str, x: Tensor) -> Tensor:
        return linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    batch, pos = IDS.shape
    x = state["embed.weight"][IDS] + state["pos_embed.weight"][:pos]
    for layer in range(n_layers):
        attn, mlp = f"blocks.{layer}.attn", f"blocks.{layer}.mlp"
        q, k, v = (apply(f"{attn}.{name}", x).view(batch, pos, n_heads, -1).transpose(1, 2) for name in "qkv")
        z = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + apply(f"{attn}.o", z.transpose(1, 2).reshape(batch, pos, -1))
        x = x + apply(f"{mlp}.out", apply(f"{mlp}.in", x).relu())
    return apply("unembed", x)


@pytest.mark.parametrize("causal", [False, True])
def test_version_4_computes_the_same_with_linear_maps(causal: bool) -> None:
    model = random_model(causal=causal)
    logits = forward_of_linear_maps(to_transformer_lens(model, "4"), 2, 2, causal)
    assert torch.allclose(logits, model(IDS), atol=1e-5)


def test_version_3_has_the_names_and_shapes_of_hooked_transformer() -> None:
    model = random_model()
    state = to_transformer_lens(model, TransformerLensVersion.V3)
    assert state.keys() == dict(model.named_parameters()).keys()
    assert state["blocks.1.attn.W_O"].shape == (2, 3, 8)
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in state.items())


def test_the_state_dict_is_a_copy() -> None:
    model = random_model()
    to_transformer_lens(model, "3")["embed.W_E"].zero_()
    assert model.embed.W_E.any()


def test_the_configuration_states_what_state_dicts_do_not() -> None:
    config = transformer_lens_config(random_model(causal=True))
    assert config["act_fn"] == "relu"
    assert config["normalization_type"] is None
    assert config["attention_dir"] == "causal"
    assert (config["n_ctx"], config["d_vocab"], config["d_vocab_out"]) == (6, 5, 4)


@pytest.mark.parametrize("version", list(TransformerLensVersion))
@pytest.mark.parametrize("numerical", [False, True])
def test_an_exported_model_is_imported_to_the_bit(
    version: TransformerLensVersion, numerical: bool, tmp_path: Path
) -> None:
    model = random_model(numerical=numerical, causal=True)
    export_transformer_lens(model, tmp_path / "export", version)
    assert all_equal(import_model(tmp_path / "export" / "model.safetensors"), model)
    config = json.loads((tmp_path / "export" / "transformer_lens_config.json").read_text())
    assert config == transformer_lens_config(model)


@pytest.mark.parametrize("version", list(TransformerLensVersion))
def test_a_model_without_layers_is_imported(version: TransformerLensVersion, tmp_path: Path) -> None:
    model = random_model(n_layers=0)
    export_transformer_lens(model, tmp_path, version)
    assert torch.equal(import_model(tmp_path / "model.safetensors")(IDS), model(IDS))


def imported(state: dict[str, Tensor], tmp_path: Path, **change: Any) -> TransformerProgram:
    contiguous = {name: tensor.contiguous() for name, tensor in state.items()}
    safetensors.torch.save_file(contiguous, tmp_path / "model.safetensors")
    return import_model(tmp_path / "model.safetensors", describe(random_model()) | change)


def test_buffers_of_hooked_transformer_are_passed_over(tmp_path: Path) -> None:
    state = to_transformer_lens(random_model(), "3")
    for layer in range(2):
        state[f"blocks.{layer}.attn.mask"] = torch.ones(6, 6, dtype=torch.bool).tril()
        state[f"blocks.{layer}.attn.IGNORE"] = torch.tensor(float("-inf"))
    state["blocks.1.attn.mask"] = torch.ones(0, 0, dtype=torch.bool)  # as bidirectional models have it
    assert all_equal(imported(state, tmp_path), random_model())


NATIVE_NAMES = {
    "embed.": "tok_embed.",
    "pos_embed.": "pos.",
    "unembed.": "head.",
    "blocks.": "layers.",
    ".mlp.in.": ".mlp.fc_in.",
    ".mlp.out.": ".mlp.fc_out.",
}


def native_name(name: str) -> str:
    if name.startswith("pos_embed."):
        return name.replace("pos_embed.", "pos.")
    for ours, theirs in NATIVE_NAMES.items():
        name = name.replace(ours, theirs) if ours.startswith(".") or name.startswith(ours) else name
    return name


def test_names_of_the_module_inside_a_bridge_are_known_too(tmp_path: Path) -> None:
    state = {native_name(name): tensor for name, tensor in to_transformer_lens(random_model(), "4").items()}
    assert {"tok_embed.weight", "pos.weight", "layers.1.mlp.fc_in.bias", "head.weight"} <= state.keys()
    assert all_equal(imported(state, tmp_path), random_model())


def test_a_tensor_stored_under_two_names_is_read_once_if_both_agree(tmp_path: Path) -> None:
    state = to_transformer_lens(random_model(), "4")
    state["head._original_component.weight"] = state["unembed.weight"].clone()
    assert all_equal(imported(state, tmp_path), random_model())
    state["head._original_component.weight"] += 1
    with pytest.raises(ModelFileError, match=r"two tensors have one name in a bridge; got unembed.weight"):
        imported(state, tmp_path)


def with_shared_keys(model: TransformerProgram) -> TransformerProgram:
    """The model with the keys and values of head 0 in head 1 too."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("W_K", "W_V", "b_K", "b_V")):
                parameter[1] = parameter[0]
    return model


def test_grouped_keys_and_values_are_repeated(tmp_path: Path) -> None:
    model = with_shared_keys(random_model())
    hooked = {
        (name.replace(".W_", "._W_").replace(".b_", "._b_") if name[-1] in "KV" else name): (
            tensor[:1] if name[-1] in "KV" else tensor
        )
        for name, tensor in to_transformer_lens(model, "3").items()
    }
    assert "blocks.0.attn._W_K" in hooked
    assert all_equal(imported(hooked, tmp_path), model)

    bridge = {
        name: tensor[:3] if ".attn.k." in name or ".attn.v." in name else tensor
        for name, tensor in to_transformer_lens(model, "4").items()
    }
    assert all_equal(imported(bridge, tmp_path), model)


@pytest.mark.parametrize("version", ["3", "4"])
def test_missing_biases_are_zero(version: str, tmp_path: Path) -> None:
    state = to_transformer_lens(random_model(), version)
    bare = {name: t for name, t in state.items() if not (".b_" in name or name.endswith(".bias"))}
    zeroed = random_model()
    with torch.no_grad():
        for name, parameter in zeroed.named_parameters():
            if ".b_" in name:
                parameter.zero_()
    assert all_equal(imported(bare, tmp_path), zeroed)


@pytest.mark.parametrize("version", ["3", "4"])
def test_a_model_of_attention_only_gets_an_mlp_that_does_nothing(version: str, tmp_path: Path) -> None:
    state = to_transformer_lens(random_model(), version)
    model = imported({name: tensor for name, tensor in state.items() if ".mlp." not in name}, tmp_path)
    assert model.config.d_mlp == 1
    _, cache = model.run_with_cache(IDS)
    assert not cache["blocks.1.hook_mlp_out"].any()


def test_half_precision_is_widened(tmp_path: Path) -> None:
    state = {name: t.bfloat16() for name, t in to_transformer_lens(random_model(), "3").items()}
    model = imported(state, tmp_path)
    assert torch.equal(model.embed.W_E, state["embed.W_E"].float())


def test_positions_beyond_the_longest_input_are_dropped(tmp_path: Path) -> None:
    change = {"input": describe(random_model())["input"] | {"max_seq_len": 3}}  # type: ignore[operator]
    model = imported(to_transformer_lens(random_model(), "3"), tmp_path, **change)
    assert model.config.n_ctx == 4
    assert torch.equal(model(IDS), random_model()(IDS))


def replaced(name: str, tensor: Tensor | None) -> dict[str, Tensor]:
    version = "3" if "_" in name.rpartition(".")[2] else "4"
    state = to_transformer_lens(random_model(), version)
    state.pop(name, None)
    return state if tensor is None else state | {name: tensor}


WRONG_STATES: dict[str, tuple[str, Tensor | None, str]] = {
    "LayerNorm": ("blocks.0.ln1.w_", torch.ones(8), "tensor blocks.0.ln1.w_: LayerNorm is not supported"),
    "LayerNorm at the end": ("ln_final.weight", torch.ones(8), "LayerNorm is not supported"),
    "gate": ("blocks.0.mlp.W_gate", torch.ones(8, 7), "tensor blocks.0.mlp.W_gate: the tensor is unknown"),
    "missing": ("blocks.1.attn.W_V", None, "missing; expected blocks.1.attn._W_V"),
    "missing in version 4": ("blocks.1.attn.v.weight", None, "missing; expected blocks.1.attn.v.weight"),
    "no positions": ("pos_embed.W_pos", None, "no positional embedding"),
    "rank": ("blocks.1.mlp.W_in", torch.ones(8), r"blocks.1.mlp.W_in: .* expected 2 dimensions, got \[8\]"),
    "width": (
        "blocks.1.mlp.W_in",
        torch.ones(8, 9),
        r"tensor blocks.1.mlp.W_in: .* expected blocks.1.mlp.W_in of \[8, 7\], got \[8, 9\]",
    ),
    "width in version 4": (
        "blocks.1.mlp.in.weight",
        torch.ones(9, 8),
        r"tensor blocks.1.mlp.in.weight: .* expected blocks.1.mlp.W_in of \[8, 7\], got \[8, 9\]",
    ),
    "heads": ("blocks.0.attn.q.weight", torch.ones(5, 8), "outputs that 2 heads can share, got 5"),
    "groups": ("blocks.0.attn.k.weight", torch.ones(5, 8), "a multiple of d_head 3"),
    "many groups": ("blocks.0.attn.k.weight", torch.ones(9, 8), "number of heads that divides 2, got 3"),
    "tokens": ("embed.W_E", torch.ones(6, 8), "wrong number of tokens; expected 6, one a row.*got 5"),
    "outputs": ("unembed.W_U", torch.ones(8, 3), r"tensor unembed.b_U: .* of \[3\], got \[4\]"),
    "positions": ("pos_embed.W_pos", torch.ones(5, 8), "too few positions; expected at least 6 rows"),
}


@pytest.mark.parametrize("name", WRONG_STATES)
def test_a_state_dict_that_does_not_fit_is_refused_by_tensor(name: str, tmp_path: Path) -> None:
    changed, tensor, message = WRONG_STATES[name]
    with pytest.raises(ModelFileError, match=message):
        imported(replaced(changed, tensor), tmp_path)


WRONG_DESCRIPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "heads unknown": ({"n_heads": None}, "'n_heads' is wrong"),
    "no heads": ({"n_heads": 0}, "'n_heads' is wrong; expected at least 1"),
    "activation": ({"act_fn": "gelu"}, "'act_fn' is wrong; expected 'relu', got 'gelu'"),
    "LayerNorm": (
        {"normalization_type": "LNPre"},
        "'normalization_type' is wrong; expected None, got 'LNPre'",
    ),
    "version": ({"schema_version": 3}, "'schema_version' is wrong"),
    "unknown": ({"labels": []}, "unknown field"),
    "causal": ({"causal": "yes"}, "'causal' is wrong"),
    "no JSON": ({"causal": {1}}, "no JSON object"),
}


@pytest.mark.parametrize("name", WRONG_DESCRIPTIONS)
def test_a_wrong_description_is_refused_by_field(name: str, tmp_path: Path) -> None:
    change, message = WRONG_DESCRIPTIONS[name]
    with pytest.raises(ModelFileError, match=message):
        imported(to_transformer_lens(random_model(), "4"), tmp_path, **change)


def test_version_4_needs_the_number_of_heads(tmp_path: Path) -> None:
    export_transformer_lens(random_model(), tmp_path, "4")
    description = {name: item for name, item in describe(random_model()).items() if name != "n_heads"}
    with pytest.raises(ModelFileError, match=r'how many heads share a matrix; expected "n_heads"'):
        import_model(tmp_path / "model.safetensors", description)


def test_weights_without_a_description_are_refused(tmp_path: Path) -> None:
    export_transformer_lens(random_model(), tmp_path, "3")
    (tmp_path / "description.json").unlink()
    with pytest.raises(ModelFileError, match=r"expected a description, or description.json beside the file"):
        import_model(tmp_path / "model.safetensors")


def test_a_description_may_be_a_file(tmp_path: Path) -> None:
    export_transformer_lens(random_model(), tmp_path, "3")
    (tmp_path / "description.json").rename(tmp_path / "other.json")
    assert all_equal(import_model(tmp_path / "model.safetensors", tmp_path / "other.json"), random_model())


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="5"):
        to_transformer_lens(random_model(), "5")


def test_an_unknown_layout_shows_its_names(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no positional embedding .* got wpe.weight, wte.weight"):
        imported({"wte.weight": torch.ones(2, 2), "wpe.weight": torch.ones(2, 2)}, tmp_path)
