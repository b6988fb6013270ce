"""The program as a graph: a node a line, input and unexplained part; an edge for each operand."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from inverse_tracr.rasp.program import INDICES, TOKENS, operands
from inverse_tracr.report.parts import EMBEDDING, Sublayer
from inverse_tracr.report.study import Study
from inverse_tracr.report.text import clipped, function_text, operation

NAME_WIDTH, TEXT_WIDTH = 16, 26


class NodeKind(enum.Enum):
    """What a node stands for; the words are classes of the style sheet."""

    INPUT = "input"
    ATTENTION = "attention"
    MLP = "mlp"
    PART = "part"
    OUTPUT = "output"


@dataclass(frozen=True)
class Node:
    """A box of the graph: a name with an operation, a short text, a full one, and the rank it stands in."""

    kind: NodeKind
    rank: int
    name: str
    operation: str
    text: str
    full: str
    line: int | None = None
    measured: bool = True


@dataclass(frozen=True)
class Edge:
    """Node `source` is an operand of node `target`."""

    source: int
    target: int


@dataclass(frozen=True)
class Graph:
    """Nodes and edges; `ranks` are the half-layers that have something, from the inputs to the output."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    output_rank: int


def graph_of(study: Study) -> Graph:
    """The graph of a study, its nodes in the order of the program."""
    nodes = [*_input_nodes(study), *_line_nodes(study), *_part_nodes(study)]
    output_rank = len(study.halves)
    place = {node.line: i for i, node in enumerate(nodes) if node.line is not None}
    edges: list[Edge] = []
    program = study.found.program
    if program is not None:
        for position, line in enumerate(program.lines):
            edges += [Edge(place[ref], place[position]) for ref in dict.fromkeys(operands(line))]
        says = f"the model's output is {program.name(program.output)}"
        nodes.append(Node(NodeKind.OUTPUT, output_rank, "output", "", "", says))
        edges.append(Edge(place[program.output], len(nodes) - 1))
    return Graph(tuple(nodes), tuple(edges), output_rank)


def _input_nodes(study: Study) -> list[Node]:
    """`tokens` and `indices`, the latter only where a line reads it."""
    program = study.found.program
    read = {TOKENS} if program is None else {ref for line in program.lines for ref in operands(line)}
    named = {TOKENS: "tokens", INDICES: "indices"}
    return [
        Node(NodeKind.INPUT, EMBEDDING, name, "", "", f"{name}, an input of the program", ref)
        for ref, name in named.items()
        if ref in read or ref == TOKENS
    ]


def _line_nodes(study: Study) -> list[Node]:
    program = study.found.program
    if program is None:
        return []
    nodes: list[Node] = []
    for position, line in enumerate(program.lines):
        place = study.places[position]
        sublayer = Sublayer.MLP if place.rank % 2 else Sublayer.ATTENTION
        kind = NodeKind.MLP if sublayer is Sublayer.MLP else NodeKind.ATTENTION
        name = clipped(program.names[position], NAME_WIDTH)
        text = clipped(function_text(line), TEXT_WIDTH)
        full = f"{study.line(position)} — {study.where(position)}"
        nodes.append(Node(kind, place.rank, name, operation(line), text, full, position, place.measured))
    return nodes


def _part_nodes(study: Study) -> list[Node]:
    """Heads and MLPs in use that no line explains."""
    nodes: list[Node] = []
    for half in study.halves:
        for head in study.unclaimed_heads(half):
            name = f"head {half.layer}.{head}"
            full = f"{name}: no line explains it"
            nodes.append(Node(NodeKind.PART, half.rank, name, "", "not explained", full))
        if study.unclaimed_neurons(half):
            text = f"{len(half.neurons)} neurons, not explained"
            full = f"MLP of layer {half.layer}, {len(half.neurons)} neurons: no line explains it"
            nodes.append(Node(NodeKind.PART, half.rank, f"MLP {half.layer}", "", text, full))
    return nodes
