"""Curves of robustness: shares by level, with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cost_by_length import STYLE
from inverse_tracr.evaluate.intervals import Estimate
from inverse_tracr.report.svg import Element, add, element, svg_file

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 480, 280, 56, 40, 28
COLOURS = ("#0072b2", "#999999", "#d55e00", "#009e73")


@dataclass(frozen=True)
class Curve:
    """One share by level: None where nothing was measured."""

    name: str
    shares: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class Panel:
    """Curves over the same levels, which stand at equal distances."""

    title: str
    levels: tuple[float, ...]
    curves: tuple[Curve, ...]


def picture(panels: Sequence[Panel], unit: str) -> str:
    """The panels below each other; `unit` says what levels are."""
    legend = 18 * max(len(panel.curves) for panel in panels)
    root = element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT * len(panels) + legend}", role="img")
    add(root, "title", f"Shares of models by {unit}")
    for number, panel in enumerate(panels):
        _draw(root, panel, unit, HEIGHT * number)
    for number, curve in enumerate(panels[0].curves):
        y = HEIGHT * len(panels) + 18 * number + 6
        add(root, "line", x1=LEFT, x2=LEFT + 24, y1=y, y2=y, stroke=COLOURS[number], stroke_width=2)
        add(root, "text", curve.name, x=LEFT + 32, y=y + 4)
    return svg_file(root, STYLE)


def _draw(root: Element, panel: Panel, unit: str, top: float) -> None:
    low, high = top + HEIGHT - BOTTOM, top + TOP
    step = (WIDTH - LEFT - 48) / max(len(panel.levels) - 1, 1)
    add(root, "text", panel.title, x=LEFT, y=top + 16)
    for percent in range(0, 101, 25):
        y = low + (high - low) * percent / 100
        add(root, "line", class_="grid", x1=LEFT, x2=WIDTH - 16, y1=y, y2=y)
        add(root, "text", f"{percent} %", x=LEFT - 6, y=y + 4, text_anchor="end")
    for place, level in enumerate(panel.levels):
        add(root, "text", f"{level:g}", x=LEFT + 16 + step * place, y=low + 18, text_anchor="middle")
    add(root, "text", unit, x=(LEFT + WIDTH) / 2, y=low + 34, text_anchor="middle")
    for number, curve in enumerate(panel.curves):
        # Curves that lie on one another are told apart by their whiskers.
        aside = LEFT + 16 + 4 * (number - (len(panel.curves) - 1) / 2)
        points: list[str] = []
        for place, share in enumerate(curve.shares):
            if share is None:
                continue
            x = aside + step * place
            middle, least, most = (low + (high - low) * at for at in (share.value, share.low, share.high))
            points.append(f"{x:.1f},{middle:.1f}")
            add(root, "line", x1=x, x2=x, y1=least, y2=most, stroke=COLOURS[number], stroke_opacity=0.5)
            add(root, "circle", cx=x, cy=middle, r=3, fill=COLOURS[number])
        add(root, "polyline", points=" ".join(points), stroke=COLOURS[number], stroke_width=2)
