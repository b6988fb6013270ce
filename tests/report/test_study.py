"""Names of dimensions, places of lines and read-outs, against where the compiler put things."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.decompile import LineEvidence
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.report.parts import half_layers
from inverse_tracr.report.places import places
from inverse_tracr.report.study import Study, study_model
from tests.report.models import (
    EVERY,
    MIXED,
    NUMBERS,
    SORT,
    decompilation,
    known,
    random_weights,
    rotated,
    without_parts,
)


def labels(found: Study) -> dict[int, str]:
    return {dim: label for space in found.spaces for dim, label in zip(space.dims, space.labels, strict=True)}


def permuted(model: TransformerProgram, order: np.ndarray) -> TransformerProgram:
    """The same model with its residual dimensions in another order."""
    weights = model.weights()
    changed = {
        name: getattr(weights, name)[..., order] for name in ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out")
    }
    changed |= {name: getattr(weights, name)[..., order, :] for name in ("W_Q", "W_K", "W_V", "W_in", "W_U")}
    others = {name: getattr(weights, name) for name in ("b_Q", "b_K", "b_V", "b_in", "b_U")}
    return TransformerProgram(
        model.config, Weights(**changed, **others), model.input_encoder, model.output_encoder
    )


def test_dimensions_are_named_after_what_they_hold() -> None:
    found = labels(study_model(*known(MIXED)))
    names = set(found.values())
    assert {
        "tokens = a",
        "indices = 4",
        "one",
        "BOS",
        "PAD",
        "count = 0",
        "count = 5",
        "count (helper)",
    } <= names
    assert {"often = True", "moved = False", "said = u", "said = w"} <= names
    assert len(found) == known(MIXED)[0].config.d_model


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_names_follow_the_dimensions_wherever_they_are(text: str) -> None:
    model, found = known(text)
    order = np.random.default_rng(3).permutation(model.config.d_model)
    home = {int(dim): place for place, dim in enumerate(order)}
    evidence = [
        LineEvidence(e.line, e.half_layer, e.heads, e.neurons, tuple(sorted(home[d] for d in e.dimensions)))
        for e in found.evidence
    ]
    moved = study_model(permuted(model, order), decompilation(found.program, found.signature, evidence))
    before = labels(study_model(model, found))
    assert {home[dim]: label for dim, label in before.items()} == labels(moved)


def test_numbers_have_one_dimension_each() -> None:
    found = study_model(*known(NUMBERS))
    spaces = {space.name: space for space in found.spaces}
    assert spaces["share_x"].labels == ("share_x",)
    assert spaces["more"].labels == ("more",)


def test_evidence_that_is_wrong_gives_no_names() -> None:
    model, found = known(MIXED)
    dims = {e.line: e.dimensions for e in found.evidence}
    swapped = {"count": dims["said"], "said": dims["count"]}
    evidence = [
        LineEvidence(e.line, e.half_layer, e.heads, e.neurons, swapped.get(e.line, e.dimensions))
        for e in found.evidence
    ]
    names = set(labels(study_model(model, decompilation(found.program, found.signature, evidence))).values())
    assert not any(name.startswith(("count = ", "said = ")) for name in names)


@pytest.mark.parametrize("text", [MIXED, SORT, NUMBERS], ids=["mixed", "sort", "numbers"])
def test_lines_without_dimensions_are_read_out(text: str) -> None:
    model, known_found = known(text)
    found = study_model(rotated(model), without_parts(known_found))
    assert {space.name for space in found.spaces} == {"unnamed"}
    program = known_found.program
    assert program is not None
    valued = {p for p in range(len(program)) if program.encodings[p] is not None}
    assert {readout.ref for readout in found.readouts} == valued
    assert all(readout.right > 0.99 for readout in found.readouts)


def test_parts_are_said_in_words_one_or_several() -> None:
    model, found = known(SORT)
    study = study_model(model, found)
    assert found.program is not None
    said = {name: study.where(position) for position, name in enumerate(found.program.names)}
    assert any("head " in where and "heads" not in where for where in said.values())
    assert any("neurons 0.0–" in where for where in said.values())
    e = next(e for e in found.evidence if e.neurons)
    one = LineEvidence(e.line, e.half_layer, e.heads, e.neurons[:1], e.dimensions)
    fewer = study_model(model, decompilation(found.program, found.signature, [one]))
    where = fewer.where(found.program.names.index(e.line))
    assert "neuron " in where
    assert "neurons" not in where


def test_what_a_half_layer_does_not_write_is_not_read_out() -> None:
    model, found = known(MIXED)
    evidence = [
        LineEvidence(e.line, 0 if e.line == "said" else e.half_layer, (), (), ()) for e in found.evidence
    ]
    shown = study_model(rotated(model), decompilation(found.program, found.signature, evidence))
    assert found.program is not None
    assert found.program.names.index("said") not in {readout.ref for readout in shown.readouts}


def test_lines_without_evidence_go_where_the_compiler_would_put_them() -> None:
    model, found = known(MIXED)
    guessed = places(decompilation(found.program, found.signature), model.config)
    measured = places(found, model.config)
    assert [place.rank for place in guessed] == [place.rank for place in measured]
    assert not any(place.measured for place in guessed)
    assert all(place.measured for place in measured)


def test_evidence_about_parts_that_do_not_exist_is_left_out() -> None:
    model, found = known(SORT)
    evidence = [LineEvidence("smaller", 99, ("7.0", "all of layer 2"), ("0.9999",), (-1, 10_000))]
    (place, *_) = places(decompilation(found.program, found.signature, evidence), model.config)
    assert (place.heads, place.neurons, place.dims, place.measured) == ((), (), (), False)


def test_padding_is_no_part_of_a_model() -> None:
    model, _ = known(MIXED)
    halves = half_layers(model)
    assert [half.active for half in halves] == [True, True, False, True, True, True]
    assert [len(half.heads) for half in halves] == [1, 0, 0, 0, 1, 0]
    assert len(halves[3].neurons) < model.config.d_mlp


def test_what_no_line_explains_is_named() -> None:
    model = random_weights(known(MIXED)[0])
    found = study_model(model, decompilation(None, model.signature))
    assert [found.unclaimed_heads(half) for half in found.halves[::2]] == [[0]] * 3
    assert all(found.unclaimed_neurons(half) for half in found.halves[1::2])
    whole = study_model(*known(MIXED))
    assert not any(whole.unclaimed_heads(half) or whole.unclaimed_neurons(half) for half in whole.halves)
