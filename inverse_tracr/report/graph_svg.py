"""Drawing the graph: half-layers as bands from top to bottom, the residual stream's subspaces as lanes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from inverse_tracr.rasp.program import Ref, operands
from inverse_tracr.report.graph import Graph, Node, NodeKind, graph_of
from inverse_tracr.report.layout import Layout, lay_out
from inverse_tracr.report.parts import EMBEDDING, HalfLayer, Sublayer
from inverse_tracr.report.study import Study
from inverse_tracr.report.style import picture_style
from inverse_tracr.report.subspaces import Subspace
from inverse_tracr.report.svg import Element, add, element, svg_file
from inverse_tracr.report.text import clipped

HEIGHT, ROW_GAP, PADDING, EMPTY = 42.0, 30.0, 15.0, 22.0
TOP, LEFT, MARGIN = 26.0, 122.0, 16.0
LANE, LABELS = 22.0, 96.0
NAME_CHAR, TEXT_CHAR = 7.6, 6.7
PORT = 12.0


@dataclass(frozen=True)
class _Band:
    """A half-layer's stripe: where it begins, how tall it is, and the first of its rows of boxes."""

    rank: int
    name: str
    note: str
    top: float
    height: float
    row: int
    rows: int


def graph_svg(study: Study, *, interactive: bool = False) -> Element:
    """The graph as an `svg` element; `interactive` makes boxes focusable, for the page."""
    return _Drawing(study, interactive).draw()


def graph_picture(study: Study) -> str:
    """The graph as an SVG file."""
    return svg_file(graph_svg(study), picture_style("graph.css"))


class _Drawing:
    """One drawing: bands and boxes are placed first, then drawn from back to front."""

    def __init__(self, study: Study, interactive: bool) -> None:
        self._study = study
        self._interactive = interactive
        self._graph = graph_of(study)
        rows_of = _rows(self._graph)
        self._bands = _bands(study, self._graph, rows_of)
        first = {band.rank: band.row for band in self._bands}
        self._rows = [first[n.rank] + r for n, r in zip(self._graph.nodes, rows_of, strict=True)]
        self._widths = [_width(node) for node in self._graph.nodes]
        edges = [(edge.source, edge.target) for edge in self._graph.edges]
        self._layout: Layout = lay_out(self._rows, self._widths, edges)
        self._lanes_at = LEFT + self._layout.width + 2 * MARGIN

    def draw(self) -> Element:
        lanes = self._study.spaces if self._has_lanes() else ()
        bottom = self._bands[-1].top + self._bands[-1].height
        width = self._lanes_at + LANE * len(lanes) + MARGIN
        height = bottom + (LABELS if lanes else MARGIN)
        root = element(
            "svg",
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=round(width),
            height=round(height),
            class_="graph",
            role="group" if self._interactive else "img",
            aria_label="The program as a graph: half-layers from top to bottom, a box for each line",
        )
        self._draw_bands(root, width)
        if lanes:
            heading = {"x": self._lanes_at, "y": TOP - 10, "class_": "heading"}
            add(root, "text", "residual stream", **heading)
            add(root, "text", "● writes   ○ reads", x=10, y=TOP - 10, class_="rank")
        for i, space in enumerate(lanes):
            self._draw_lane(root, space, self._lanes_at + LANE * i, bottom)
        for i in range(len(self._graph.edges)):
            self._draw_edge(root, i)
        for i, node in enumerate(self._graph.nodes):
            self._draw_node(root, i, node)
        return root

    def _has_lanes(self) -> bool:
        return any(space.ref is not None for space in self._study.spaces)

    def _draw_bands(self, root: Element, width: float) -> None:
        for band in self._bands:
            quiet = band.rank % 2 == 1 and band.rank < self._graph.output_rank
            add(
                root,
                "rect",
                x=0,
                y=band.top,
                width=width,
                height=band.height,
                class_="band-quiet" if quiet else "band",
                data_rank=band.rank if self._interactive else None,
            )
            middle = band.top + band.height / 2 + 4
            add(root, "text", band.name, x=10, y=middle - (7 if band.note else 0), class_="rank")
            if band.note:
                add(root, "text", band.note, x=10, y=middle + 8, class_="rank note")

    def _draw_lane(self, root: Element, space: Subspace, x: float, bottom: float) -> None:
        group = add(root, "g", class_="lane", data_lines=_lines_of(space.ref))
        band = next(band for band in self._bands if band.rank == space.written)
        centre, start = x + LANE / 2, band.top + band.height / 2
        add(group, "title", f"{space.name}: {_counted(len(space.dims), 'dimension')}, {_span(space.dims)}")
        bar = {"x": centre - 5, "y": start, "width": 10, "height": bottom - start + 4, "rx": 4}
        add(group, "rect", class_="lane-bar", **bar)
        for reader in self._readers(space.ref):
            add(group, "circle", cx=centre, cy=reader.top + reader.height / 2, r=3.5, class_="read")
        add(group, "circle", cx=centre, cy=start, r=4, class_="wrote")
        label = f"{clipped(space.name, 9)} ·{len(space.dims)}"
        place = f"rotate(90 {centre - 3.5:.1f} {bottom + 10:.1f})"
        spot = {"x": centre - 3.5, "y": bottom + 10, "transform": place}
        add(group, "text", label, class_="lane-label", **spot)

    def _readers(self, ref: Ref | None) -> list[_Band]:
        """Bands of the lines that read an s-op; a select reads where its head is."""
        program = self._study.found.program
        if program is None or ref is None:
            return []
        places = self._study.places
        readers = [p for p, line in enumerate(program.lines) if ref in operands(line)]
        ranks = {places[p].rank for p in readers}
        if program.output == ref:
            ranks.add(self._graph.output_rank)
        return [band for band in self._bands if band.rank in ranks]

    def _draw_node(self, root: Element, index: int, node: Node) -> None:
        x, y, width = self._layout.centres[index] + LEFT, self._top(self._rows[index]), self._widths[index]
        classes = ["node", node.kind.value] + ([] if node.measured else ["guessed"])
        focus = {"tabindex": 0, "role": "button", "aria_pressed": "false", "aria_label": node.full}
        active = self._interactive and node.line is not None
        lines = "output" if node.kind is NodeKind.OUTPUT else _lines_of(node.line)
        group = add(root, "g", class_=" ".join(classes), data_lines=lines, **(focus if active else {}))
        add(group, "title", node.full)
        box = {"x": x - width / 2, "y": y, "width": width, "height": HEIGHT, "rx": 7}
        add(group, "rect", **box)
        name = add(group, "text", x=x, y=y + (18 if node.text else 26), text_anchor="middle")
        add(name, "tspan", node.name, class_="name")
        if node.operation:
            add(name, "tspan", node.operation, class_="operation", dx=7)
        if node.text:
            add(group, "text", node.text, x=x, y=y + 34, text_anchor="middle", class_="text")

    def _draw_edge(self, root: Element, index: int) -> None:
        edge = self._graph.edges[index]
        points = self._path(index, edge.source, edge.target)
        nodes = self._graph.nodes
        target = (
            "output" if nodes[edge.target].kind is NodeKind.OUTPUT else _lines_of(nodes[edge.target].line)
        )
        add(
            root,
            "path",
            d=_curve(points),
            class_="edge",
            data_from=_lines_of(nodes[edge.source].line),
            data_to=target,
        )

    def _path(self, index: int, source: int, target: int) -> list[tuple[float, float]]:
        """Where an edge begins, the rows that it crosses (top and bottom of each), and where it ends."""
        points = [(self._layout.centres[source] + LEFT, self._top(self._rows[source]) + HEIGHT)]
        for row, x in self._layout.bends[index]:
            top, height = self._row_box(row)
            points += [(x + LEFT, top), (x + LEFT, top + height)]
        entering = [i for i, edge in enumerate(self._graph.edges) if edge.target == target]
        entering.sort(key=self._last_centre)
        shift = (entering.index(index) - (len(entering) - 1) / 2) * PORT
        points.append((self._layout.centres[target] + LEFT + shift, self._top(self._rows[target])))
        return points

    def _last_centre(self, index: int) -> tuple[float, int]:
        """Where an edge is just before it enters its target."""
        bends = self._layout.bends[index]
        return (bends[-1][1] if bends else self._layout.centres[self._graph.edges[index].source]), index

    def _top(self, row: int) -> float:
        return self._row_box(row)[0]

    def _row_box(self, row: int) -> tuple[float, float]:
        """Where a row begins and how tall it is."""
        band = next(band for band in self._bands if band.row <= row < band.row + max(band.rows, 1))
        if not band.rows:
            return band.top, band.height
        return band.top + PADDING + (row - band.row) * (HEIGHT + ROW_GAP), HEIGHT


