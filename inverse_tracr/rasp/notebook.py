"""Programs as notebooks show them: HTML of its own, which takes the colours of the notebook."""

from __future__ import annotations

from html import escape

from inverse_tracr.rasp.printer import print_line, print_signature
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature

MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.92em;line-height:1.5"
SOFT = "opacity:.72"
"""Dimmed in whatever colour the notebook writes: legible on light and on dark ground."""


def program_html(program: Program, signature: Signature | None = None) -> str:
    """The text form, line by line; names bold where they are defined."""
    rows = [] if signature is None else [f'<span style="{SOFT}">{escape(print_signature(signature))}</span>']
    for name, line in zip(program.names, program.lines, strict=True):
        rows.append(f"<b>{escape(name)}</b> = {escape(print_line(program, line))}")
    rows.append(f"return {escape(program.name(program.output))}")
    return text_html("\n".join(rows))


def text_html(html: str) -> str:
    """Text, escaped already, in a box that scrolls where it is too wide or too long."""
    box = "border-left:3px solid rgba(128,128,128,.5);padding:.4em 1em;margin:.4em 0"
    return (
        f'<pre style="{MONO};{box};overflow:auto;max-height:32em;background:none;color:inherit">{html}</pre>'
    )


def table_html(rows: dict[str, list[str]], marked: dict[str, set[int]] | None = None) -> str:
    """A table with a named row a line, its cells escaped here; `marked` cells are bold and framed."""
    body = "".join(_row(name, cells, (marked or {}).get(name, set())) for name, cells in rows.items())
    return f'<table style="border-collapse:collapse;color:inherit">{body}</table>'


def _row(name: str, cells: list[str], marked: set[int]) -> str:
    style = f"text-align:left;padding:2px 12px 2px 0;font-weight:normal;{SOFT}"
    head = f'<th scope="row" style="{style}">{escape(name)}</th>'
    return f"<tr>{head}{''.join(_cell(text, i in marked) for i, text in enumerate(cells))}</tr>"


def _cell(text: str, marked: bool) -> str:
    frame = "outline:2px solid #d9534f;outline-offset:-2px;font-weight:bold" if marked else ""
    return f'<td style="{MONO};text-align:left;padding:2px 8px;{frame}">{escape(text)}</td>'
