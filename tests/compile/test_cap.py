"""The size of a model is known, and refused, before anything is allocated."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields

import pytest

from benchmarks.random_programs import random_program
from inverse_tracr.compile import Mode, compile_program, compile_weights, plan
from inverse_tracr.errors import CapExceededError, InverseTracrError
from inverse_tracr.rasp import INDICES, TOKENS, BinaryOp, NamedBinary, Program, SequenceMap, Signature

SIGNATURE = Signature(tuple("abcdefghij"), 10)


@pytest.mark.parametrize("mode", Mode)
def test_the_size_is_known_beforehand(mode: Mode) -> None:
    compiled_programs = 0
    for index in range(60):
        program, signature = random_program(8, index)
        try:
            compiled = compile_weights(program, signature, mode=mode)
        except InverseTracrError:
            continue
        actual = sum(getattr(compiled.weights, field.name).size for field in fields(compiled.weights))
        assert compiled.plan.config.parameter_count == actual
        compiled_programs += 1
    assert compiled_programs > 40


def test_the_size_is_that_of_the_module() -> None:
    program, signature = random_program(8, 1)
    model = compile_program(program, signature)
    assert model.config.parameter_count == sum(p.numel() for p in model.parameters())


def chain(length: int) -> Program:
    """Pairs of pairs of pairs: value sets of 100, 10,000, 1,000,000, ..."""
    pair = NamedBinary(BinaryOp.PAIR)
    first = (SequenceMap(TOKENS, INDICES, pair), SequenceMap(INDICES, TOKENS, pair))
    others = (SequenceMap(position - 2, position - 1, pair) for position in range(2, length))
    return Program((*first, *others), length - 1)


def test_an_explosion_is_refused_before_memory_is_used() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(
            CapExceededError, match="more than 20200000000 parameters; expected at most 10000000"
        ):
            plan(chain(40), SIGNATURE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_a_cap_is_exact() -> None:
    program, signature = random_program(8, 1)
    size = plan(program, signature).config.parameter_count
    assert compile_weights(program, signature, cap=size).plan.config.parameter_count == size
    with pytest.raises(CapExceededError, match=f"would have {size} parameters; expected at most {size - 1}"):
        compile_weights(program, signature, cap=size - 1)
