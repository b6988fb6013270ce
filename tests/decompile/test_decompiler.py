"""When the hunt for a program ends, and which of two programs that do what the model does is taken."""

from __future__ import annotations

from collections.abc import Iterator

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Judge, Proposal, Proposer
from inverse_tracr.decompile.decompiler import Hunt
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, parse
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.signature import Signature

LETTERS = Signature(("a", "b", "c", "d"), 4, causal=False)
MECHANISM = parse(
    """
v1 = map(tokens, x > "b")
v2 = map(indices, x > 1)
v3 = sequence_map(v1, v2, x and y)
return v3
"""
)
LOOK_UP = parse(
    """
v1 = map(indices, x > 1)
v2 = sequence_map(tokens, v1, {("c", True): True, ("d", True): True, _: False})
return v2
"""
)
"""The same function, without the map of the tokens that the first MLP writes."""


def _proposing(program: Program) -> Proposer:
    def proposer(_model: TransformerProgram, _judge: Judge) -> Iterator[Proposal]:
        yield Proposal(program, guess=True)

    return proposer


def _hunt() -> Hunt:
    return Hunt(compile_program(MECHANISM, LETTERS, mode=Mode.FIXED), repairs=False)


def test_a_program_that_explains_what_mlps_write_ends_the_hunt() -> None:
    hunt = _hunt()
    hunt.ask("linear", _proposing(MECHANISM))

    assert hunt.over


def test_one_more_is_asked_where_mlps_write_more_than_a_program_says() -> None:
    hunt = _hunt()
    hunt.ask("linear", _proposing(LOOK_UP))
    assert not hunt.over

    hunt.ask("meta", _proposing(MECHANISM))

    assert hunt.over
    found = hunt.result("auto", 0.0)
    assert found.program is not None
    assert found.method == "meta"
    assert canonical(found.program, LETTERS) == canonical(MECHANISM, LETTERS)


def test_no_third_one_is_asked() -> None:
    hunt = _hunt()
    hunt.ask("linear", _proposing(LOOK_UP))
    hunt.ask("meta", _proposing(LOOK_UP))

    assert hunt.over
    assert hunt.result("auto", 0.0).method == "linear"
