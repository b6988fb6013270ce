"""Laws of the compiler, and its public face."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

import inverse_tracr as it
from benchmarks.random_programs import random_program
from inverse_tracr.compile import (
    CompileError,
    Mode,
    compile_program,
    compile_weights,
    dim_labels,
    neuron_labels,
)
from inverse_tracr.model import Weights
from inverse_tracr.rasp import BOS, PAD, Signature
from tests.compile.programs import lines

TEXT = (
    "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = map(v2, x > 1, numerical); "
    "v4 = select(indices, indices, <=); v5 = aggregate(v4, v3); v6 = map(v5, x > 0); return v6"
)
SIGNATURE = Signature(("a", "b"), 3)


def equal(one: Weights, other: Weights) -> bool:
    return all(
        np.array_equal(getattr(one, tensor.name), getattr(other, tensor.name)) for tensor in fields(one)
    )


@pytest.mark.parametrize("mode", Mode)
def test_names_of_lines_change_nothing(mode: Mode) -> None:
    program = lines(TEXT)
    renamed = replace(program, names=tuple(f"line_{10 - i}" for i in range(len(program))))
    first, second = (compile_weights(p, SIGNATURE, mode=mode) for p in (program, renamed))
    assert equal(first.weights, second.weights)


def test_dead_lines_change_nothing() -> None:
    more = lines(TEXT.replace("return", "v7 = map(v2, x + 1); v8 = select(v7, v7, <); return"))
    assert equal(compile_weights(lines(TEXT), SIGNATURE).weights, compile_weights(more, SIGNATURE).weights)


def test_every_dimension_and_neuron_has_its_own_label() -> None:
    for index in range(30):
        program, signature = random_program(2, index)
        try:
            plan = compile_weights(program, signature).plan
        except it.InverseTracrError:
            continue
        labels = dim_labels(plan)
        assert len(set(labels)) == len(labels) == plan.config.d_model
        for layer in range(plan.config.n_layers):
            named = [label for label in neuron_labels(plan, layer) if label is not None]
            assert len(set(named)) == len(named)


def test_labels_read_as_tracrs() -> None:
    plan = compile_weights(lines(TEXT), SIGNATURE).plan
    written = [str(label) for label in dim_labels(plan)]
    assert written[:4] == ["tokens:a", "tokens:b", f"tokens:{BOS}", f"tokens:{PAD}"]
    assert written[4:8] == ["indices:0", "indices:1", "indices:2", "one"]
    assert "v2_selector_width_attn_output" in written
    assert {str(label) for label in neuron_labels(plan, 0)} >= {"_hidden_clean_bos_", "_hidden_v2_start"}


def test_dimensions_follow_the_lines() -> None:
    plan = compile_weights(lines(TEXT), SIGNATURE).plan
    starts = [plan.dims[position][0] for position in sorted(plan.dims) if position >= 0]
    assert starts == sorted(starts)


def test_the_public_function_takes_a_signature_written_out() -> None:
    model = it.compile(lines(TEXT), vocab=["b", "a"], max_seq_len=3, mode="fixed", causal=True)
    assert model.config.causal
    assert model.signature == Signature(("a", "b"), 3, causal=True)
    assert model(["a", "a", "b"]) == [False, True, True]
    with pytest.raises(ValueError, match="'odd' is not a valid Mode"):
        it.compile(lines(TEXT), vocab=["a"], max_seq_len=3, mode="odd")


def test_both_encodings_of_the_output_can_be_read() -> None:
    number = lines(TEXT.replace("v6 = map(v5, x > 0); return v6", "return v5"))
    model = compile_program(number, SIGNATURE, mode=Mode.FIXED)
    assert model(["a", "a"]) == pytest.approx([1.0, 1.0])
    assert model(["a", "b", "a"]) == pytest.approx([1.0, 0.5, 2 / 3])


def test_a_refusal_names_the_line() -> None:
    with pytest.raises(
        CompileError, match=r"^line 1 \(v1\): Tracr compiles a map to numbers only where"
    ) as caught:
        compile_program(lines('v1 = map(tokens, {"a": 1}, numerical); return v1'), SIGNATURE)
    assert caught.value.exit_code == 3
    assert caught.value.parts()["where"] == "line 1 (v1)"
