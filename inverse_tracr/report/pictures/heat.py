"""A matrix as squares of colour, with names at its sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.report.style import colors, picture_style
from inverse_tracr.report.svg import Element, add, element, svg_file

CHAR = 6.2
GAP = 34.0
TITLE = 22.0
FOOT = 14.0


@dataclass(frozen=True)
class Heat:
    """A matrix with its title and the names of its rows and columns.

    `groups` are names of stretches of columns; a line stands where they change. `numbers` writes each value
    into its square.
    """

    title: str
    matrix: NDArray[np.float64]
    rows: Sequence[str]
    columns: Sequence[str]
    groups: Sequence[str] = ()
    side: float = 14.0
    numbers: bool = False

    @property
    def cell_width(self) -> float:
        """Width of a square; wider where numbers are written."""
        return 2.2 * self.side if self.numbers else self.side

    @property
    def left(self) -> float:
        """Room for the names of rows."""
        return max((len(name) for name in self.rows), default=0) * CHAR + 8

    @property
    def head(self) -> float:
        """Room above the squares for the title and the names of columns, which stand upright."""
        return TITLE + max((len(name) for name in self.columns), default=0) * CHAR + 8

    @property
    def width(self) -> float:
        """Width with names."""
        across = self.left + self.cell_width * len(self.columns)
        return max(across, len(self.title) * 7.2)

    @property
    def height(self) -> float:
        """Height with title and names."""
        return self.head + self.side * len(self.rows) + FOOT


def draw(parent: Element, heat: Heat, x: float, y: float, head: float) -> None:
    """Draw a matrix with its upper left corner at (`x`, `y`) and `head` above its squares."""
    group = add(parent, "g", transform=f"translate({x:.1f} {y:.1f})")
    add(group, "title", heat.title)
    add(group, "text", heat.title, x=0, y=12, class_="title")
    for r, name in enumerate(heat.rows):
        middle = head + (r + 0.5) * heat.side + 3.5
        add(group, "text", name, x=heat.left - 5, y=middle, class_="name", text_anchor="end")
    for c, name in enumerate(heat.columns):
        at = heat.left + (c + 0.5) * heat.cell_width + 3.5
        turn = f"rotate(-90 {at:.1f} {head - 5:.1f})"
        add(group, "text", name, x=at, y=head - 5, class_="name", transform=turn)
    _draw_squares(group, heat, head)
    _draw_groups(group, heat, head)


def _draw_squares(group: Element, heat: Heat, head: float) -> None:
    """The squares that are not zero, on a ground that stands for zero."""
    across, down = heat.cell_width * len(heat.columns), heat.side * len(heat.rows)
    add(group, "rect", x=heat.left, y=head, width=across, height=down, class_="ground")
    largest = float(np.abs(heat.matrix).max(initial=0.0)) or 1.0
    for r, c in zip(*np.nonzero(np.abs(heat.matrix) > 1e-4 * largest), strict=True):
        value = float(heat.matrix[r, c])
        x, y = heat.left + int(c) * heat.cell_width, head + int(r) * heat.side
        box = {"x": x, "y": y, "width": heat.cell_width, "height": heat.side}
        square = add(group, "rect", fill=_shade(value / largest), **box)
        add(square, "title", f"{heat.rows[int(r)]} · {heat.columns[int(c)] or int(c)}: {value:.4g}")
        if heat.numbers:
            place = {"x": x + heat.cell_width / 2, "y": y + heat.side / 2 + 3.5, "text_anchor": "middle"}
            add(group, "text", _short(value), class_=_ink(value / largest), **place)


def _draw_groups(group: Element, heat: Heat, head: float) -> None:
    down = heat.side * len(heat.rows)
    for c in range(1, len(heat.groups)):
        if heat.groups[c] != heat.groups[c - 1]:
            x = heat.left + c * heat.cell_width
            add(group, "path", d=f"M{x:.1f} {head:.1f}v{down:.1f}", class_="border")


def _shade(share: float) -> str:
    """White for 0, the full colour for 1 and -1."""
    named = colors()
    ground, full = _channels(named["zero"]), _channels(named["negative" if share < 0 else "positive"])
    part = max(abs(share), 0.06)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(ground, full, strict=True))


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _ink(share: float) -> str:
    return "number pale" if abs(share) > 0.55 else "number"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def sheet(rows: Sequence[Sequence[Heat]], label: str) -> str:
    """Matrices side by side, in rows, as an SVG file; `label` says what they show."""
    heads = [max((heat.head for heat in row), default=0.0) for row in rows]
    heights = [
        head + max((heat.height - heat.head for heat in row), default=0.0) + GAP
        for head, row in zip(heads, rows, strict=True)
    ]
    width = max((sum(heat.width + GAP for heat in row) for row in rows), default=0.0) + GAP
    height = sum(heights) + GAP
    root = element(
        "svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=round(width),
        height=round(height),
        class_="heat",
        role="img",
        aria_label=label,
    )
    add(root, "rect", x=0, y=0, width=width, height=height, class_="paper")
    y = GAP
    for head, tall, row in zip(heads, heights, rows, strict=True):
        x = GAP
        for heat in row:
            draw(root, heat, x, y, head)
            x += heat.width + GAP
        y += tall
    return svg_file(root, picture_style("heat.css"))
