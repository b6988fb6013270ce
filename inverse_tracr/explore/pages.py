"""The page and its files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from inverse_tracr import __version__
from inverse_tracr.explore.shelf import NotHereError
from inverse_tracr.report.style import asset as report_asset

SCRIPTS = (
    "main.js",
    "api.js",
    "compare.js",
    "dom.js",
    "editor.js",
    "found.js",
    "jobs.js",
    "link.js",
    "model.js",
)
ICON = "icon.svg"
STYLE = "style.css"

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
def show_page() -> Response:
    """The explorer's one page."""
    return Response(asset("page.html").replace("{{version}}", __version__), media_type="text/html")


@router.get("/static/{name}")
def show_file(name: str) -> Response:
    """A script, the style sheet or the icon; nothing else is read from the disk."""
    if name in SCRIPTS:
        return Response(asset(name), media_type="text/javascript")
    if name == ICON:
        return Response(asset(name), media_type="image/svg+xml")
    if name == STYLE:
        return Response(style(), media_type="text/css")
    raise NotHereError("there is no such file", where=name)


@cache
def asset(name: str) -> str:
    """The text of a file in `assets`."""
    return (files("inverse_tracr.explore") / "assets" / name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """The style sheet: the report's colours, light and dark, then the explorer's own rules."""
    dark = report_asset("dark.css")
    return "\n".join(
        [
            report_asset("colors.css"),
            f"@media (prefers-color-scheme: dark) {{\n:root:not([data-theme=light]) {{\n{dark}}}\n}}",
            f":root[data-theme=dark] {{\ncolor-scheme: dark;\n{dark}}}",
            ":root[data-theme=light] {\ncolor-scheme: light;\n}",
            asset("explore.css"),
        ]
    )
