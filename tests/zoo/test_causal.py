"""Circuits that are right pass the patching, circuits that are wrong do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program, plan
from inverse_tracr.compile.circuit import circuit
from inverse_tracr.rasp import Trace, parse_source
from inverse_tracr.zoo.causal import causal_effects
from inverse_tracr.zoo.interchange import InterchangedTrace

TEXT = """# signature: vocab=[a, b, c] max_seq_len=4
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1)
v3 = map(v2, x > 1)
v4 = select(indices, indices, table {(3, 0), (2, 1), (1, 2), (0, 3)})
v5 = aggregate(v4, v3)
v6 = sequence_map(v3, v5, {(False, False): 0, (False, True): 1, (True, False): 2, (True, True): 3})
return v6
"""


def test_a_true_circuit_passes() -> None:
    found = parse_source(TEXT)
    assert found.signature is not None
    layout = plan(found.program, found.signature, mode=Mode.FIXED)
    model = compile_program(found.program, found.signature, mode=Mode.FIXED)
    effects = causal_effects(model, layout, circuit(layout), seed=0)
    assert [effect.line for effect in effects] == ["v2", "v3", "v5", "v6"]
    assert all(effect.compared > 12 and effect.agreed == effect.compared for effect in effects)


@pytest.mark.parametrize("line", [1, 2, 4, 5])
def test_a_false_circuit_fails(line: int) -> None:
    found = parse_source(TEXT)
    assert found.signature is not None
    layout = plan(found.program, found.signature, mode=Mode.FIXED)
    model = compile_program(found.program, found.signature, mode=Mode.FIXED)
    truth = circuit(layout)
    subspace = truth.lines[line].subspace
    assert subspace is not None
    elsewhere = replace(subspace, dims=tuple(range(len(subspace.dims))))
    lines = list(truth.lines)
    lines[line] = replace(lines[line], subspace=elsewhere)
    effects = causal_effects(model, layout, replace(truth, lines=tuple(lines)), seed=0)
    assert any(effect.agreed < effect.compared for effect in effects)


def test_a_line_takes_values_of_other_inputs() -> None:
    found = parse_source(TEXT)
    assert found.signature is not None
    base, other = np.array([[0, 1, 2, 1]]), np.array([[0, 0, 0, 0]])
    given = {2: Trace(found.program, found.signature, other).column(2)}
    trace = InterchangedTrace(found.program, found.signature, base, given)
    assert trace.output.decode() == [[3, 3, 3, 3]]
    assert trace.inside.tolist() == [True]


def test_mixtures_lie_outside() -> None:
    lines = ("# signature: vocab=[a, b] max_seq_len=3", "v1 = select(tokens, indices, True)")
    found = parse_source("\n".join([*lines, "v2 = aggregate(v1, indices)", "return v2"]))
    assert found.signature is not None
    trace = InterchangedTrace(found.program, found.signature, np.array([[0, 1, 1]]), {})
    assert trace.inside.tolist() == [False]
