"""The page as a reader meets it, in a headless Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from inverse_tracr.decompile import Counterexample, Decompilation, Verdict, Verification, decompile
from inverse_tracr.rasp import Signature, evaluate
from inverse_tracr.report.text import shown
from inverse_tracr.zoo.quick import quick_test_sets
from tests.report.conftest import Open
from tests.report.models import (
    EVERY,
    HOSTILE,
    MIXED,
    SORT,
    Known,
    decompilation,
    known,
    large,
    random_weights,
    rotated,
    without_parts,
)

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "report"
"""Pictures of the page, kept after a run."""


def hidden(text: str) -> Known:
    """A model whose residual stream is turned, and evidence that names half-layers only."""
    model, found = known(text)
    return rotated(model), without_parts(found)


def not_understood() -> Known:
    model = random_weights(known(MIXED)[0])
    verification = Verification(Verdict.REFUTED, 0, 0.0, note="no whole program was found")
    return model, decompilation(None, model.signature, (), verification)


def refuted() -> Known:
    """The model of one program, with another program that was refuted."""
    model, found = known(SORT)
    wrong = known(SORT.replace("tokens, tokens, <", "tokens, tokens, >"))[1]
    counterexample = Counterexample((2, 1), (1, 2), (2, 1), (2, 1))
    verification = Verification(Verdict.REFUTED, 120, 0.25, counterexample)
    return model, decompilation(wrong.program, found.signature, wrong.evidence, verification)


def student(test_set: str, row: int) -> Known:
    """A student of a quick test set, and the program that is found for it."""
    model = quick_test_sets()[test_set].specimen("test", row).model
    return model, decompile(model)


MAKERS: dict[str, Callable[[], Known]] = {
    **{name: lambda text=text: known(text) for name, text in EVERY.items()},
    "rotated": lambda: hidden(MIXED),
    "rotated numbers": lambda: hidden(EVERY["numbers"]),
    "not understood": not_understood,
    "refuted": refuted,
    "large": lambda: known(large()),
    "compressed": lambda: student("compressed-test", 0),
    "natural": lambda: student("natural-test", 3),
}


@cache
def case(name: str) -> Known:
    """A model of each kind; made once."""
    return MAKERS[name]()


@pytest.mark.parametrize("name", MAKERS)
def test_every_step_of_every_page_is_quiet(name: str, open_report: Open) -> None:
    report = open_report(case(name))
    last = report.run("() => Number(document.getElementById('step').max)")
    for step in range(last + 1):
        report.go(step)
        assert f"step {step} of {last}" in report.text("#step-name")
        assert report.page.locator("#residual canvas").count() == 1
    assert report.run("() => inverseTracr.ready")
    # Folded ladders multiply what float32 rounds by 100 and more (docs/distill.md).
    bound = 1e-2 if name == "compressed" else 1e-4
    assert float(report.page.get_attribute("#arithmetic", "data-difference") or "1") <= bound


@pytest.mark.parametrize("name", [*EVERY, "rotated", "rotated numbers"])
def test_activations_say_what_the_program_says(name: str, open_report: Open) -> None:
    report = open_report(case(name))
    report.go(100)
    assert "say what the program says in all" in report.text("#cells")
    assert report.text("#agreement") == "They agree at every position."
    assert report.page.locator("td.differs").count() == 0


@pytest.mark.parametrize("name", ["compressed", "natural"])
def test_students_say_what_their_programs_say(name: str, open_report: Open) -> None:
    assert case(name)[1].verification.verified
    report = open_report(case(name))
    report.go(100)
    assert report.text("#agreement") == "They agree at every position."


def test_typing_an_input_runs_model_and_program(open_report: Open) -> None:
    model, found = known(MIXED)
    assert found.program is not None
    report = open_report((model, found))
    for text in ("a b b", "abcab", "c, c"):
        report.type(text)
        tokens = re.findall("[abc]", text)
        says = [shown(value) for value in evaluate(found.program, model.signature, tokens)]
        assert report.page.locator("#program-says .value").all_inner_texts() == says
        assert report.page.locator("#model-says .value").all_inner_texts() == says


@pytest.mark.parametrize("name", ["mixed", "numbers", "rotated"])
def test_logits_equal_those_of_pytorch(name: str, open_report: Open) -> None:
    model = case(name)[0]
    report = open_report(case(name))
    for tokens in ([0], [1, 0, 2], [2, 2, 1, 0, 1]):
        found = np.array(report.run("(tokens) => inverseTracr.logits(tokens)", tokens))
        np.testing.assert_allclose(found, model.logits_for(np.array([tokens]))[0], rtol=1e-4, atol=1e-4)


def test_a_bad_token_is_named_and_the_last_good_input_stays(open_report: Open) -> None:
    report = open_report(known(MIXED))
    report.type("a b")
    report.type("a b q")
    assert "“q” (token 3) is not in the vocabulary" in report.text("#input-problem")
    assert report.page.get_attribute("#input", "aria-invalid") == "true"
    assert report.page.locator("#model-says .value").count() == 2
    report.type("a b a b a b a")
    assert "reads 1 to 5 tokens; there are 7" in report.text("#input-problem")
    report.type("a")
    assert report.text("#input-problem") == ""
    assert report.page.get_attribute("#input", "aria-invalid") is None


def test_pointing_at_a_line_lights_all_that_belongs_to_it(open_report: Open) -> None:
    report = open_report(known(MIXED))
    report.go(1)
    report.page.hover("button.line[data-lines='2']")
    assert {"2", "0 2"} <= report.lit()
    assert "4" not in report.lit()
    assert report.page.locator(".graph .node.lit").count() == 1
    assert report.page.locator(".graph .lane.lit").count() == 1
    assert "count = selector_width(same)" in report.text("#details")
    assert report.page.locator(".head.lit").count() == 1
    report.page.hover("h1")
    assert report.lit() == set()


def test_pointing_at_parts_lights_their_lines(open_report: Open) -> None:
    report = open_report(known(MIXED))
    report.go(2)
    report.page.hover(".graph .lane[data-lines='2'] rect")
    assert "2" in report.lit()
    report.page.hover("#half canvas", position={"x": 120, "y": 60})
    assert "2" in report.lit()
    assert "count · 0." in report.text("#half .readout")


def test_the_keyboard_reaches_lines_boxes_cells_and_steps(open_report: Open) -> None:
    report = open_report(known(MIXED))
    report.page.focus(".graph .node[data-lines='3']")
    assert "3" in report.lit()
    report.page.keyboard.press("Enter")
    assert report.page.get_attribute("button.line[data-lines='3']", "aria-pressed") == "true"
    report.page.focus("#input")
    assert "3" in report.lit()
    report.page.keyboard.press("Escape")
    assert report.lit() == set()
    report.page.focus("#step")
    report.page.keyboard.press("ArrowRight")
    assert "step 1 of" in report.text("#step-name")
    report.page.focus("#residual canvas")
    report.page.keyboard.press("ArrowDown")
    report.page.keyboard.press("ArrowDown")
    report.page.keyboard.press("ArrowRight")
    assert "tokens = b · " in report.text("#residual .readout")


def test_buttons_step(open_report: Open) -> None:
    report = open_report(known(MIXED))
    assert report.page.is_disabled("#step-back")
    report.page.click("#step-next")
    assert "After layer 0 attention" in report.text("#step-name")
    report.page.click("#step-last")
    assert "Output" in report.text("#step-name")
    assert report.page.is_disabled("#step-next")
    report.page.click("#step-back")
    assert report.page.locator("tr.now[data-lines='5']").count() == 1


def test_a_counterexample_is_shown_and_can_be_run(open_report: Open) -> None:
    report = open_report(refuted())
    assert "(differs)" in (report.page.text_content("#verdict table") or "")
    report.type("1 2 3")
    report.page.click("text=Run the counterexample")
    assert report.page.input_value("#input") == "2 1"
    assert report.text("#agreement") == "They differ at 2 of 2 positions."


def test_hostile_values_stay_text(open_report: Open) -> None:
    report = open_report(known(HOSTILE), title="</title><script>alert(2)</script>")
    report.type('"</script>" a b')
    assert (
        report.page.locator("#program-says .value").all_inner_texts()[0] == '"<img src=x onerror=alert(1)>"'
    )
    for step in range(5):
        report.go(step)
    assert report.page.locator("img").count() == 0
    assert report.page.locator("script").count() == 2
    assert report.page.title() == "</title><script>alert(2)</script> — Inverse Tracr"


def test_colours_follow_the_system_and_the_reader(open_report: Open) -> None:
    report = open_report(known(SORT))
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = report.run(ground)
    report.page.emulate_media(color_scheme="dark")
    dark = report.run(ground)
    assert light != dark
    report.page.click("#theme")
    assert report.run(ground) == light
    report.page.click("#theme")
    assert report.run(ground) == dark
    report.page.emulate_media(color_scheme="light")
    assert report.run(ground) == dark


@pytest.mark.parametrize(
    ("name", "width"), [("mixed", 1600), *((name, 400) for name in ("mixed", "hostile", "refuted", "large"))]
)
def test_nothing_is_wider_than_the_window(name: str, width: int, open_report: Open) -> None:
    report = open_report(case(name), width=width)
    for step in (1, 2, 100):
        report.go(step)
        assert report.run("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", ["mixed", "refuted"])
def test_axe_finds_nothing_serious(name: str, colours: Literal["light", "dark"], open_report: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra [dev]")
    report = open_report(case(name))
    report.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    for step in (1, 2):
        report.go(step)
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        report.page.screenshot(path=ARTEFACTS / f"{name}-{colours}-{step}.png", full_page=True)
        results = axe.Axe().run(report.page)
        serious = [v for v in results.response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["target"]) for v in serious] == []


def test_a_model_too_large_for_a_page_still_has_a_program(
    open_report: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inverse_tracr.report.payload.MAX_EMBEDDED", 100)
    report = open_report(known(SORT), title="no weights")
    report.type("3 1 2")
    assert report.page.locator("#program-says .value").all_inner_texts() == ["1", "2", "3"]
    assert report.page.locator("#model-says").count() == 0
    assert "weights are too many" in report.text("#arithmetic")
    report.go(2)


def test_a_program_with_a_huge_table_is_shown_but_not_run(
    open_report: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inverse_tracr.report.tables.MAX_ENTRIES", 5)
    report = open_report(known(SORT), title="no tables")
    report.type("3 1 2")
    assert "too large for the page" in report.text("#lines")
    assert report.page.locator("#model-says .value").all_inner_texts() == ["1", "2", "3"]


def test_a_program_for_another_signature_is_said_not_to_run(open_report: Open) -> None:
    model, found = known(SORT)
    other = Decompilation(
        known(EVERY["numbers"])[1].program, Signature((1, 2, 3), 4), found.verification, "search", 3, 1.0
    )
    report = open_report((model, other))
    assert "They differ" in report.text("#agreement")
