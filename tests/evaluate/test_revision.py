"""The revision of the sources."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.evaluate.revision import code_revision


def test_the_revision_changes_with_the_sources_and_with_nothing_else(tmp_path: Path) -> None:
    def revision(text: str, name: str = "a.py") -> str:
        for old in tmp_path.iterdir():
            old.unlink()
        (tmp_path / name).write_text(text)
        (tmp_path / "notes.md").write_text(name)
        code_revision.cache_clear()
        return code_revision(tmp_path)

    first = revision("x = 1\n")
    assert revision("x = 1\n") == first
    assert len({first, revision("x = 2\n"), revision("x = 1\n", "b.py")}) == 3
    code_revision.cache_clear()
