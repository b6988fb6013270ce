"""Programs in notebooks: whole, escaped, in the notebook's own colours."""

from __future__ import annotations

import html
import re

import pytest

from inverse_tracr.rasp import parse_source, print_program
from inverse_tracr.rasp.notebook import program_html, table_html
from tests.report.models import EVERY


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_a_program_reads_as_its_text_form(text: str) -> None:
    source = parse_source(text)
    shown = program_html(source.program, source.signature)
    said = html.unescape(re.sub("<[^>]*>", "", shown)).strip()
    assert said == print_program(source.program, source.signature).strip()
    assert source.program._repr_html_() == program_html(source.program)  # pyright: ignore[reportPrivateUsage]


def test_values_are_escaped() -> None:
    shown = program_html(parse_source(EVERY["hostile"]).program)
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert not re.search(r"<(script|img)", shown)


def test_a_table_marks_cells_and_takes_no_colour_of_its_own() -> None:
    shown = table_html({"a<b": ["1", "2"]}, {"a<b": {1}})
    assert "a&lt;b" in shown
    assert [cell.count("outline") for cell in shown.split("<td")[1:]] == [0, 2]
    assert "background:#" not in shown
