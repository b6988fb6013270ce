"""Refuted programs are edited until they are right."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.decompile.decompiler import UnknownMethodError, remembering_judge
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.repair import RepairConfig, repair
from inverse_tracr.decompile.repair.locate import Locator
from inverse_tracr.decompile.repair.trial import Row
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, parse_source
from tests.decompile.rotation import rotated

HEADER = "# signature: vocab=[a, b, c] max_seq_len=4\n"
TRUE = """
before = select(indices, indices, k == q - 1)
previous = aggregate(before, tokens)
same = sequence_map(previous, tokens, x == y)
where = select(same, same, ==)
count = selector_width(where)
many = map(count, x > 1)
return many
"""

WRONG = {
    "a predicate": TRUE.replace("k == q - 1", "k < q - 1"),
    "a constant": TRUE.replace("x > 1", "x > 2"),
    "a named function": TRUE.replace("x == y", "x < y"),
    "an operand": TRUE.replace("select(same, same, ==)", "select(tokens, tokens, ==)"),
    "a line too many": TRUE.replace("return", "twice = map(many, not x)\nreturn").replace(
        "return many", "return twice"
    ),
    "a line too few": TRUE.replace("many = map(count, x > 1)\n", "").replace("return many", "return count"),
    "a table entry": TRUE.replace("x > 1", "{0: False, 1: False, 2: False, 3: True, 4: True}"),
    "two places": TRUE.replace("x > 1", "x > 2").replace("k == q - 1", "k == q + 1"),
}


def program_of(text: str) -> tuple[Program, Signature]:
    source = parse_source(HEADER + text.lstrip())
    assert source.signature is not None
    return source.program, source.signature


def model_of(text: str) -> TransformerProgram:
    return rotated(compile_program(*program_of(text), mode=Mode.FIXED), seed=3)


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_place_is_found(name: str) -> None:
    model, wrong = model_of(TRUE), program_of(WRONG[name])[0]
    judge = remembering_judge(model)
    assert not judge(wrong).verified

    found = repair(model, wrong, judge)

    assert found.program is not None, f"{found.tried} tried"
    assert judge(found.program).verified
    assert 1 <= len(found.edits) <= 2
    assert len(found.places) == len(found.program.lines)
    assert found.tried <= RepairConfig().candidates


def test_what_is_edited_is_said() -> None:
    model = model_of(TRUE)
    found = repair(model, program_of(WRONG["a constant"])[0], remembering_judge(model))
    assert found.edits == ("many: map(count, x > 2) became map(count, x > 1)",)


def test_budgets_end_it() -> None:
    model, wrong = model_of(TRUE), program_of(WRONG["two places"])[0]
    found = repair(model, wrong, remembering_judge(model), RepairConfig(candidates=3))
    assert found.program is None
    assert 0 < found.tried <= 3


@pytest.mark.parametrize(("name", "half_layer"), [("a predicate", 0), ("a named function", 1)])
def test_the_first_half_layer_that_disagrees_is_found(name: str, half_layer: int) -> None:
    random = np.random.default_rng(0)
    rows: list[Row] = [tuple(row) for row in random.integers(0, 3, size=(40, 4)).tolist()]
    locator = Locator(model_of(TRUE), rows)
    assert locator.first_disagreement(program_of(TRUE)[0]) is None
    assert locator.first_disagreement(program_of(WRONG[name])[0]) == half_layer


def test_the_decompiler_repairs_what_a_proposer_has_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = program_of(WRONG["a constant"])[0]

    def propose(_model: TransformerProgram, _judge: Judge):
        heads = tuple(LineEvidence(name, 4, ("2.0",), (), ()) for name in wrong.names)
        yield Proposal(wrong, heads, guess=True)

    monkeypatch.setattr(sys.modules["inverse_tracr.decompile.proposers"], "_PROPOSERS", {"nearly": propose})
    alone = decompile(model_of(TRUE), method="nearly")
    assert not alone.verification.verified
    assert alone.tried == ("nearly: 1",)
    with pytest.raises(UnknownMethodError, match="joined by"):
        decompile(model_of(TRUE), method="repair")

    found = decompile(model_of(TRUE), method="nearly+repair")

    assert found.verification.verified
    assert found.method == "nearly, repaired"
    assert found.edits == ("many: map(count, x > 2) became map(count, x > 1)",)
    assert [entry.split(":")[0] for entry in found.tried] == ["nearly", "repair"]
    assert {line.heads for line in found.evidence} == {("2.0",)}
    assert "# edited: many" in str(found)


def test_guesses_are_repaired_last_and_by_how_right_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    near = program_of(WRONG["a constant"])[0]
    far = program_of('v1 = map(tokens, x == "a")\nreturn v1\n')[0]
    asked: list[str] = []

    def proposer(name: str, program: Program):
        def propose(_model: TransformerProgram, _judge: Judge):
            asked.append(name)
            yield Proposal(program, guess=True)

        return propose

    registered = {"far": proposer("far", far), "near": proposer("near", near)}
    monkeypatch.setattr(sys.modules["inverse_tracr.decompile.proposers"], "_PROPOSERS", registered)

    found = decompile(model_of(TRUE), method="far+near+repair")

    assert asked == ["far", "near"]
    assert found.method == "near, repaired"
    assert [entry.split(":")[0] for entry in found.tried] == ["far", "near", "repair"]
    assert int(found.tried[-1].split(": ")[1]) < 500


def test_where_outputs_were_looked_up_others_are_asked_and_the_shortest_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = program_of(TRUE)[0]
    longer = program_of(TRUE.replace("return many", "same_again = map(many, x)\nreturn same_again"))[0]
    asked: list[str] = []

    def proposer(name: str, program: Program, *, doubtful: bool):
        def propose(_model: TransformerProgram, _judge: Judge):
            asked.append(name)
            yield Proposal(program, guess=True, doubtful=doubtful)

        return propose

    registered = {
        "long": proposer("long", longer, doubtful=True),
        "short": proposer("short", true, doubtful=False),
        "later": proposer("later", true, doubtful=False),
    }
    monkeypatch.setattr(sys.modules["inverse_tracr.decompile.proposers"], "_PROPOSERS", registered)

    found = decompile(model_of(TRUE), method="long+short+later")

    assert asked == ["long", "short"]
    assert found.method == "short"
    assert decompile(model_of(TRUE), method="long").verification.verified


def test_what_does_the_same_compiled_again_is_the_answer_though_refuted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far = program_of('v1 = map(tokens, x == "a")\nreturn v1\n')[0]
    asked: list[str] = []

    def proposer(name: str, proposal: Proposal):
        def propose(_model: TransformerProgram, _judge: Judge):
            asked.append(name)
            yield proposal

        return propose

    registered = {
        "near": proposer("near", Proposal(program_of(WRONG["a constant"])[0], guess=True)),
        "stands": proposer("stands", Proposal(far, guess=True, conclusive=True)),
        "later": proposer("later", Proposal(program_of(TRUE)[0])),
    }
    monkeypatch.setattr(sys.modules["inverse_tracr.decompile.proposers"], "_PROPOSERS", registered)

    found = decompile(model_of(TRUE), method="near+stands+later+repair")

    assert asked == ["near", "stands"]
    assert (found.method, found.program) == ("stands", far)
    assert "not sound" in found.verification.note
    assert not found.verification.verified
