"""A program that computes the right thing in another way becomes the one that the model's MLPs compute."""

from __future__ import annotations

import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile, register_proposer
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Proposal
from inverse_tracr.rasp import parse_source
from inverse_tracr.rasp.canonical import canonical, same_program

TRUE = """\
# signature: vocab=[a, b, c, d] max_seq_len=4
is_c = map(tokens, x == "c")
late = map(indices, x > 1)
either = sequence_map(is_c, late, x != y)
same = select(either, either, ==)
count = selector_width(same)
return count
"""

NO_LINE = """\
# signature: vocab=[a, b, c, d] max_seq_len=4
late = map(indices, x > 1)
either = sequence_map(tokens, late, {("c", 0): 1, ("c", 1): 0, ("a", 1): 1, ("b", 1): 1, ("d", 1): 1, _: 0})
same = select(either, either, ==)
count = selector_width(same)
return count
"""

KEPT_APART = """\
# signature: vocab=[a, b, c, d] max_seq_len=4
kind = map(tokens, {"a": 0, "b": 1, "c": 2, "d": 2})
same = select(kind, indices, table {(0, 0), (0, 1), (0, 3)})
count = selector_width(same)
return count
"""

ONE_VALUE = """\
# signature: vocab=[a, b, c, d] max_seq_len=4
kind = map(tokens, x == "a")
same = select(kind, indices, table {(1, 0), (1, 1), (1, 3)})
count = selector_width(same)
return count
"""


@pytest.mark.parametrize(
    ("true", "found"), [(TRUE, NO_LINE), (KEPT_APART, ONE_VALUE)], ids=["a line", "values"]
)
def test_what_the_model_tells_apart_is_told_apart(true: str, found: str) -> None:
    source, coarse = parse_source(true), parse_source(found).program
    assert source.signature is not None
    model = compile_program(source.program, source.signature, mode=Mode.FIXED)
    evidence = tuple(LineEvidence(name, 1, (), (), ()) for name in coarse.names)
    register_proposer("coarse", lambda _model, _judge: iter([Proposal(coarse, evidence, guess=True)]))

    alone = decompile(model, method="coarse")
    assert alone.verification.verified
    assert alone.program == coarse

    refined = decompile(model, method="coarse+repair")
    assert refined.verification.verdict is alone.verification.verdict
    assert refined.method == "coarse, refined"
    assert refined.program is not None
    assert refined.edits
    assert canonical(refined.program, source.signature) == canonical(source.program, source.signature)
    assert {entry.line for entry in refined.evidence} == set(refined.program.names)


def test_a_program_that_tells_everything_apart_stays() -> None:
    source = parse_source(TRUE)
    assert source.signature is not None
    register_proposer("right", lambda _model, _judge: iter([Proposal(source.program, guess=True)]))
    found = decompile(
        compile_program(source.program, source.signature, mode=Mode.FIXED), method="right+repair"
    )
    assert (found.method, found.edits) == ("right", ())
    assert found.program is not None
    assert same_program(found.program, source.program, source.signature)
