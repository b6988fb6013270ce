"""Scores of right programs, of other mechanisms, of look-ups and of wrong programs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict, Verification
from inverse_tracr.decompile.verify import Verifier
from inverse_tracr.evaluate.description import description_length
from inverse_tracr.evaluate.exact import Match, exact_match, without_encodings
from inverse_tracr.evaluate.mechanism import MechanismJudge
from inverse_tracr.evaluate.numbers import NumberVerifier, meant_numbers, nearest
from inverse_tracr.evaluate.score import Score, score
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, parse
from inverse_tracr.zoo import Kind

SIGNATURE = Signature(("a", "b"), 3)
SAME = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\n"
TRUE = parse(SAME + "v3 = map(v2, x > 1)\nreturn v3\n")


def scored(found: str, true: Program = TRUE, kind: Kind = Kind.STANDARD) -> Score:
    model = compile_program(true, SIGNATURE, mode=Mode.FIXED)
    return score(model, true, parse(found), kind)


def test_the_true_program_in_other_words_is_all_right() -> None:
    found = scored("w = select(tokens, tokens, ==)\nn = selector_width(w)\nm = map(n, x >= 2)\nreturn m\n")
    assert (found.functional, found.faithful, found.exact) == (True, True, Match.CANONICAL)
    assert (found.by_position, found.by_matching, found.teacher_agreement) == (1.0, 1.0, 1.0)
    assert (found.description, found.true_description) == (3, 3)


def test_another_mechanism_is_not_faithful() -> None:
    # The width of the other tokens, and the length: the heads write something else.
    found = scored(
        "v1 = select(tokens, tokens, !=)\nv2 = selector_width(v1)\n"
        "v3 = select(tokens, tokens, True)\nv4 = selector_width(v3)\n"
        "v5 = sequence_map(v4, v2, x - y)\nv6 = map(v5, x > 1)\nreturn v6\n"
    )
    assert found.functional
    assert not found.mechanism
    assert 0 in found.half_layers_wrong
    assert not found.faithful
    assert found.mechanism_ceiling
    assert found.exact is Match.NONE


def test_a_wrong_program_scores_its_tokens_only() -> None:
    found = scored(SAME + "v3 = map(v2, x > 2)\nreturn v3\n")
    assert (found.verdict, found.functional, found.exact) == (Verdict.REFUTED, False, Match.NONE)
    assert 0 < found.agreement < 1
    assert 0.8 < found.by_position <= found.by_matching <= 1.0


def test_no_program_scores_nothing_but_the_ceiling() -> None:
    model = compile_program(TRUE, SIGNATURE, mode=Mode.FIXED)
    found = score(model, TRUE, None, Kind.STANDARD)
    assert (found.functional, found.by_position, found.agreement) == (False, 0.0, 0.0)
    assert found.ceiling is Verdict.EQUIVALENT


def test_a_program_of_other_tokens_scores_nothing() -> None:
    found = scored('v1 = map(tokens, {"a": "b", "b": "a"}, numerical)\nreturn v1\n')
    assert (found.functional, found.by_position) == (False, 0.0)


def test_tables_count_by_the_entries_that_are_off_their_mode() -> None:
    table = parse('v1 = map(tokens, {"a": 1, "b": 1, "c": 2, "d": 0, "e": 1})\nreturn v1\n')
    assert description_length(table, Signature(tuple("abcde"), 3)) == 1 + 2
    selects = parse(
        'v1 = select(tokens, tokens, table {("a", "b"), ("b", "c")})\nv2 = selector_width(v1)\nreturn v2\n'
    )
    assert description_length(selects, Signature(tuple("abc"), 3)) == 2 + 2


def test_a_look_up_is_not_brief() -> None:
    found = scored(SAME + "v3 = map(v2, x > 1)\nreturn v3\n")
    assert found.brief
    longer = replace(found, description=5)
    assert not longer.brief
    assert not longer.faithful
    assert longer.functional


def test_encodings_count_but_for_natural_models() -> None:
    numerical = parse(
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1, numerical)\n"
        "v3 = map(v2, x > 1)\n"
        "return v3\n"
    )
    assert exact_match(numerical, TRUE, SIGNATURE, Kind.COMPRESSED) is Match.NONE
    assert exact_match(numerical, TRUE, SIGNATURE, Kind.NATURAL) is Match.ENCODINGS


def test_a_mean_keeps_its_encoding() -> None:
    mean = parse(
        'v1 = select(tokens, tokens, True)\nv2 = map(tokens, x == "a", numerical)\n'
        "v3 = aggregate(v1, v2, numerical)\nreturn v3\n"
    )
    assert without_encodings(mean, SIGNATURE) == mean


def test_a_verdict_is_overturned_by_the_second_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    believed = Verification(Verdict.EQUIVALENT, 14, 1.0)
    monkeypatch.setattr(Verifier, "verify", lambda self, program: believed)
    found = scored(SAME + "v3 = map(v2, x > 2)\nreturn v3\n")
    assert found.overturned
    assert not found.functional


MEAN = parse(
    'v1 = select(tokens, tokens, True)\nv2 = map(tokens, x == "a", numerical)\n'
    "v3 = aggregate(v1, v2, numerical)\nreturn v3\n"
)


def shifted(model: TransformerProgram, by: float) -> TransformerProgram:
    """The model with its output moved: what training leaves inexact."""
    weights = model.weights()
    moved = type(weights)(**{**vars(weights), "b_U": weights.b_U + np.float32(by)})
    return TransformerProgram(model.config, moved, model.input_encoder, model.output_encoder)


def test_numbers_of_students_count_as_the_nearest_that_can_be_meant() -> None:
    student = shifted(compile_program(MEAN, SIGNATURE, mode=Mode.FIXED), 0.03)
    assert score(student, MEAN, MEAN, Kind.NATURAL).verdict is Verdict.EQUIVALENT
    assert score(student, MEAN, MEAN, Kind.STANDARD).verdict is Verdict.REFUTED


def test_a_wrong_mean_is_refuted_all_the_same() -> None:
    student = shifted(compile_program(MEAN, SIGNATURE, mode=Mode.FIXED), 0.03)
    other = parse(
        'v1 = select(tokens, tokens, True)\nv2 = map(tokens, x == "b", numerical)\n'
        "v3 = aggregate(v1, v2, numerical)\nreturn v3\n"
    )
    found = NumberVerifier(student, meant_numbers(MEAN, SIGNATURE)).verify(other)
    assert found.verdict is Verdict.REFUTED
    assert found.counterexample is not None
    assert found.counterexample.tokens == ("a",)


def test_the_numbers_that_can_be_meant() -> None:
    members = meant_numbers(MEAN, SIGNATURE)
    assert members.tolist() == pytest.approx([0, 1 / 3, 1 / 2, 2 / 3, 1])
    assert nearest(np.array([-1.0, 0.41, 0.43, 2.0]), members).tolist() == pytest.approx([0, 1 / 3, 1 / 2, 1])


def test_a_line_beyond_the_model_is_seen() -> None:
    model = compile_program(parse('v1 = map(tokens, x == "a")\nreturn v1\n'), SIGNATURE, mode=Mode.FIXED)
    true = parse('v1 = map(tokens, x == "a")\nreturn v1\n')
    deeper = MechanismJudge(model, true).judge(TRUE)
    assert not deeper.agrees
    assert MechanismJudge(model, true).judge(true).agrees
