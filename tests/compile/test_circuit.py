"""Ground truth: every part of a model belongs to one line, and taking it away takes that line's values."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.random_programs import random_program
from inverse_tracr.compile import Compiled, Mode, compile_weights
from inverse_tracr.compile.circuit import Circuit, Status, circuit
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.rasp import Signature
from tests.compile.programs import lines

SIGNATURE = Signature(("a", "b"), 3)
TEXT = (
    "same = select(tokens, tokens, ==); width = selector_width(same); often = map(width, x > 1); "
    "number = map(often, {False: 0, True: 1}, numerical); dead = map(number, x + 1); "
    "before = select(indices, indices, <=); share = aggregate(before, number); most = map(share, x > 0.5); "
    'pair = sequence_map(most, tokens, (x, y)); other = map(width, {1: "one", _: "more"}); '
    "result = sequence_map(pair, other, (x, y)); return result"
)


def compiled_program(mode: Mode = Mode.FIXED) -> Compiled:
    return compile_weights(lines(TEXT), SIGNATURE, mode=mode)


def test_lines_are_told_apart() -> None:
    found = circuit(compiled_program().plan)
    status = {line.name: line.status for line in found.lines}
    assert status["same"] is Status.SELECTS
    assert status["often"] is Status.FUSED
    assert status["dead"] is Status.DEAD
    assert [line.name for line in found.lines if line.status is Status.COMPUTED] == [
        *("width", "number", "share", "most", "pair", "other", "result")
    ]
    (often,) = (line for line in found.lines if line.name == "often")
    assert often.fused_into == ("number",)
    assert often.operands == ("width",)


def test_half_layers_alternate() -> None:
    (width,) = (line for line in circuit(compiled_program().plan).lines if line.name == "width")
    assert width.mlp is not None
    assert (width.heads[0].half_layer, width.mlp.half_layer) == (0, 1)
    assert width.subspace is not None
    assert width.subspace.values == (0, 1, 2, 3)


def test_the_json_form_is_json() -> None:
    written = circuit(compiled_program().plan).to_json()
    assert written["schema_version"] == 1
    again = json.loads(json.dumps(written))
    assert again == written
    (pair,) = (line for line in again["lines"] if line["name"] == "pair")
    assert pair["subspace"]["values"][0] == {"tuple": [False, "a"]}


@pytest.mark.parametrize("index", range(40))
def test_everything_belongs_to_one_line(index: int) -> None:
    program, signature = random_program(5, index)
    try:
        compiled = compile_weights(program, signature)
    except InverseTracrError:
        pytest.skip("not compilable")
    found = circuit(compiled.plan)
    dims, heads, neurons = _claimed(found)
    assert sorted(dims) == list(range(compiled.plan.config.d_model))
    assert len(set(heads)) == len(heads)
    assert len(set(neurons)) == len(neurons)
    assert set(heads) == _used(compiled.weights.W_O) - _empty_heads(compiled)
    assert set(neurons) >= _used(compiled.weights.W_out)


def _claimed(found: Circuit) -> tuple[list[int], list[tuple[int, int]], list[tuple[int, int]]]:
    dims = [found.bos, found.pad, *found.tokens.dims, *found.indices.dims]
    dims += [] if found.one is None else [found.one]
    heads: list[tuple[int, int]] = []
    neurons: list[tuple[int, int]] = []
    cleaners: set[tuple[int, int]] = set()
    for line in found.lines:
        if line.status is not Status.COMPUTED:
            continue
        assert line.subspace is not None
        dims += [*line.subspace.dims, *([] if line.scratch is None else [line.scratch])]
        heads += [(head.layer, head.head) for head in line.heads if line.subspace.dims]
        if line.mlp is not None:
            neurons += [(line.mlp.layer, neuron) for neuron in line.mlp.neurons]
            cleaners |= set() if line.mlp.cleans_bos is None else {(line.mlp.layer, line.mlp.cleans_bos)}
    return dims, heads, [*neurons, *cleaners]


def _used(written: np.ndarray) -> set[tuple[int, int]]:
    """(layer, head) or (layer, neuron) that write anything."""
    axes = tuple(range(2, written.ndim))
    return {(int(layer), int(part)) for layer, part in np.argwhere(written.any(axis=axes))}


def _empty_heads(compiled: Compiled) -> set[tuple[int, int]]:
    return {place for position, place in compiled.plan.heads.items() if not compiled.plan.values[position]}


@pytest.mark.parametrize("name", ["width", "number", "share", "most", "pair", "other", "result"])
def test_without_its_parts_a_line_is_gone_and_the_lines_beside_it_stay(name: str) -> None:
    compiled = compiled_program()
    found = circuit(compiled.plan)
    (line,) = (line for line in found.lines if line.name == name)
    arrays = {field: getattr(compiled.weights, field).copy() for field in vars(compiled.weights)}
    for head in line.heads:
        arrays["W_O"][head.layer, head.head] = 0
    if line.mlp is not None:
        arrays["W_out"][line.mlp.layer, list(line.mlp.neurons)] = 0
    before, after = _residual(compiled, compiled.weights), _residual(compiled, Weights(**arrays))
    untouched = [
        other for other in found.lines if other.subspace is not None and not _depends(found, other.name, name)
    ]
    assert untouched or name == "width"  # on which all others depend
    assert line.subspace is not None
    assert not after[..., list(line.subspace.dims)][:, 1:].any()
    for other in untouched:
        assert other.subspace is not None
        dims = list(other.subspace.dims)
        np.testing.assert_allclose(after[..., dims], before[..., dims], atol=1e-5)


def _residual(compiled: Compiled, weights: Weights) -> np.ndarray:
    """The last residual stream on all inputs of three tokens."""
    model = TransformerProgram(compiled.plan.config, weights, compiled.input_encoder, compiled.output_encoder)
    last = compiled.plan.config.n_layers - 1
    import torch

    inputs = torch.tensor([model.input_encoder.encode([a, b, c]) for a in "ab" for b in "ab" for c in "ab"])
    return model.run_with_cache(inputs)[1][f"blocks.{last}.hook_resid_post"].detach().numpy()


def _depends(found: Circuit, name: str, on: str) -> bool:
    if name == on:
        return True
    (line,) = (line for line in found.lines if line.name == name)
    inputs = ("tokens", "indices")
    return any(_depends(found, operand, on) for operand in line.operands if operand not in inputs)
