"""A program before and after its canonical form: what is pruned, and the order (Figures 4.2 and 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.fusion import live_positions
from inverse_tracr.rasp.program import INDICES, TOKENS, Aggregate, Ref, Select, SelectorWidth, operands
from inverse_tracr.report.layout import lay_out
from inverse_tracr.report.style import picture_style
from inverse_tracr.report.svg import Element, add, element, svg_file
from inverse_tracr.report.text import clipped, function_text, operation

STEP, HEIGHT, TOP, MARGIN, CHAR = 74.0, 42.0, 44.0, 24.0, 7.4
_MOST = 26
"""Characters of a function that stand in a box."""


@dataclass(frozen=True)
class _Box:
    kind: str
    title: str
    text: str
    row: int

    @property
    def width(self) -> float:
        return max(len(self.title), len(self.text)) * CHAR + 18


def pruning_picture(program: Program, signature: Signature) -> str:
    """The program as written beside its canonical form; rows are depths.

    Lines that the output does not depend on are dashed.
    """
    found = canonical(program, signature)
    live = set(live_positions(program.lines, program.output))
    every = set(range(len(found)))
    lost = len(program) - len(found)
    titles = [f"as written: {len(program)} lines", f"canonical: {len(found)} lines ({lost} fewer)"]
    panels = [_panel(program, live), _panel(found, every)]
    root = element("svg", class_="graph", role="img", aria_label="A program before and after pruning")
    x, tall = MARGIN, 0.0
    for title, (panel, width, height) in zip(titles, panels, strict=True):
        add(root, "text", title, x=x, y=24, class_="heading")
        panel.set("transform", f"translate({x:.1f} {TOP:.1f})")
        root.append(panel)
        x += max(width, len(title) * CHAR) + 2 * MARGIN
        tall = max(tall, height)
    size = {"width": round(x), "height": round(TOP + tall + MARGIN)}
    root.set("viewBox", f"0 0 {size['width']} {size['height']}")
    for name, length in size.items():
        root.set(name, str(length))
    return svg_file(root, picture_style("graph.css"))


def _panel(program: Program, live: set[int]) -> tuple[Element, float, float]:
    """One program as a graph, with its width and height."""
    boxes = [_Box("input", "tokens", "", 0), _Box("input", "indices", "", 0)]
    rows = _depths(program)
    for position, line in enumerate(program.lines):
        kind = "attention" if isinstance(line, Select | Aggregate | SelectorWidth) else "mlp"
        title = f"{clipped(program.names[position], 16)} {operation(line)}"
        kind = kind if position in live else "part"
        boxes.append(_Box(kind, title, clipped(function_text(line), _MOST), rows[position]))
    boxes.append(_Box("output", "output", "", rows[program.output] + 1))
    edges = [(ref + 2, position + 2) for position, line in enumerate(program.lines) for ref in operands(line)]
    edges = [*dict.fromkeys(edges), (program.output + 2, len(boxes) - 1)]
    laid = lay_out([box.row for box in boxes], [box.width for box in boxes], edges)
    group = element("g")
    for (source, target), bends in zip(edges, laid.bends, strict=True):
        ends = [(boxes[end].row, laid.centres[end]) for end in (source, target)]
        _draw_edge(group, [ends[0], *bends, ends[1]])
    for box, centre in zip(boxes, laid.centres, strict=True):
        _draw_box(group, box, centre)
    return group, laid.width, STEP * max(box.row for box in boxes) + HEIGHT


def _depths(program: Program) -> list[int]:
    """Row of each line: one more than the deepest of its operands; inputs are in row 0."""
    rows: dict[Ref, int] = {TOKENS: 0, INDICES: 0}
    for position, line in enumerate(program.lines):
        rows[position] = 1 + max(rows[ref] for ref in operands(line))
    return [rows[position] for position in range(len(program))]


def _draw_box(group: Element, box: _Box, centre: float) -> None:
    node = add(group, "g", class_=f"node {box.kind}")
    corner = {"x": centre - box.width / 2, "y": STEP * box.row}
    add(node, "rect", width=box.width, height=HEIGHT, rx=7, **corner)
    middle = STEP * box.row + HEIGHT / 2 + (-3 if box.text else 4)
    add(node, "text", box.title, x=centre, y=middle, text_anchor="middle", class_="operation")
    if box.text:
        add(node, "text", box.text, x=centre, y=middle + 15, text_anchor="middle", class_="text")


def _draw_edge(group: Element, points: list[tuple[int, float]]) -> None:
    """A line from the foot of its first box through the rows between to the head of its last."""
    path = f"M{points[0][1]:.1f} {STEP * points[0][0] + HEIGHT:.1f}"
    for (above, left), (below, right) in pairwise(points):
        start, end = STEP * above + HEIGHT, STEP * below
        bend = (end - start) / 2
        path += f"C{left:.1f} {start + bend:.1f} {right:.1f} {end - bend:.1f} {right:.1f} {end:.1f}"
        if (below, right) != points[-1]:
            path += f"V{end + HEIGHT:.1f}"
    add(group, "path", d=path, class_="edge")
