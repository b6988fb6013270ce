"""The report: one HTML file with everything inside, which asks no server for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import tempfile
from pathlib import Path

from inverse_tracr import __version__
from inverse_tracr.decompile import Decompilation
from inverse_tracr.model import TransformerProgram
from inverse_tracr.report.graph_svg import graph_svg
from inverse_tracr.report.listing import listing, sizes
from inverse_tracr.report.payload import payload, script_json
from inverse_tracr.report.study import study_model
from inverse_tracr.report.style import asset, page_style
from inverse_tracr.report.svg import html_text
from inverse_tracr.report.text import clean
from inverse_tracr.report.verdict import banner

SCRIPTS = (
    "codec.js",
    "model.js",
    "program.js",
    "tokens.js",
    "dom.js",
    "highlight.js",
    "heatmap.js",
    "lines.js",
    "halves.js",
    "stepper.js",
    "main.js",
)
"""The page's script, in the order in which its files are joined; the first four know of no page."""

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def report_html(model: TransformerProgram, found: Decompilation, *, title: str = "model") -> str:
    """The report of a model and what was found of it, as the text of an HTML file.

    The page runs the model and the program itself. It is the same for the same arguments.
    """
    known = study_model(model, found)
    style, script = page_style(), page_script()
    parts = {
        "title": html.escape(clean(title)),
        "version": __version__,
        "policy": _policy(style, script),
        "style": style,
        "verdict": html_text(banner(known)),
        "sizes": html_text(sizes(known)),
        "listing": html_text(listing(known)),
        "graph": html_text(graph_svg(known, interactive=True)),
        "data": script_json(payload(known)),
        "script": script,
    }
    return _PLACE.sub(lambda place: parts[place[1]], asset("page.html"))


def write_report(
    model: TransformerProgram, found: Decompilation, path: Path, *, title: str = "model"
) -> None:
    """Write the report to `path`; a file that is there is replaced only when the new one is whole."""
    write_whole(path, report_html(model, found, title=title).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename; nothing half-written is left."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def page_script() -> str:
    """The files of the script as one function, so that the page gets no names but those it is given."""
    joined = "\n".join(asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{joined}\n}})();\n'


def _policy(style: str, script: str) -> str:
    """A policy that lets the page run its own script and style and load nothing else at all."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
