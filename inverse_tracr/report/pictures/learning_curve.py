"""Learning curves of a meta-model, from the log of its run (Figures 5.6 to 5.9)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from inverse_tracr.errors import BadInputError
from inverse_tracr.report.svg import Element, add, element, svg_file

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420.0, 260.0, 56.0, 32.0, 40.0, 44.0
STYLE = (
    "text{font-family:'DejaVu Sans',sans-serif;font-size:12px;fill:#444} .heading{font-weight:bold}"
    " line,polyline{fill:none} .grid{stroke:#ddd} svg{background:#fff}"
)
COLOURS = ("#0072b2", "#d55e00", "#009e73")


@dataclass(frozen=True)
class Curve:
    """A name and points (programs learned from, value)."""

    name: str
    points: tuple[tuple[float, float], ...]


def learning_curve_picture(log: str, *, where: str = "") -> str:
    """Losses beside shares of right choices, over programs learned from, as the text of an SVG file.

    `log` is the text of a run's `log.jsonl`, `where` its name in errors. Raises BadInputError for one
    without lines, or other ones.
    """
    try:
        lines = [json.loads(row) for row in log.splitlines() if row.strip()]
        losses = [
            Curve("learned", tuple((line["programs"], line["loss"][0]) for line in lines)),
            Curve("held out", tuple((line["programs"], line["held_out_loss"][0]) for line in lines)),
        ]
        shares = [
            Curve(shown, tuple((line["programs"], line[f"{name}_right"]) for line in lines))
            for name, shown in (("operands", "operands"), ("fillings", "functions"), ("programs", "programs"))
        ]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInputError(
            "this is no log of a run",
            where=where,
            expected="lines of JSON as `train` writes them",
            got=str(error),
        ) from error
    if not lines:
        raise BadInputError("the log is empty", where=where, expected="a line or more", got="none")
    root = element(
        "svg", viewBox=f"0 0 {2 * WIDTH:g} {HEIGHT:g}", width=round(2 * WIDTH), height=round(HEIGHT)
    )
    root.set("role", "img")
    root.set("aria-label", "Learning curves: losses, and shares of right choices on held-out programs")
    _panel(root, 0.0, "nats a program, right on the probes", losses, logarithmic=True)
    _panel(root, WIDTH, "right on held-out programs", shares, logarithmic=False)
    return svg_file(root, STYLE)


def _panel(root: Element, left: float, title: str, curves: Sequence[Curve], *, logarithmic: bool) -> None:
    panel = add(root, "g", transform=f"translate({left:g} 0)")
    add(panel, "text", title, x=LEFT, y=18, class_="heading")
    last = max(x for curve in curves for x, _ in curve.points)
    values = [y for curve in curves for _, y in curve.points]
    low, high = (min(values) * 0.9, max(values) * 1.1) if logarithmic else (0.0, 1.0)
    low = max(low, 1e-3) if logarithmic else low

    def height(value: float) -> float:
        if logarithmic:
            share = math.log(max(value, low) / low) / math.log(high / low) if high > low else 0.5
        else:
            share = value
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    for tick in range(5):
        value = low * (high / low) ** (tick / 4) if logarithmic else tick / 4
        add(panel, "line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=height(value), y2=height(value))
        add(panel, "text", f"{value:.2g}", x=LEFT - 6, y=height(value) + 4, text_anchor="end")
    for tick in range(3):
        x = LEFT + tick / 2 * (WIDTH - LEFT - RIGHT)
        add(panel, "text", f"{last * tick / 2:,.0f}", x=x, y=HEIGHT - BOTTOM + 18, text_anchor="middle")
    add(panel, "text", "programs learned from", x=(LEFT + WIDTH) / 2, y=HEIGHT - 8, text_anchor="middle")
    for place, curve in enumerate(curves):
        colour = COLOURS[place]
        points = [(LEFT + x / last * (WIDTH - LEFT - RIGHT), height(y)) for x, y in curve.points]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        add(panel, "polyline", points=text, stroke=colour, stroke_width=2)
        x, y = points[-1]  # a dot, as a run with one check has no line
        add(panel, "circle", cx=x, cy=y, r=3, fill=colour)
        add(panel, "text", curve.name, x=LEFT + 96 * place, y=34, style=f"fill:{colour}")