def _rows(graph: Graph) -> list[int]:
    """For each node its row within its band: below its operands of the same band."""
    rows = [0] * len(graph.nodes)
    for edge in sorted(graph.edges, key=lambda e: e.target):
        if graph.nodes[edge.source].rank == graph.nodes[edge.target].rank:
            rows[edge.target] = max(rows[edge.target], rows[edge.source] + 1)
    return rows


def _bands(study: Study, graph: Graph, rows: list[int]) -> list[_Band]:
    names = {EMBEDDING: "inputs", graph.output_rank: "output"}
    names |= {half.rank: half.name for half in study.halves}
    notes = {half.rank: _note(half) for half in study.halves}
    bands: list[_Band] = []
    top, row = TOP, 0
    for rank in range(EMBEDDING, graph.output_rank + 1):
        here = [r for node, r in zip(graph.nodes, rows, strict=True) if node.rank == rank]
        count = max(here) + 1 if here else 0
        height = count * HEIGHT + (count - 1) * ROW_GAP + 2 * PADDING if count else EMPTY
        note = notes.get(rank, "") if count else ""
        bands.append(_Band(rank, names[rank], note, top, height, row, count))
        top, row = top + height, row + max(count, 1)
    return bands


def _note(half: HalfLayer) -> str:
    """How many heads or neurons of a half-layer do something."""
    if half.sublayer is Sublayer.MLP:
        return _counted(len(half.neurons), "neuron")
    return _counted(len(half.heads), "head")


def _width(node: Node) -> float:
    characters = len(node.name) + len(node.operation) + (1 if node.operation else 0)
    return max(characters * NAME_CHAR, len(node.text) * TEXT_CHAR, 48.0) + 22


def _curve(points: list[tuple[float, float]]) -> str:
    """A smooth path through points, vertical at each."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (u, v) in pairwise(points):
        if abs(x - u) < 0.05:
            parts.append(f"L{u:.1f} {v:.1f}")
        else:
            bend = max((v - y) / 2, 10.0)
            parts.append(f"C{x:.1f} {y + bend:.1f} {u:.1f} {v - bend:.1f} {u:.1f} {v:.1f}")
    return "".join(parts)


def _lines_of(ref: Ref | None) -> str | None:
    return None if ref is None else str(ref)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _span(dims: tuple[int, ...]) -> str:
    return "number " + ", ".join(str(dim) for dim in dims[:12]) + (", …" if len(dims) > 12 else "")
