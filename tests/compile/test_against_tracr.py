"""Our weights are Tracr's for every program of the language; what Tracr refuses we refuse, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.comparison import assembled_differences, craft_differences, forward_differences
from benchmarks.random_programs import POLICIES, random_program
from benchmarks.tracr_oracle import TracrRefusesError, assemble_craft, check_assembly, craft, is_ordered
from inverse_tracr.compile import CompileError, compile_weights
from inverse_tracr.rasp import ProgramError, Signature
from tests.compile.programs import lines

ROOT = Path(__file__).parents[2]


PROGRAMS = 2_000
CHUNKS = 4
END_TO_END = 20


def differential(*options: str) -> dict[str, Any]:
    """What `python -m benchmarks.differential` counts: types are not checked there, which is faster."""
    command = [sys.executable, "-m", "benchmarks.differential", *options]
    return json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs_have_the_weights_of_tracr(chunk: int) -> None:
    size = PROGRAMS // CHUNKS
    tally = differential("--count", f"{size}", "--first", f"{chunk * size}")
    assert tally["mismatches"] == []
    assert tally["equal"] > 0.7 * size
    assert tally["refused_by_both"] > 0
    assert tally["equal"] + tally["refused_by_both"] + tally["without_order"] == size
    assert len(tally["policies"]) == len(POLICIES)


def test_random_programs_compute_what_tracrs_own_models_compute() -> None:
    tally = differential("--count", "24", "--seed", "1", "--end-to-end", "24", "--small")
    assert tally["mismatches"] == []
    assert tally["end_to_end"] >= END_TO_END


CASES = {
    "one value": "v1 = map(tokens, 1); v2 = select(v1, v1, ==); v3 = selector_width(v2); return v3",
    "a value set that is empty inside": (
        "v1 = map(tokens, {}); v2 = sequence_map(v1, tokens, y); v3 = select(v2, tokens, ==); "
        "v4 = selector_width(v3); return v4"
    ),
    "two empty value sets and an empty head": (
        "v1 = map(tokens, {}); v2 = map(indices, {}); v3 = sequence_map(v1, v2, y); "
        "v4 = select(v3, tokens, ==); v5 = aggregate(v4, v3); v6 = select(v5, indices, ==); "
        "v7 = selector_width(v6); return v7"
    ),
    "numbers of an empty value set": (
        "v1 = map(tokens, {}); v2 = sequence_map(v1, indices, y); v3 = map(v2, x, numerical); "
        "v4 = select(tokens, tokens, ==); v5 = aggregate(v4, v3); return v5"
    ),
    # Tracr then makes layers of no neurons, which our sizes do not allow: we make one that is zero.
    "no neurons at all": (
        "v1 = map(tokens, {}); v2 = select(v1, tokens, ==); v3 = aggregate(v2, indices); return v3"
    ),
    "a sequence map of one operand": "v1 = sequence_map(tokens, tokens, (x, y)); return v1",
    "a linear map of one operand": (
        "v1 = map(tokens, {0: 1, 1: 0, _: 1}, numerical); v2 = linear_sequence_map(v1, v1, 2.0, -0.5); "
        "v3 = map(v2, x > 0); return v3"
    ),
    "maps fused over a number": (
        'v1 = map(tokens, {0: 1, 1: 0, _: 0.5}, numerical); v2 = map(v1, {1: "a", 0: "b"}); '
        'v3 = map(v2, x == "a"); return v3'
    ),
    "maps fused over what would be no number": (
        'v1 = map(tokens, {0: "a", 1: "b", _: "c"}, numerical); v2 = map(v1, x == "a"); return v2'
    ),
    "two widths in one layer, read twice": (
        "v1 = select(tokens, tokens, ==); v2 = selector_width(v1); v3 = selector_width(v1, numerical); "
        "v4 = map(v3, x > 1); v5 = select(v2, v4, >); v6 = selector_width(v5); return v6"
    ),
    "a dead line that Tracr could not compile": (
        "v1 = map(indices, x + 2, numerical); v2 = select(tokens, tokens, ==); v3 = aggregate(v2, v1); "
        "v4 = map(tokens, x == 0); return v4"
    ),
    "no first half-layer": (
        "v1 = map(tokens, x == 0); v2 = select(v1, v1, ==); v3 = aggregate(v2, v1); return v3"
    ),
    "unused halves in the middle": (
        "v1 = select(tokens, tokens, ==); v2 = aggregate(v1, tokens); v3 = select(v2, v2, ==); "
        "v4 = aggregate(v3, v2); v5 = sequence_map(v4, v2, x == y); v6 = sequence_map(v5, v4, (x, y)); "
        "return v6"
    ),
    "values that are equal across types": (
        "v1 = map(tokens, {0: True, 1: 1.0, _: 0}); v2 = map(tokens, {0: False, 1: 1, _: 2}); "
        "v3 = sequence_map(v1, v2, x == y); v4 = select(v3, v1, ==); v5 = aggregate(v4, v2); return v5"
    ),
    "mixed types": (
        'v1 = map(tokens, {0: "a", 1: (1, "b"), _: 0.5}); v2 = select(v1, tokens, !=); '
        "v3 = aggregate(v2, v1); v4 = sequence_map(v3, indices, (x, y)); return v4"
    ),
}

TOKENS: tuple[int | str, ...] = (0, 1, 10, "a")


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_an_edge_case_has_the_weights_of_tracr(text: str) -> None:
    program, signature = lines(text), Signature(TOKENS, 3)
    compiled, made = compile_weights(program, signature), craft(program, signature)
    check_assembly(made)
    assert list(craft_differences(compiled, made)) == []


@pytest.mark.parametrize("name", ["values that are equal across types", "mixed types"])
def test_an_edge_case_computes_what_tracrs_own_model_computes(name: str) -> None:
    program, signature = lines(CASES[name]), Signature(TOKENS, 3, causal=True)
    compiled, made = compile_weights(program, signature), craft(program, signature)
    assembled = assemble_craft(made, signature)
    assert list(assembled_differences(compiled, made, assembled)) == []
    assert list(forward_differences(compiled, assembled, random=np.random.default_rng(0))) == []


REFUSED = {
    "only programs that use `tokens`": (
        "v1 = select(indices, indices, ==); v2 = selector_width(v1); return v2"
    ),
    "no input gives the output a value": ("v1 = map(tokens, {}); return v1"),
    "only where every value has a number": ("v1 = map(tokens, {0: 1, 1: None, _: 2}, numerical); return v1"),
    "no number gives this map a value": (
        "v1 = map(indices, {0: 0, _: 1}, numerical); v2 = select(tokens, tokens, ==); "
        "v3 = aggregate(v2, v1); v4 = map(v3, {0.3: 1}); return v4"
    ),
    "the mean of 0s and 1s only": (
        "v1 = map(tokens, {0: 2, _: 1}, numerical); v2 = select(tokens, tokens, ==); "
        "v3 = aggregate(v2, v1); return v3"
    ),
    "values take 12 dimensions where keys and queries take 3": (
        "v1 = map(tokens, True); v2 = sequence_map(tokens, indices, (x, y)); v3 = select(v1, v1, ==); "
        "v4 = aggregate(v3, v2); return v4"
    ),
}


@pytest.mark.parametrize(("reason", "text"), REFUSED.items(), ids=REFUSED)
def test_what_tracr_refuses_is_refused(reason: str, text: str) -> None:
    program, signature = lines(text), Signature(TOKENS, 3)
    with pytest.raises((CompileError, ProgramError), match=reason):
        compile_weights(program, signature)
    with pytest.raises(TracrRefusesError):
        check_assembly(craft(program, signature))


def test_a_set_of_values_may_have_no_order_in_tracr() -> None:
    assert not is_ordered((2, 10, "10x"))
    assert not is_ordered((1, "1", "a"))
    assert not is_ordered((False, 5, "A"))
    assert is_ordered((2, 10, "a", 0.5))


def test_programs_are_reproducible() -> None:
    assert random_program(3, 17) == random_program(3, 17)
    assert random_program(3, 17) != random_program(4, 17)


def test_a_wrong_weight_is_found() -> None:
    program, signature = lines(CASES["unused halves in the middle"]), Signature(TOKENS, 3)
    for name in ("W_Q", "W_K", "W_V", "W_O", "W_in", "W_out"):
        compiled = compile_weights(program, signature)
        array: np.ndarray = getattr(compiled.weights, name)
        place = tuple(np.argwhere(array)[0])
        array[place] += np.float32(0.01)
        assert list(craft_differences(compiled, craft(program, signature))) != [], name
