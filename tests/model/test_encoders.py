"""Tokens to rows of W_E, columns of W_U to values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inverse_tracr.model import CategoricalOutput, InputEncoder, NumericalOutput, TokenError
from inverse_tracr.rasp.signature import Signature
from tests.model.examples import ENCODER, VALUES


def test_bos_comes_first_and_rows_follow() -> None:
    assert ENCODER.encode(["a", "b", 3]) == [0, 3, 1, 2]


def test_the_vocabulary_is_in_row_order_without_bos_and_pad() -> None:
    assert ENCODER.vocab == ("b", 3, "a")
    assert ENCODER.signature(causal=True) == Signature(("a", "b", 3), 5, causal=True)


def test_values_compare_as_python_compares_them() -> None:
    encoder = InputEncoder((True, 0, "bos"), bos=2, pad=None, max_seq_len=2)
    assert encoder.encode([1.0, False]) == [2, 0, 1]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["a", "z"], r'unknown token at position 1; expected one of "b", 3, "a", got "z"'),
        (["compiler_bos"], r'unknown token at position 0; .* got "compiler_bos"'),
        (["a", "compiler_pad"], r"unknown token at position 1"),
        (["a"] * 6, r"wrong length; expected 1 to 5 tokens .*, got 6"),
        ([], r"wrong length; expected 1 to 5 tokens .*, got 0"),
    ],
)
def test_an_unreadable_input_is_named(tokens: list[Any], message: str) -> None:
    with pytest.raises(TokenError, match=message) as caught:
        ENCODER.encode(tokens)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a", "b", "a"), 0, None, 3), "twice"),
        ((("a", 1, True), 0, None, 3), "twice"),
        ((("a", "b"), 2, None, 3), "below 2"),
        ((("a", "b", "c"), 1, 1, 3), "same row"),
        ((("a", "b"), 0, 1, 3), "at least one token"),
        ((("a", "b"), 0, None, 0), "max_seq_len"),
    ],
)
def test_a_contradictory_encoder_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InputEncoder(*arguments)


def test_the_largest_logit_names_the_value() -> None:
    logits = np.array([[0.6, 0.1, 0.5, 0], [0, 0, 0, 2], [-3, -2, -1, -4]], np.float32)
    assert CategoricalOutput(VALUES).decode(logits) == ["x", (1, "y"), 2.5]
    assert CategoricalOutput(VALUES).decode(logits[None]) == [["x", (1, "y"), 2.5]]


@pytest.mark.parametrize(
    ("logits", "decoded"),
    [
        ([0.49, -0.49, 0, 0], None),
        ([0.5, 0, 0, 0], "x"),
        ([-0.5, 0.1, 0, 0], 1),  # large in size, so a value is named, and it is the largest
        ([float("nan"), 3, 0, 0], None),
    ],
)
def test_small_logits_name_no_value(logits: list[float], decoded: object) -> None:
    output = CategoricalOutput(VALUES)
    assert output.decode(np.array([logits], np.float32)) == [decoded]
    index = -1 if decoded is None else VALUES.index(decoded)
    assert output.indices(np.array([logits], np.float32)).tolist() == [index]


def test_a_numerical_output_is_its_logit() -> None:
    assert NumericalOutput().decode(np.array([[[0.25], [-2]]], np.float32)) == [[0.25, -2.0]]


@pytest.mark.parametrize("values", [(), (1, True), ("a", "a")])
def test_contradictory_outputs_are_refused(values: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="output"):
        CategoricalOutput(values)
