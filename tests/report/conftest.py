"""Reports opened in the headless Chromium of tests/conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inverse_tracr.report import report_html
from tests.report.models import Known

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@dataclass
class Opened:
    """A page in the browser, with what it printed and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, script: str, argument: Any = None) -> Any:
        """What a script of the page returns."""
        return self.page.evaluate(script, argument)

    def type(self, text: str) -> None:
        """Type an input anew."""
        self.page.fill("#input", text)

    def go(self, step: int) -> None:
        """Go to a step."""
        self.run(
            "(step) => { const at = document.getElementById('step'); at.value = step; "
            "at.dispatchEvent(new Event('input')); }",
            step,
        )

    def text(self, selector: str) -> str:
        """The text of an element."""
        return self.page.inner_text(selector)

    def lit(self) -> set[str]:
        """Keys of everything that is lit."""
        return set(
            self.run("() => [...document.querySelectorAll('.lit[data-lines]')].map((e) => e.dataset.lines)")
        )


Open = Callable[..., Opened]


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Write the report of a model and open it from its file; at the end nothing may have gone wrong."""
    pages: list[Opened] = []

    def open_(known: Known, *, width: int = 1400, height: int = 900, title: str = "model") -> Opened:
        path = tmp_path / f"report{len(pages)}.html"
        path.write_text(_html(known, title), encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": height})
        opened = Opened(page)
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        page.on("request", lambda request: opened.requests.append(request.url))
        page.goto(path.as_uri())
        pages.append(opened)
        return opened

    yield open_
    for opened in pages:
        assert opened.complaints == []
        assert len(opened.requests) == 1
        opened.page.close()


_MADE: dict[tuple[int, int, str], tuple[Known, str]] = {}


def _html(known: Known, title: str) -> str:
    """The report of a model, made once; the models are kept, so that their ids stay theirs."""
    key = (id(known[0]), id(known[1]), title)
    if key not in _MADE:
        _MADE[key] = (known, report_html(*known, title=title))
    return _MADE[key][1]
