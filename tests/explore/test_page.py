"""The explorer as a person meets it, in a headless Chromium; pictures of it go to `artefacts/explore`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

import pytest

from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE
from tests.explore.texts import HISTOGRAM, HISTOGRAM_TOO, REVERSE
from tests.report.models import MIXED, known

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "explore"
PATIENCE = 30_000


class Explorer:
    """The page in a browser of its own, with what it printed and asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        context.on("request", lambda request: self.requests.append(request.url))
        self.open(address)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")

    def write(self, text: str) -> None:
        self.page.fill("#text", text)

    def compile(self, text: str) -> None:
        self.write(text)
        self.page.click("#compile")
        self.page.wait_for_selector("#compile-box >> text=Done")

    def decompile(self) -> None:
        self.page.click("#decompile")
        self.page.wait_for_selector("#finding iframe")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def expect(self, selector: str, text: str) -> None:
        self.page.wait_for_selector(f"{selector} >> text={text}")

    def picture(self, name: str) -> None:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


Open = Any


@pytest.fixture
def opened(browser: Browser, served: str) -> Iterator[Open]:
    """Opens the page; at the end nothing may have gone wrong, and nobody else may have been asked."""
    explorers: list[tuple[Explorer, BrowserContext]] = []

    def open_(width: int = 1600, height: int = 1000, colours: Literal["light", "dark"] = "light") -> Explorer:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=colours, reduced_motion="reduce")  # pyright: ignore[reportArgumentType]
        explorers.append((Explorer(context, served), context))
        return explorers[-1][0]

    yield open_
    own = served.partition("/?")[0]
    for explorer, context in explorers:
        # Browsers print every refusal of the server, which some of these tests ask for.
        assert [text for text in explorer.complaints if "status of 4" not in text] == []
        assert [url for url in explorer.requests if not url.startswith((own, "data:", "blob:"))] == []
        context.close()


def test_the_first_view_is_a_program_that_can_be_compiled(opened: Open) -> None:
    explorer = opened()
    explorer.expect("#says", "A program of 4 lines.")
    assert "token" not in explorer.page.url
    assert explorer.page.locator("#example option").count() > 20
    assert explorer.page.is_hidden("#actions")
    assert "search" in explorer.page.locator("#method option").all_text_contents()
    explorer.picture("first")


def test_an_error_is_named_with_its_place_and_found_by_a_button(opened: Open) -> None:
    explorer = opened()
    explorer.write(HISTOGRAM.replace("selector_width", "selector_widt"))
    explorer.expect("#says", "line 3, column 9")
    assert explorer.text("#gutter .bad") == "3"
    assert explorer.page.get_attribute("#text", "aria-invalid") == "true"
    explorer.picture("error")
    explorer.page.click("#says button")
    place = explorer.page.evaluate("document.getElementById('text').selectionStart")
    assert explorer.page.input_value("#text")[place:].startswith("selector_widt(")
    explorer.page.click("#compile")
    explorer.expect("#compile-box", "expected one of map")
    explorer.write(HISTOGRAM)
    explorer.expect("#says", "A program of 2 lines.")
    assert explorer.page.locator("#gutter .bad").count() == 0


def test_a_program_is_compiled_decompiled_and_its_report_runs(opened: Open) -> None:
    explorer = opened()
    explorer.compile(HISTOGRAM)
    assert "compiled, mode fixed" in explorer.text("#card")
    explorer.decompile()
    assert "equivalent" in explorer.text("#finding h3")
    assert "selector_width" in explorer.text("#finding .program")
    assert "They are one program" in explorer.text("#finding")
    explorer.page.locator("iframe").scroll_into_view_if_needed()
    report = explorer.page.frame_locator("#finding iframe")
    report.locator("#input").fill("a b a")
    assert report.locator("#model-says .value").all_inner_texts() == ["2", "1", "2"]
    explorer.page.wait_for_timeout(300)
    explorer.picture("found")


def test_a_student_is_distilled_and_found(opened: Open) -> None:
    explorer = opened()
    explorer.compile(HISTOGRAM)
    explorer.page.click("#compress")
    explorer.expect("#compress-box", "accepted")
    explorer.expect("#card", "a distilled student")
    explorer.decompile()
    assert "count" in explorer.page.input_value("#text")
    explorer.picture("student")


def test_work_can_be_stopped(opened: Open) -> None:
    explorer = opened()
    explorer.compile(REVERSE)
    explorer.page.fill("#factor", "2")
    explorer.page.fill("#tries", "20")
    explorer.page.click("#compress")
    explorer.page.click("#compress-box .stop")
    explorer.expect("#compress-box", "Stopped after")
    assert explorer.page.is_enabled("#compress")


def test_programs_are_compared(opened: Open) -> None:
    explorer = opened()
    explorer.write(HISTOGRAM)
    explorer.page.click("#take-written")
    explorer.page.fill("#second", HISTOGRAM_TOO)
    explorer.page.click("#compare")
    explorer.expect("#compared", "they say the same on all 120 inputs")
    explorer.page.fill("#second", HISTOGRAM.replace("==", "!="))
    explorer.page.click("#compare")
    explorer.expect("#compared", "Smallest input found")
    cells = explorer.page.locator("#compared td")
    assert [text.split()[0] for text in cells.all_inner_texts()] == ["a", "1", "0"]
    explorer.picture("compared")


