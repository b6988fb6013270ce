"""Neurons are named for the lines whose values they tell apart."""

from __future__ import annotations

import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.decompile import LineEvidence, decompile
from inverse_tracr.decompile.told_apart import with_neurons
from inverse_tracr.rasp import parse_source
from inverse_tracr.zoo import quick_test_sets

TWO_MAPS = parse_source(
    "# signature: vocab=[a, b, c, d] max_seq_len=4\n"
    'first = map(tokens, x == "a")\n'
    "second = map(indices, x == 0)\n"
    "both = sequence_map(first, second, x and y)\nreturn both\n"
)


def test_each_map_has_its_own_neurons() -> None:
    program, signature = TWO_MAPS.program, TWO_MAPS.signature
    assert signature is not None
    compiled = compile_weights(program, signature, mode=Mode.FIXED)
    bare = [
        LineEvidence(name, half, (), (), (), 10) for name, half in zip(program.names, (1, 1, 3), strict=True)
    ]
    first, second, both = with_neurons(compiled.model, program, bare)
    assert first.neurons
    assert second.neurons
    assert both.neurons
    assert not set(first.neurons) & set(second.neurons)
    assert all(neuron.startswith("0.") for neuron in (*first.neurons, *second.neurons))
    assert all(neuron.startswith("1.") for neuron in both.neurons)


def test_what_has_neurons_or_is_of_heads_stays_as_it_is() -> None:
    program, signature = TWO_MAPS.program, TWO_MAPS.signature
    assert signature is not None
    model = compile_weights(program, signature, mode=Mode.FIXED).model
    given = (LineEvidence("first", 1, (), ("0.7",), ()), LineEvidence("second", 0, ("0.0",), (), ()))
    assert with_neurons(model, program, given) == given


@pytest.mark.parametrize("row", [0, 3])
def test_lines_of_students_rest_on_heads_or_neurons(row: int) -> None:
    found = decompile(quick_test_sets()["natural-test"].specimen("test", row).model)
    assert found.verdict.name != "REFUTED"
    placed = [entry for entry in found.evidence if entry.half_layer is not None]
    assert placed
    named = [
        bool(entry.neurons if entry.half_layer % 2 else entry.heads)
        for entry in placed
        if entry.half_layer is not None
    ]
    assert sum(named) >= len(named) - 1
