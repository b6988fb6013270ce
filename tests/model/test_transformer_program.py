"""The forward pass, and what surrounds it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inverse_tracr.model import CategoricalOutput, InputEncoder, TokenError, TransformerProgram, Weights
from inverse_tracr.model import transformer_program as module
from inverse_tracr.rasp.values import Value
from tests.model.examples import ENCODER, VALUES, random_model

Numbers = NDArray[np.float64]

INPUTS: list[list[Value]] = [["a"], ["b", "a", 3], [3], ["a", "a", "b", 3, 3], ["b", "b", "b"]]


def forward_in_float64(model: TransformerProgram, ids: list[int]) -> Numbers:
    """The forward pass written out, a position, head and layer at a time."""
    w: Weights = model.weights()
    x = (w.W_E[ids] + w.W_pos[: len(ids)]).astype(np.float64)
    for layer in range(model.config.n_layers):
        out = np.zeros_like(x) + w.b_O[layer]
        for head, query in itertools.product(range(model.config.n_heads), range(len(ids))):
            at = (layer, head)
            keys = x[: query + 1] if model.config.causal else x
            scores = (keys @ w.W_K[at] + w.b_K[at]) @ (x[query] @ w.W_Q[at] + w.b_Q[at])
            pattern = np.exp(scores / np.sqrt(model.config.d_head))
            out[query] += pattern / pattern.sum() @ (keys @ w.W_V[at] + w.b_V[at]) @ w.W_O[at]
        x = x + out
        x = x + np.maximum(x @ w.W_in[layer] + w.b_in[layer], 0) @ w.W_out[layer] + w.b_out[layer]
    return x @ w.W_U + w.b_U


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_the_forward_pass_is_that_of_the_definition(causal: bool, n_layers: int) -> None:
    model = random_model(causal=causal, n_layers=n_layers)
    ids = ENCODER.encode(["b", "a", 3, "a"])
    logits = model(torch.tensor([ids])).detach().numpy()[0]
    assert np.allclose(logits, forward_in_float64(model, ids), atol=1e-5)


def test_a_call_with_tokens_decodes_one_output_a_token() -> None:
    model = random_model()
    logits = model(torch.tensor([ENCODER.encode(["b", "a"])]))
    expected = CategoricalOutput(VALUES).decode(logits.detach().numpy()[0, 1:])
    assert model(["b", "a"]) == expected
    assert len(expected) == 2


@pytest.mark.parametrize("numerical", [False, True])
def test_a_batch_of_mixed_lengths_gives_what_each_input_gives(numerical: bool) -> None:
    model = random_model(numerical=numerical)
    together = model.run(INPUTS)
    assert [len(outputs) for outputs in together] == [len(tokens) for tokens in INPUTS]
    for tokens, outputs in zip(INPUTS, together, strict=True):
        alone = model(tokens)
        assert outputs == (pytest.approx(alone, abs=1e-6) if numerical else alone)
    assert model.run([]) == []


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model()
    tokens = np.array(list(itertools.product(range(3), repeat=4)))
    whole = model.logits_for(tokens)
    monkeypatch.setattr(module, "ACTIVATION_BUDGET", 1)
    assert np.allclose(model.logits_for(tokens), whole, atol=1e-6)
    assert model.logits_for(tokens[:0]).shape == (0, 4, len(VALUES))


def test_logits_are_had_for_indices_into_the_signatures_vocabulary() -> None:
    model = random_model()
    vocab = model.signature.vocab
    assert vocab != model.input_encoder.vocab  # rows of W_E are in another order
    logits = model.logits_for(np.array([[2, 0, 1]]))
    ids = torch.tensor([ENCODER.encode([vocab[2], vocab[0], vocab[1]])])
    assert np.allclose(logits, model(ids).detach().numpy()[:, 1:], atol=1e-6)


@pytest.mark.parametrize(
    ("tokens", "error"),
    [([[3]], IndexError), ([[-1]], IndexError), ([[0] * 6], ValueError), ([[]], ValueError)],
)
def test_indices_outside_are_refused(tokens: list[list[int]], error: type[Exception]) -> None:
    with pytest.raises(error):
        random_model().logits_for(np.array(tokens, dtype=np.int64))


def test_an_unknown_token_is_refused() -> None:
    with pytest.raises(TokenError, match="position 1"):
        random_model()(["a", "z"])


def test_activations_are_kept_under_the_names_of_transformer_lens() -> None:
    model = random_model(causal=True)
    ids = torch.tensor([ENCODER.encode(["b", "a"]), ENCODER.encode(["a", 3])])
    logits, cache = model.run_with_cache(ids)
    shapes = {name: tuple(activation.shape) for name, activation in cache.items()}
    assert shapes["hook_embed"] == shapes["hook_pos_embed"] == (2, 3, 8)
    in_block = {
        "hook_resid_pre": (2, 3, 8),
        "attn.hook_q": (2, 3, 2, 3),
        "attn.hook_k": (2, 3, 2, 3),
        "attn.hook_v": (2, 3, 2, 3),
        "attn.hook_attn_scores": (2, 2, 3, 3),
        "attn.hook_pattern": (2, 2, 3, 3),
        "attn.hook_z": (2, 3, 2, 3),
        "hook_attn_out": (2, 3, 8),
        "hook_resid_mid": (2, 3, 8),
        "mlp.hook_pre": (2, 3, 7),
        "mlp.hook_post": (2, 3, 7),
        "hook_mlp_out": (2, 3, 8),
        "hook_resid_post": (2, 3, 8),
    }
    for layer, (name, shape) in itertools.product(range(2), in_block.items()):
        assert shapes[f"blocks.{layer}.{name}"] == shape
    assert len(shapes) == 2 + 2 * len(in_block)
    assert torch.equal(cache["blocks.1.hook_resid_post"] @ model.unembed.W_U + model.unembed.b_U, logits)
    assert torch.equal(cache["blocks.0.attn.hook_pattern"].triu(1).sum(), torch.tensor(0.0))
    residual = cache["blocks.0.hook_resid_mid"] + cache["blocks.0.hook_mlp_out"]
    assert torch.equal(residual, cache["blocks.1.hook_resid_pre"])


def test_weights_come_out_as_they_went_in() -> None:
    model = random_model(seed=7)
    again = TransformerProgram(model.config, model.weights(), ENCODER, CategoricalOutput(VALUES))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_the_given_arrays_are_copied() -> None:
    model = random_model()
    weights = model.weights()
    copy = TransformerProgram(model.config, weights, ENCODER, CategoricalOutput(VALUES))
    with torch.no_grad():
        copy.embed.W_E.zero_()
        copy.blocks[0].mlp.W_in.zero_()  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    assert weights.W_E.any()
    assert weights.W_in[0].any()


@pytest.mark.parametrize(
    ("encoder", "output", "message"),
    [
        (InputEncoder(("a", "bos"), 1, None, 5), CategoricalOutput(VALUES), "5 tokens, got 2"),
        (InputEncoder(ENCODER.tokens, 0, 4, 4), CategoricalOutput(VALUES), r"max_seq_len 5 .*, got 4"),
        (ENCODER, CategoricalOutput(("x",)), "4 columns, got 1"),
    ],
)
def test_encoders_that_do_not_fit_are_refused(
    encoder: InputEncoder, output: CategoricalOutput, message: str
) -> None:
    model = random_model()
    with pytest.raises(ValueError, match=message):
        TransformerProgram(model.config, model.weights(), encoder, output)


def test_a_model_shows_itself_shortly_and_escapes_what_it_shows() -> None:
    model = random_model()
    assert repr(model).startswith("TransformerProgram(n_layers=2, n_heads=2, d_model=8, d_head=3, d_mlp=7")
    encoder = InputEncoder(("<script>", *ENCODER.tokens[1:]), 1, 4, 5)
    model = TransformerProgram(model.config, model.weights(), encoder, CategoricalOutput(VALUES))
    html: str = model._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