def upload(explorer: Explorer, weights: bytes, config: bytes) -> None:
    if explorer.page.is_hidden("#weights"):
        explorer.page.click("#upload summary")
    explorer.page.set_input_files("#weights", files=[sent(WEIGHTS_FILE, weights)])
    explorer.page.set_input_files("#config", files=[sent(CONFIG_FILE, config)])
    explorer.page.click("#send")


def sent(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def test_a_bad_file_is_refused_and_a_good_one_taken(opened: Open, tmp_path: Path) -> None:
    known(MIXED)[0].save(tmp_path)
    weights, config = ((tmp_path / name).read_bytes() for name in (WEIGHTS_FILE, CONFIG_FILE))
    explorer = opened()
    explorer.page.click("#upload summary")
    explorer.page.click("#send")
    explorer.expect("#upload-box", "choose both files")
    upload(explorer, b"\x80\x04pickle, perhaps", config)
    explorer.expect("#upload-box", "the file is refused")
    assert "safetensors or npz" in explorer.text("#upload-box")
    explorer.picture("bad-upload")
    upload(explorer, weights, json.dumps({**json.loads(config), "more": 1}).encode())
    explorer.expect("#upload-box", "more")
    upload(explorer, weights, config)
    explorer.expect("#upload-box", "Checked and taken.")
    assert explorer.page.is_disabled("#compress")
    explorer.decompile()
    assert "equivalent" in explorer.text("#finding h3")


def test_a_shipped_model_is_opened(opened: Open) -> None:
    explorer = opened()
    explorer.page.select_option("#example", "model:0")
    explorer.expect("#card", "its program is known, but not shown")
    explorer.decompile()
    link = explorer.page.url
    assert "shipped=standard-test%3A0" in link
    explorer.page.click("text=Put it into the editor")
    explorer.expect("#says", "A program of")
    explorer.page.goto("about:blank")
    explorer.open(link)
    explorer.page.wait_for_selector("#finding iframe")
    explorer.expect("#card", "its program is known, but not shown")


def test_a_link_brings_everything_back(opened: Open) -> None:
    explorer = opened()
    explorer.compile(HISTOGRAM)
    explorer.decompile()
    explorer.page.wait_for_url(re.compile("decompile"))
    link = explorer.page.url
    state = parse_qs(link.partition("#")[2])
    assert state == {"program": [HISTOGRAM], "done": ["compile decompile"]}
    explorer.page.goto("about:blank")
    explorer.open(link)
    explorer.page.wait_for_selector("#finding iframe")
    assert explorer.page.input_value("#text") == HISTOGRAM
    assert "equivalent" in explorer.text("#finding h3")


def test_a_hostile_link_stays_text(opened: Open, served: str) -> None:
    explorer = opened()
    bad = "%3Cimg src=x onerror=alert(1)%3E"
    explorer.page.goto("about:blank")
    explorer.open(f"{served}#program={bad}&first={bad}&second={bad}&model=../{bad}&mode={bad}")
    explorer.expect("#says", "expected a new name")
    assert explorer.page.locator("img").count() == 0


def test_the_keyboard_is_enough(opened: Open) -> None:
    explorer = opened()
    explorer.page.focus("#text")
    explorer.page.keyboard.press("Control+Enter")
    explorer.page.wait_for_selector("#compile-box >> text=Done")
    explorer.page.focus("#decompile")
    explorer.page.keyboard.press("Enter")
    explorer.page.wait_for_selector("#finding iframe")
    assert "equivalent" in explorer.text("#finding h3")


def test_colours_follow_the_system_and_the_reader(opened: Open) -> None:
    explorer = opened(colours="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = explorer.page.evaluate(ground)
    explorer.page.click("#theme")
    assert explorer.page.evaluate(ground) != dark
    explorer.page.click("#theme")
    assert explorer.page.evaluate(ground) == dark


@pytest.mark.parametrize(("width", "colours"), [(400, "dark"), (1600, "light")])
def test_axe_finds_nothing_serious_and_nothing_is_too_wide(
    width: int, colours: Literal["light", "dark"], opened: Open
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra [dev]")
    explorer = opened(width, colours=colours)
    explorer.compile(HISTOGRAM)
    explorer.decompile()
    explorer.page.click("#take-found")
    explorer.page.fill("#first", HISTOGRAM.replace("==", "!="))
    explorer.page.click("#compare")
    explorer.expect("#compared", "Smallest input found")
    explorer.page.click("#upload summary")
    explorer.page.click("#send")
    explorer.expect("#upload-box", "choose both files")
    explorer.write(HISTOGRAM.replace("==", "="))
    explorer.expect("#says", "line 2")
    assert explorer.page.evaluate("document.documentElement.scrollWidth") <= width
    explorer.picture(f"all-{width}-{colours}")
    results = axe.Axe().run(explorer.page)
    serious = [v for v in results.response["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], v["nodes"][0]["target"]) for v in serious] == []
