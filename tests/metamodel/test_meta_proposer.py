"""The proposer `meta` with the meta-model that comes with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inverse_tracr.cli.app import run
from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict, Verification, decompile, proposers
from inverse_tracr.decompile.verify import verify
from inverse_tracr.metamodel.beam import guesses
from inverse_tracr.metamodel.config import RUNS
from inverse_tracr.metamodel.proposer import (
    MOST_WRONG,
    SHIPPED,
    Beams,
    one_shot,
    shipped,
    with_output_values,
)
from inverse_tracr.model import CategoricalOutput
from inverse_tracr.rasp import parse
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.interpreter import evaluate
from inverse_tracr.rasp.program import Program, SelectorWidth
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.zoo import Zoo

LETTERS = Signature(("a", "b", "c"), 5)

PROGRAMS = {
    "counts": "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nreturn v2\n",
    "threshold": (
        "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x > 1)\nreturn v3\n"
    ),
    "moved": "v1 = select(indices, indices, k == q - 1)\nv2 = aggregate(v1, tokens)\nreturn v2\n",
    "share": (
        'v1 = map(tokens, x == "a", numerical)\nv2 = select(indices, indices, <=)\n'
        "v3 = aggregate(v2, v1, numerical)\nreturn v3\n"
    ),
    "both": (
        'v1 = map(tokens, x == "b")\nv2 = map(indices, x > 2)\n'
        "v3 = sequence_map(v1, v2, x and y)\nreturn v3\n"
    ),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_short_programs_are_found_and_verified(name: str) -> None:
    program = parse(PROGRAMS[name])
    model = compile_program(program, LETTERS, mode=Mode.FIXED)
    found = decompile(model, method="meta")
    assert found.verification.verified
    assert found.method == "meta"
    assert found.program is not None
    # That `x > 1` and `x != 1` differ at 0, which no width is, cannot be seen.
    assert name == "threshold" or canonical(found.program, LETTERS) == canonical(program, LETTERS)
    assert all(line.half_layer is not None and line.probes > 0 for line in found.evidence)


def test_heads_that_do_the_same_are_one_line() -> None:
    """Having written the line of both, the network writes it again rather than leave."""
    twice = (
        "v1 = select(tokens, tokens, >=)\nv2 = selector_width(v1)\nv3 = selector_width(v1)\n"
        "v4 = sequence_map(v2, v3, x + y)\nv5 = map(v4, x > 4)\nreturn v5\n"
    )
    model = compile_program(parse(twice), LETTERS, mode=Mode.FIXED)
    assert model.config.n_heads == 2
    found = guesses(shipped().network, model, width=2)[0]
    assert any(isinstance(line, SelectorWidth) for line in found.program.lines)
    assert decompile(model, method="meta").verification.verified


def test_programs_that_fail_on_the_probes_are_seldom_verified() -> None:
    model = compile_program(parse(PROGRAMS["counts"]), LETTERS, mode=Mode.FIXED)
    judged: list[Program] = []

    def judge(program: Program) -> Verification:
        judged.append(program)
        return Verification(Verdict.REFUTED, 0, 0.0)

    proposed = list(Beams(shipped(), (8,)).propose(model, judge))
    right = [p.program for p in proposed if p.program and verify(model, p.program).verified]
    assert right
    assert len(judged) == len(proposed) <= len(right) + MOST_WRONG


def test_the_beam_is_ordered_and_its_programs_differ() -> None:
    model = compile_program(parse(PROGRAMS["threshold"]), LETTERS, mode=Mode.FIXED)
    found = guesses(shipped().network, model, width=6)
    scores = [guess.score for guess in found if guess.match == 1]
    assert scores == sorted(scores, reverse=True)
    assert all(score <= 1e-6 for score in scores)
    assert len({(guess.program, guess.score) for guess in found}) == len(found)


def test_more_likely_programs_are_not_lost_in_a_wider_beam() -> None:
    model = compile_program(parse(PROGRAMS["both"]), LETTERS, mode=Mode.FIXED)
    narrow = guesses(shipped().network, model, width=2)
    wide = guesses(shipped().network, model, width=8)
    assert wide[0].score >= narrow[0].score - 1e-6


def test_outputs_keep_the_values_of_the_model() -> None:
    program = parse(PROGRAMS["threshold"])
    model = compile_program(program, LETTERS, mode=Mode.FIXED)
    assert isinstance(model.output_encoder, CategoricalOutput)
    plain = parse(PROGRAMS["threshold"].replace("x > 1", "{0: 0, 1: 0, 2: 1, 3: 1, 4: 1, 5: 1}"))
    named = with_output_values(plain, model)
    assert evaluate(named, LETTERS, ["a", "a"]) == [True, True]
    assert all(type(value) is bool for value in evaluate(named, LETTERS, ["a", "b"]))


def test_compressed_students_are_read() -> None:
    zoo = Zoo(Path("tests/data/zoos/compressed-100"))
    found = [decompile(zoo.specimen("train", index).model, method="meta") for index in range(4)]
    assert any(one.verification.verified for one in found)
    scores = [one.score for one in found if one.score is not None]
    assert scores
    assert all(0 <= score <= 1 for score in scores)


def test_one_shot_gives_a_program_unverified() -> None:
    model = compile_program(parse(PROGRAMS["counts"]), LETTERS, mode=Mode.FIXED)
    found = one_shot(model)
    assert found is not None
    assert canonical(found, LETTERS) == canonical(parse(PROGRAMS["counts"]), LETTERS)


def test_it_stands_before_search_among_the_proposers() -> None:
    names = list(proposers())
    assert names.index("meta") < names.index("search")


def test_the_card_says_how_the_shipped_model_was_made() -> None:
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    description = json.loads((SHIPPED / "metamodel.json").read_text(encoding="utf-8"))
    assert str(description["config"]["programs"]) in card.replace(",", "")
    assert json.loads(json.dumps(RUNS["shipped"].to_json())) == description["config"]
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 40 * 2**20


def test_the_command_trains_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--programs", "4", "--steps", "1", "--check-every", "1", "--workers", "0", "--json"]
    assert not run(["train", str(tmp_path / "run"), *options])
    out, err = capsys.readouterr()
    assert json.loads(out)["last"]["step"] == 1
    assert "held_out_loss" in err
    assert (tmp_path / "run" / "metamodel.safetensors").exists()
