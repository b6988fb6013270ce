"""Intervals, floors, mistakes, groups and the report."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.evaluate.decompilers import Answer, Outcome
from inverse_tracr.evaluate.facts import facts_of, read
from inverse_tracr.evaluate.findings import findings
from inverse_tracr.evaluate.floors import Told, floors
from inverse_tracr.evaluate.intervals import mean, median, share
from inverse_tracr.evaluate.markdown import report
from inverse_tracr.evaluate.mistakes import mistakes
from inverse_tracr.evaluate.records import Key, Record
from inverse_tracr.evaluate.rows import row_json
from inverse_tracr.evaluate.score import score
from inverse_tracr.rasp import Signature, parse
from inverse_tracr.rasp.thesis_view import Row
from inverse_tracr.zoo import Kind
from tests.conftest import Golden

SIGNATURE = Signature(("a", "b"), 3)
HEADER = "# signature: vocab=[a, b] max_seq_len=3\n"
SAME = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\n"
TRUE = SAME + "v3 = map(v2, x > 1)\nreturn v3\n"


def test_wilson() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    found = share([True] * 81 + [False] * 182)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    none = share([False] * 20)
    assert (none.low, none.high) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert math.isnan(share([]).value)


def test_bootstrap() -> None:
    values = [float(n) for n in range(101)]
    assert mean(values).value == median(values).value == 50.0
    assert mean(values) == mean(values)
    assert mean(values).low == pytest.approx(50 - 1.96 * 2.9, abs=1.0)
    assert mean([3.0] * 5).high == 3.0


def rows(*operations: str) -> tuple[Row, ...]:
    lines = (Row(name, "tokens", result=f"v{number}") for number, name in enumerate(operations, 1))
    return (Row("PROGRAM_START"), *lines, Row("PROGRAM_END"))


def test_floors_are_what_the_other_programs_say() -> None:
    programs = [rows("Map"), rows("Map"), rows("Select", "Map"), rows("Select", "Aggregate")]
    by_told = {floor.told: floor.by_position for floor in floors(programs)}
    # Of the three others two say Select in row 1; row 2 is no end, reads tokens and gives v2 in two of them.
    assert by_told[Told.NOTHING][0] == pytest.approx((5 + 4 + 2) / 15)
    # Told the length, the only other program of one line says it all.
    assert by_told[Told.LENGTH][0] == 1.0
    assert by_told[Told.OPERATIONS][0] == 1.0
    # The only program with its operation in row 2: its arguments are those of the operation elsewhere.
    assert by_told[Told.OPERATIONS][2] == pytest.approx(19 / 20)


def test_the_floors_of_one_program_alone_know_nothing() -> None:
    found = {floor.told: floor.by_position[0] for floor in floors([rows("Map")])}
    assert found == {Told.NOTHING: 0.0, Told.LENGTH: 0.0, Told.OPERATIONS: pytest.approx(3 / 15)}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (TRUE, {}),
        (SAME + "v3 = map(v2, x > 2)\nreturn v3\n", {"mistook lambdas": 1}),
        (TRUE.replace("==", "!="), {"mistook predicates": 1}),
        (SAME + "return v2\n", {"missed Map": 1, "wrong line returned": 1}),
        (
            SAME + "v3 = map(v2, x > 1)\nv4 = sequence_map(v3, tokens, (x, y))\nreturn v4\n",
            {"extra SequenceMap": 1, "wrong line returned": 1},
        ),
        (
            TRUE.replace("map(v2, x > 1)", "sequence_map(v2, tokens, (x, y))"),
            {"predicted SequenceMap rather than Map": 1},
        ),
        (None, {"no program": 1}),
    ],
)
def test_mistakes(found: str | None, expected: dict[str, int]) -> None:
    wrong = mistakes(None if found is None else parse(found), parse(TRUE), SIGNATURE)
    assert {str(mistake): count for mistake, count in wrong.items()} == expected


NUMBERS = Signature((0, 1), 3)
REST = "v3 = selector_width(v2)\nv4 = map(v3, x > 1)\nv5 = sequence_map(v4, tokens, (x, y))\nreturn v5\n"


def test_a_missing_line_makes_no_wrong_variables_of_those_below_it() -> None:
    true = "v1 = map(tokens, x == 1)\nv2 = select(v1, indices, ==)\n" + REST
    found = "v2 = select(tokens, indices, ==)\n" + REST
    wrong = mistakes(parse(found), parse(true), NUMBERS)
    assert {str(mistake): count for mistake, count in wrong.items()} == {
        "missed Map": 1,
        "wrong variables used": 1,
    }


def test_operands_the_other_way_round() -> None:
    true, found = (f"v2 = select({read}, <)\n" + REST for read in ("tokens, indices", "indices, tokens"))
    wrong = mistakes(parse(found), parse(true), NUMBERS)
    assert {str(mistake): count for mistake, count in wrong.items()} == {"incorrect argument ordering": 1}


def test_facts() -> None:
    text = TRUE.replace("x > 1", "x > 1, numerical")
    found = facts_of("# signature: vocab=[1, 2] max_seq_len=3 causal\n" + text)
    assert (found.length, found.vocabulary, found.causal) == (3, "numbers", True)
    assert (found.numerical, found.numerical_output, found.tables) == (True, True, False)
    assert found.operations == ("map", "select", "selector_width")


def record(number: int, found: str, seconds: float) -> Record:
    true, signature = read(HEADER + TRUE)
    model = compile_program(true, signature, mode=Mode.FIXED)
    outcome = Outcome.ANSWERED if found else Outcome.NO_PROGRAM
    claim = "equivalent" if found else ""
    answer = Answer(outcome, HEADER + found if found else "", claim, "lift", 1, seconds)
    scored = score(model, true, parse(found) if found else None, Kind.STANDARD)
    key = Key(f"m{number}", "lift", "r0")
    return Record(key, "small", Kind.STANDARD, number, HEADER + TRUE, answer, scored)


def test_the_report(golden: Golden) -> None:
    records = [record(0, TRUE, 0.5), record(1, SAME + "return v2\n", 1.5), record(2, "", 2.0)]
    found = findings(records)
    assert found.summary.false_equivalent == 1  # the claim about the second, which is refuted
    golden("evaluate/report.md", report([found]) + "\n")


def test_a_record_without_a_score_counts_as_a_miss() -> None:
    lost = replace(record(0, TRUE, 0.5), score=None, fault="timed out")
    row = row_json(findings([lost]))
    assert (row["functional_match"], row["misses"]) == (0.0, {"not scored": 1})
    assert row["models"] == 1
