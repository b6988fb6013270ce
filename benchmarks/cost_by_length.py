"""Seconds of decompiling by the length of the true program, drawn from files of results.

python -m benchmarks.cost_by_length RESULTS.jsonl... [--out docs/cost-by-length.svg] [--write]

RESULTS are written by `inverse-tracr evaluate --results`.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results import ROOT, table, write_section
from inverse_tracr.evaluate.facts import facts_of
from inverse_tracr.evaluate.records import Record, Results
from inverse_tracr.report.svg import Element, add, element, svg_file

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 360, 56, 40, 16
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLE = (
    "text{font-family:'DejaVu Sans',sans-serif;font-size:12px;fill:#444}"
    " line,polyline{fill:none} .grid{stroke:#ddd}"
)


@dataclass(frozen=True)
class Curve:
    """Of one test set and method: (length, models, median, p95) in seconds, by length."""

    name: str
    points: tuple[tuple[int, int, float, float], ...]

    @property
    def growth(self) -> float:
        """Factor of the median from one length to the next, fitted over all lengths."""
        lengths = [float(length) for length, _, _, _ in self.points]
        logs = [math.log(max(middle, 1e-3)) for _, _, middle, _ in self.points]
        return math.exp(float(np.polyfit(lengths, logs, 1)[0])) if len(set(lengths)) > 1 else math.nan


def curves(records: Iterable[Record]) -> list[Curve]:
    """The curve of every test set and method of this package."""
    seconds: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if ":" in record.key.method:
            continue
        name = f"{record.test_set}, {record.key.method}"
        seconds[name][facts_of(record.program).length].append(record.answer.seconds)
    return [Curve(name, _points(by_length)) for name, by_length in sorted(seconds.items())]


def _points(by_length: dict[int, list[float]]) -> tuple[tuple[int, int, float, float], ...]:
    return tuple(
        (length, len(found), float(np.median(found)), float(np.quantile(found, 0.95)))
        for length, found in sorted(by_length.items())
    )


def picture(found: Sequence[Curve]) -> str:
    """Medians as lines, 95th percentiles as dashed ones; seconds on a logarithmic axis."""
    lengths = [length for curve in found for length, _, _, _ in curve.points]
    times = [max(t, 1e-3) for curve in found for _, _, middle, high in curve.points for t in (middle, high)]
    first, last = min(lengths), max(*lengths, min(lengths) + 1)
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)) + 1e-9)

    def at(length: float, seconds: float) -> tuple[float, float]:
        x = LEFT + (length - first) / (last - first) * (WIDTH - LEFT - 16)
        share = (math.log10(max(seconds, 1e-3)) - low) / max(high - low, 1)
        return x, HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    root = element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT + 18 * len(found)}", role="img")
    add(root, "title", "Seconds of decompiling by length of the true program")
    for power in range(low, high + 1):
        _, y = at(first, 10.0**power)
        add(root, "line", class_="grid", x1=LEFT, x2=WIDTH - 16, y1=y, y2=y)
        add(root, "text", f"{10.0**power:g} s", x=LEFT - 6, y=y + 4, text_anchor="end")
    for length in range(first, last + 1):
        add(root, "text", str(length), x=at(length, 1)[0], y=HEIGHT - BOTTOM + 18, text_anchor="middle")
    add(root, "text", "lines of the true program", x=WIDTH / 2, y=HEIGHT - 6, text_anchor="middle")
    for number, curve in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        _draw(root, [at(length, middle) for length, _, middle, _ in curve.points], colour, None)
        _draw(root, [at(length, late) for length, _, _, late in curve.points], colour, "4 3")
        y = HEIGHT + 18 * number + 8
        add(root, "line", x1=LEFT, x2=LEFT + 24, y1=y, y2=y, stroke=colour, stroke_width=2)
        add(root, "text", f"{curve.name}: median, p95 dashed", x=LEFT + 32, y=y + 4)
    return svg_file(root, STYLE)


def _draw(root: Element, points: Sequence[tuple[float, float]], colour: str, dashes: str | None) -> None:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    add(root, "polyline", points=text, stroke=colour, stroke_width=2, stroke_dasharray=dashes)


def report(found: Sequence[Curve], name: str) -> str:
    """The section of docs/results.md."""
    growth = "; ".join(f"{curve.name}: {curve.growth:.2f}" for curve in found)
    rows = [
        [curve.name, str(length), str(models), f"{middle:.2f}", f"{late:.2f}", _step(curve, place)]
        for curve in found
        for place, (length, models, middle, late) in enumerate(curve.points)
    ]
    header = ["test set, method", "length", "models", "seconds, median", "p95", "median over the one before"]
    return (
        f"![Seconds by length]({name})\n\nFactor of the median for one more line, fitted over all lengths: "
        f"{growth}.\n\n{table(header, rows)}"
    )


def _step(curve: Curve, place: int) -> str:
    before = curve.points[place - 1][2] if place else 0.0
    return f"{curve.points[place][2] / before:.2f}" if before else "–"


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "cost-by-length.svg")
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    found = curves(record for path in options.results for record in Results(path).all())
    options.out.write_text(picture(found), encoding="utf-8")
    body = report(found, options.out.name)
    print(body)
    if options.write:
        write_section("cost-by-length", "Cost by program length", body)


if __name__ == "__main__":
    main()
