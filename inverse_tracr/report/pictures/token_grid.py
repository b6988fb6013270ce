"""Target and prediction side by side in the thesis's view, cell by cell (Figure 5.10)."""

from __future__ import annotations

from itertools import zip_longest

from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.thesis_view import Row, thesis_rows
from inverse_tracr.report.svg import Element, add, element, svg_file

CELL, LINE, TOP, MARGIN = 128.0, 24.0, 56.0, 20.0
COLUMNS = ("operation", "argument", "argument", "argument", "variable")
RIGHT, WRONG, NOTHING = "#d6eedd", "#f8d2c9", "#f0f0f0"
STYLE = (
    "text{font-family:'DejaVu Sans',sans-serif;font-size:12px;fill:#222} .heading{font-weight:bold}"
    " svg{background:#fff}"
)


def token_grid_picture(true: Program, found: Program | None, signature: Signature) -> str:
    """Rows of the true program beside those of the found one; right cells green, wrong ones red and bold.

    Both in canonical form; a missing program has no rows.
    """
    target = thesis_rows(canonical(true, signature))
    written = thesis_rows(canonical(found, signature)) if found is not None else ()
    pairs = list(zip_longest(target, written))
    width = 2 * (MARGIN + 5 * CELL) + MARGIN
    height = TOP + LINE * len(pairs) + MARGIN
    root = element("svg", viewBox=f"0 0 {width:g} {height:g}", width=round(width), height=round(height))
    root.set("role", "img")
    right = sum(
        a == b for own, other in pairs if own and other for a, b in zip(own.cells, other.cells, strict=True)
    )
    root.set("aria-label", f"Target and prediction: {right} of {5 * len(target)} tokens right")
    _panel(root, MARGIN, "target", [(own, None) for own, _ in pairs])
    title = f"prediction: {right} of {5 * len(target)} tokens right"
    _panel(root, 2 * MARGIN + 5 * CELL, title, [(other, own) for own, other in pairs])
    return svg_file(root, STYLE)


def _panel(root: Element, left: float, title: str, rows: list[tuple[Row | None, Row | None]]) -> None:
    """Rows, each beside the one that it is compared with (None: it is the target itself)."""
    add(root, "text", title, x=left, y=20, class_="heading")
    for column, name in enumerate(COLUMNS):
        add(root, "text", name, x=left + column * CELL + 6, y=TOP - 8)
    is_target = all(other is None for _, other in rows)
    for place, (own, other) in enumerate(rows):
        for column in range(5):
            token = own.cells[column] if own else ""
            same = own is not None and other is not None and token == other.cells[column]
            fill = NOTHING if is_target or own is None else RIGHT if same else WRONG
            x, y = left + column * CELL, TOP + place * LINE
            add(root, "rect", x=x, y=y, width=CELL - 2, height=LINE - 2, fill=fill)
            weight = "bold" if fill == WRONG else None
            add(root, "text", token, x=x + 6, y=y + 15, font_weight=weight)
