"""The style sheets of pages and pictures, from the files in `assets`."""

from __future__ import annotations

import re
from importlib.resources import files

_VARIABLE = re.compile(r"--([a-z-]+):\s*([^;]+);")
_USE = re.compile(r"var\(--([a-z-]+)\)")


def asset(name: str) -> str:
    """The text of a file in `assets`."""
    return (files("inverse_tracr.report") / "assets" / name).read_text(encoding="utf-8")


def colors(*, dark: bool = False) -> dict[str, str]:
    """The colours by name."""
    return dict(_VARIABLE.findall(asset("dark.css" if dark else "colors.css")))


def picture_style(*sheets: str) -> str:
    """Style sheets for a file of its own: the light colours written in, since few viewers know variables."""
    named = colors()
    text = "\n".join(asset(sheet) for sheet in sheets)
    return "\n" + _USE.sub(lambda use: named[use[1]], text)


def page_style() -> str:
    """The style sheet of the page: light, dark where the system or the reader asks for it."""
    dark = asset("dark.css")
    return "\n".join(
        [
            asset("colors.css"),
            f"@media (prefers-color-scheme: dark) {{\n:root:not([data-theme=light]) {{\n{dark}}}\n}}",
            f":root[data-theme=dark] {{\ncolor-scheme: dark;\n{dark}}}",
            ":root[data-theme=light] {\ncolor-scheme: light;\n}",
            asset("graph.css"),
            asset("report.css"),
        ]
    )
