"""The file of the report: whole, safe, small, and the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from inverse_tracr.report import report_html, write_report
from inverse_tracr.report.graph_svg import graph_picture
from inverse_tracr.report.payload import script_json
from inverse_tracr.report.study import study_model
from inverse_tracr.report.style import asset, colors
from inverse_tracr.report.tables import tables
from tests.conftest import Golden
from tests.report.models import EVERY, HOSTILE, MIXED, decompilation, known, large, random_weights
from tests.report.reading import svg_tree

VOID = {"meta", "input", "br", "img", "link", "hr"}


class Outline(HTMLParser):
    """Elements with their attributes and texts; complains where a tag is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


def data_of(html: str) -> Any:
    return json.loads(outline(html).texts["script"][0])


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_the_page_is_whole_and_asks_for_nothing(text: str) -> None:
    html = report_html(*known(text))
    found = outline(html)
    names = [name for _, attributes in found.elements for name in attributes]
    assert not {"src", "style", "srcset", "background", "ping"} & set(names)
    assert [name for name in names if name.startswith("on")] == []
    targets = [attributes["href"] for _, attributes in found.elements if "href" in attributes]
    assert targets == ["#run"]
    assert "http:" not in html.replace("http-equiv", "")
    assert "https:" not in html
    assert len(html) < 300_000


def test_only_the_pages_own_script_and_style_may_run() -> None:
    html = report_html(*known(MIXED))
    found = outline(html)
    (policy,) = [a["content"] for _, a in found.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for text in (found.texts["style"][0], found.texts["script"][1]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_hostile_values_are_only_ever_text() -> None:
    html = report_html(*known(HOSTILE), title="<img src=x>{{data}}")
    found = outline(html)
    assert [tag for tag, _ in found.elements if tag == "script"] == ["script", "script"]
    assert not {"img", "iframe", "object", "embed", "form"} & {tag for tag, _ in found.elements}
    assert "<img src=x onerror=alert(1)>" in "".join(found.texts["code"])
    assert found.texts["title"][:1] == ["<img src=x>{{data}} — Inverse Tracr"]
    assert '"</script>"' in data_of(html)["vocab"]["texts"]


def test_the_data_cannot_end_its_element() -> None:
    text = script_json({"a": "</script><!--", "b": "\u2028&"})
    assert "<" not in text
    assert "&" not in text
    assert json.loads(text) == {"a": "</script><!--", "b": "\u2028&"}


def test_the_same_model_gives_the_same_page() -> None:
    known.cache_clear()
    first = report_html(*known(MIXED))
    known.cache_clear()
    assert report_html(*known(MIXED)) == first


def test_a_page_without_a_program() -> None:
    model = random_weights(known(MIXED)[0])
    html = report_html(model, decompilation(None, model.signature))
    assert data_of(html)["program"] is None
    assert "unknown(everything)" in "".join(outline(html).texts["pre"])
    assert "row 0 of W_E" in "".join(outline(html).texts["li"])


def test_a_large_compiled_model_makes_a_small_page() -> None:
    model, found = known(large())
    assert model.config.n_layers == 6
    assert model.config.d_model > 550
    assert model.config.parameter_count > 4_000_000
    assert len(report_html(model, found)) < 300_000


def test_writing_replaces_a_file_only_with_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    write_report(*known(MIXED), path)
    whole = path.read_text(encoding="utf-8")
    assert whole == report_html(*known(MIXED))

    def fail(self: Path, _target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(*known(EVERY["sort"]), path)
    assert path.read_text(encoding="utf-8") == whole
    assert list(tmp_path.iterdir()) == [path]


def test_the_graph_is_the_one_that_was_looked_at(golden: Golden) -> None:
    golden("report/mixed.svg", graph_picture(study_model(*known(MIXED))))


def test_a_program_as_tables_is_the_one_that_was_looked_at(golden: Golden) -> None:
    model, found = known(MIXED)
    assert found.program is not None
    rows = [json.dumps(row) for row in tables(found.program, model.signature).lines]
    golden("report/mixed_tables.txt", "\n".join(rows) + "\n")


def test_a_picture_is_valid_and_needs_no_variables() -> None:
    text = graph_picture(study_model(*known(HOSTILE)))
    tree = svg_tree(text)
    assert tree.tag.endswith("svg")
    assert "var(" not in text


def test_both_colour_schemes_name_every_colour() -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", asset("report.css") + asset("graph.css")))
    used |= set(re.findall(r"colour\(\"([a-z-]+)\"\)", asset("lines.js")))
    assert used <= set(colors())
    assert set(colors(dark=True)) == set(colors())
