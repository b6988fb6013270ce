"""Laws of the canonical form: idempotent, blind to what weights do not hold, and it means the same."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.inputs import comparison_inputs
from inverse_tracr.rasp.interpreter import Categorical, Indices, Numerical, Trace
from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import Aggregate, Encoding, Map, Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from tests.rasp import rewrites
from tests.strategies import signed_programs

ABC = Signature(("a", "b", "c"), 4)

REWRITES: dict[str, Callable[[Program, Signature, Random], Program]] = {
    "renamed": lambda p, _s, r: rewrites.renamed(p, r),
    "reordered": lambda p, _s, r: rewrites.reordered(p, r),
    "dead lines": lambda p, _s, r: rewrites.with_dead_lines(p, r),
    "copies": lambda p, _s, r: rewrites.with_copies(p, r),
    "swapped": lambda p, s, _r: rewrites.swapped(p, s),
    "relabelled": rewrites.relabelled,
    "copies relabelled": lambda p, s, r: rewrites.relabelled(rewrites.with_copies(p, r), s, r),
    "everything": lambda p, s, r: rewrites.reordered(
        rewrites.swapped(rewrites.relabelled(rewrites.with_copies(p, r), s, r), s), r
    ),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=2, most=8))
def test_idempotent(signed: tuple[Program, Signature]) -> None:
    program, signature = signed
    form = canonical(program, signature)
    assert canonical(form, signature) == form
    assert parse(str(form)) == form


@pytest.mark.parametrize("name", REWRITES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=3, most=8), st.integers(0, 2**32))
def test_blind_to_how_a_program_is_written(name: str, signed: tuple[Program, Signature], seed: int) -> None:
    program, signature = signed
    other = REWRITES[name](program, signature, Random(seed))  # noqa: S311
    assert canonical(other, signature) == canonical(program, signature)


def averages(program: Program, trace: Trace) -> bool:
    """Whether a categorical aggregate selects several different values: their mean depends on labels."""
    for line in program.lines:
        if not isinstance(line, Aggregate):
            continue
        values = trace.column(line.values)
        if isinstance(values, Categorical):
            index = np.where(trace.selection(line.selector).chosen, values.index[:, None, :], -1)
            low = np.where(index < 0, len(values.values), index).min(axis=2)
            if (low < index.max(axis=2)).any():
                return True
    return False


def leaves_value_sets(program: Program, trace: Trace, sets: ValueSets) -> bool:
    """Whether a map reads a number that Tracr does not infer: there its function is rounded."""
    for line in program.lines:
        if isinstance(line, Map) and program.encoding(line.operand) is Encoding.NUMERICAL:
            numbers = trace.column(line.operand)
            assert isinstance(numbers, Numerical)
            if not np.isin(numbers.numbers[~np.isnan(numbers.numbers)], sets[line.operand]).all():
                return True
    return False


def outputs(program: Program, signature: Signature, batch: Indices) -> list[list[object]]:
    column = Trace(program, signature, batch).output
    if isinstance(column, Numerical):
        return [[None if np.isnan(x) else round(x, 9) for x in row] for row in column.numbers.tolist()]
    return [list(row) for row in column.decode()]


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(signed_programs(least=2, most=8))
def test_the_canonical_form_means_the_same(signed: tuple[Program, Signature]) -> None:
    program, signature = signed
    form, sets = canonical(program, signature), ValueSets(program, signature)
    for batch in comparison_inputs(signature, limit=0, samples=20):
        trace = Trace(program, signature, batch)
        if averages(program, trace) or leaves_value_sets(program, trace, sets):
            return
        assert outputs(form, signature, batch) == outputs(program, signature, batch)


def test_different_programs_keep_different_forms() -> None:
    texts = [
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2",
        "v1 = select(tokens, tokens, !=)\nv2 = selector_width(v1)\nreturn v2",
        "v1 = select(tokens, indices, True)\nv2 = selector_width(v1)\nreturn v2",
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1, numerical)\nreturn v2",
        "v1 = map(indices, x < 2)\nreturn v1",
        'v1 = map(indices, {0: "yes", 1: "yes", 2: "no", 3: "no"})\nreturn v1',
    ]
    assert len({canonical(parse(text), ABC) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        # x < 3, x <= 2 and x != 3 are one function of 0 to 3.
        ("v1 = map(indices, x <= 2)\nreturn v1", "v1 = map(indices, x != 3)\nreturn v1\n"),
        # A map of a map is one map.
        (
            "v1 = map(indices, x + 1)\nv2 = map(v1, x * 2)\nv3 = map(v2, x - 2)\nreturn v3",
            "v1 = map(indices, x * 2)\nreturn v1\n",
        ),
        # Inner values are numbered.
        (
            'v1 = map(tokens, {"a": "u", "b": "v", "c": "u"})\nv2 = sequence_map(v1, indices, (x, y))\n'
            'v3 = map(v2, {_: "w"})\nv4 = sequence_map(v3, v1, {("w", "u"): 1, ("w", "v"): 0})\nreturn v4',
            None,
        ),
    ],
)
def test_forms_by_hand(text: str, form: str | None) -> None:
    found = str(canonical(parse(text), ABC))
    if form is not None:
        assert found == form
    else:
        assert '"u"' not in found
        assert '"w"' not in found
        assert len(found.splitlines()) == 5
