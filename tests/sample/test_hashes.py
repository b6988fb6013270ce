"""Hashes of functions and of weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.model import Weights
from inverse_tracr.rasp import Program, Signature, parse
from inverse_tracr.sample import Preset
from inverse_tracr.sample.function_hash import function_hash, hash_inputs, outputs_hash
from inverse_tracr.sample.weights_hash import weights_hash
from tests.sample.pool import pool

SIGNATURE = Signature(("a", "b", "c"), 6)
RENAMED = Signature(("x", "y", "z"), 6)


def hash_of(text: str, signature: Signature = SIGNATURE) -> bytes:
    return function_hash(parse(text), signature)


COUNT = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\n"


def test_names_of_outputs_and_tokens_do_not_matter() -> None:
    count = hash_of(COUNT + "return v2\n")
    assert hash_of(COUNT + "v3 = map(v2, x * 2)\nreturn v3\n") == count
    assert hash_of(COUNT + "v3 = map(v2, 7 - x)\nreturn v3\n") == count
    assert hash_of(COUNT + "return v2\n", RENAMED) == count
    assert hash_of('v1 = map(tokens, x == "b")\nreturn v1\n') == hash_of(
        'v1 = map(tokens, x == "y")\nreturn v1\n', RENAMED
    )


def test_functions_and_signatures_matter() -> None:
    texts = [
        COUNT + "return v2\n",
        COUNT + "v3 = map(v2, min(x, 4))\nreturn v3\n",
        'v1 = map(tokens, x == "a")\nreturn v1\n',
        'v1 = map(tokens, x == "b")\nreturn v1\n',
        "v1 = select(indices, indices, k == q - 1)\nv2 = aggregate(v1, tokens)\nreturn v2\n",
    ]
    hashes = {hash_of(text) for text in texts}
    hashes |= {
        hash_of(texts[0], signature)
        for signature in (
            Signature(("a", "b"), 6),
            Signature(("a", "b", "c"), 7),
            replace(SIGNATURE, causal=True),
        )
    }
    assert len(hashes) == len(texts) + 3


@pytest.mark.parametrize("preset", [Preset.SOUND, Preset.TRACR])
def test_programs_and_their_models_have_one_hash(preset: Preset) -> None:
    for found in pool(preset)[:5]:
        signature = found.signature
        model = compile_weights(found.program, signature, mode=Mode.FIXED).model
        batches = hash_inputs(len(signature.vocab), signature.max_seq_len)
        rows = [[[signature.vocab[token] for token in row] for row in batch.tolist()] for batch in batches]
        outputs = [model.run(batch) for batch in rows]
        assert outputs_hash(signature, outputs) == function_hash(found.program, signature)


def test_a_position_without_a_value_is_an_output_of_its_own() -> None:
    moved = "v1 = select(indices, indices, k == q - 1)\nv2 = aggregate(v1, tokens)\n"
    filled = '{"a": 1, "b": 2, "c": 3}'
    assert hash_of(moved + "return v2\n") == hash_of(moved + f"v3 = map(v2, {filled})\nreturn v3\n")
    assert hash_of(moved + "return v2\n") != hash_of("v1 = map(tokens, x)\nreturn v1\n")


def permuted(weights: Weights, random: np.random.Generator) -> Weights:
    """The same model with dimensions, heads and neurons in another order."""
    dims = random.permutation(weights.W_E.shape[1])
    heads = random.permutation(weights.W_Q.shape[1])
    neurons = random.permutation(weights.W_in.shape[2])
    inner = random.permutation(weights.W_Q.shape[3])
    return replace(
        weights,
        W_E=weights.W_E[:, dims],
        W_pos=weights.W_pos[:, dims],
        W_Q=weights.W_Q[:, heads][:, :, dims][..., inner],
        W_K=weights.W_K[:, heads][:, :, dims][..., inner],
        W_V=weights.W_V[:, heads][:, :, dims][..., inner],
        W_O=weights.W_O[:, heads][:, :, inner][..., dims],
        W_in=weights.W_in[:, dims][..., neurons],
        W_out=weights.W_out[:, neurons][..., dims],
        W_U=weights.W_U[dims],
    )


def weights_of(program: Program, signature: Signature) -> Weights:
    return compile_weights(program, signature, mode=Mode.FIXED).weights


def test_the_hash_of_weights_ignores_their_order() -> None:
    random = np.random.default_rng(0)
    for found in pool(Preset.TRACR)[:30]:
        weights = weights_of(found.program, found.signature)
        assert weights_hash(permuted(weights, random)) == weights_hash(weights)


def test_the_hash_of_weights_tells_programs_apart() -> None:
    found = pool(Preset.SOUND)[:60]
    assert len({weights_hash(weights_of(s.program, s.signature)) for s in found}) == len(found)
    weights = weights_of(found[0].program, found[0].signature)
    w_q = weights.W_Q.copy()
    w_q[np.unravel_index(np.argmax(w_q), w_q.shape)] = 0
    assert weights_hash(replace(weights, W_Q=w_q)) != weights_hash(weights)
