"""Sections of the page of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.results import table, write_section


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "results.md"
    write_section("first", "First", "1 \\1 of it", path=page)
    write_section("second", "Second", "2", path=page)
    before = page.read_text(encoding="utf-8")
    write_section("first", "First", "one \\g<0> more", path=page)
    after = page.read_text(encoding="utf-8")
    assert after == before.replace("1 \\1 of it", "one \\g<0> more")
    assert after.count("<!-- begin: first -->") == after.count("<!-- end: first -->") == 1
    assert after.index("## First") < after.index("## Second")


def test_a_section_names_its_command_revision_and_hardware(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    write_section("speed", "Speed", "fast", path=page)
    text = page.read_text(encoding="utf-8")
    assert "at revision" in text
    assert "cores, Python 3" in text


def test_a_name_that_would_break_the_markers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected lower-case letters"):
        write_section("a -->", "A", "", path=tmp_path / "results.md")


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
