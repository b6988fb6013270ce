"""The verifier: its verdicts, the smallest counterexample, and what it checks of programs that make means."""

from __future__ import annotations

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict, verify
from inverse_tracr.rasp import Program, Signature, comparison_inputs, parse

SMALL = Signature(("a", "b"), 4)
COUNT = parse("s = select(tokens, tokens, ==)\nc = selector_width(s)\nreturn c\n")
CAPPED = parse("s = select(tokens, tokens, ==)\nc = selector_width(s)\nm = map(c, min(x, 2))\nreturn m\n")


def test_every_input_is_checked_where_there_are_few() -> None:
    found = verify(compile_program(COUNT, SMALL), COUNT)
    assert found.verdict is Verdict.EQUIVALENT
    assert found.inputs_checked == 2 + 4 + 8 + 16
    assert found.agreement == 1


def test_no_more_than_no_counterexample_where_there_are_many() -> None:
    signature = Signature(tuple("abcdefgh"), 7)
    found = verify(compile_program(COUNT, signature, mode=Mode.FIXED), COUNT)
    assert found.verdict is Verdict.NO_COUNTEREXAMPLE
    assert found.inputs_checked == len(comparison_inputs(signature))


def test_the_counterexample_is_the_shortest_and_first() -> None:
    found = verify(compile_program(COUNT, SMALL), CAPPED)
    assert found.verdict is Verdict.REFUTED
    assert found.counterexample is not None
    assert found.counterexample.tokens == ("a", "a", "a")
    assert found.counterexample.model == (3, 3, 3)
    assert found.counterexample.program == found.counterexample.recompiled == (2, 2, 2)
    wrong = sum(max(row.count(0), row.count(1)) > 2 for n in (3, 4) for row in _rows(n))
    assert found.agreement == 1 - wrong / 30


def _rows(length: int) -> list[list[int]]:
    return next(b.tolist() for b in comparison_inputs(SMALL) if b.shape[1] == length)


def test_the_recompiled_model_is_checked_too() -> None:
    """A mean of values, which the weights cannot make: right when interpreted, wrong when recompiled."""
    mean = parse(
        "s = select(indices, indices, True)\nm = aggregate(s, tokens)\nb = map(m, x > 0)\nreturn b\n"
    )
    truth = parse(
        "n = map(tokens, x, numerical)\ns = select(indices, indices, True)\n"
        "m = aggregate(s, n)\nb = map(m, x > 0)\nreturn b\n"
    )
    signature = Signature((0, 1), 3)
    found = verify(compile_program(truth, signature, mode=Mode.FIXED), mean)
    assert found.verdict is Verdict.REFUTED
    assert found.counterexample is not None
    assert found.counterexample.program == found.counterexample.model != found.counterexample.recompiled


def test_a_program_that_makes_means_is_never_equivalent_by_a_part_of_the_inputs() -> None:
    signature = Signature((0, 1, 2), 6)
    program = _means()
    found = verify(compile_program(program, signature), program)
    assert found.verdict is not Verdict.EQUIVALENT
    assert found.inputs_checked < len(comparison_inputs(signature))


def _means() -> Program:
    """Its output never depends on the means that it makes."""
    return parse(
        "s = select(indices, indices, True)\nm = aggregate(s, tokens)\nz = sequence_map(tokens, m, x)\n"
        "t = select(tokens, tokens, ==)\nw = selector_width(t)\no = sequence_map(w, z, x)\nreturn o\n"
    )


def test_it_says_how_far_numbers_are_off() -> None:
    one, other = (parse(f"m = map(tokens, {{'a': {x}, 'b': 0}}, numerical)\nreturn m\n") for x in (1, 1.25))
    found = verify(compile_program(one, SMALL), other)
    assert found.verdict is Verdict.REFUTED
    assert found.note == "numbers differ by 0.25 at most"
