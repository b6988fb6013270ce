"""Beam search: the programs that the network finds most likely for a model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.context import explained_heads
from inverse_tracr.metamodel.depths import Depths
from inverse_tracr.metamodel.evidence import cost_of_leaving, left_here
from inverse_tracr.metamodel.fillings import Filling, fillings
from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.metamodel.memory import Memory
from inverse_tracr.metamodel.moves import Moves, read_streams
from inverse_tracr.metamodel.network import Batch, MetaModel
from inverse_tracr.metamodel.operands import next_operands
from inverse_tracr.metamodel.sites import SITES, draw_sites
from inverse_tracr.metamodel.state import State, begin, output_match
from inverse_tracr.metamodel.view import view
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import (
    Aggregate,
    Line,
    Program,
    Ref,
    Select,
    SelectorWidth,
    operands,
    with_operands,
)

Scores = NDArray[np.float64]

LEAST_SHARE = 0.01
"""Probability below which a possibility is not followed."""

LEAVING = 0.5
"""Share of what a half-layer costs of which something is left that is asked for when it is left."""

MOST_HERE = 8
"""Lines that one half-layer may write."""


@dataclass(frozen=True)
class Guess:
    """A program, its log-probability under the network, and the share of sites where its output is right.

    `halves` and `heads`: for each line the half-layer and the heads in which it was seen; `probes`: inputs on
    which the model was executed; `state`: the lines on them; `moves`: the model on them.
    """

    program: Program
    score: float
    match: float
    halves: tuple[int | None, ...]
    heads: tuple[tuple[str, ...], ...]
    probes: int
    state: State
    moves: Moves

    def with_state(self, program: Program, state: State) -> Guess:
        """The guess with other lines."""
        halves, heads = _evidence(state)
        return replace(self, program=program, state=state, halves=halves, heads=heads)

    def probability(self, temperature: float) -> float:
        """The probability that the program is right, by the temperature that calibrates the score."""
        return math.exp(min(self.score / temperature, 0.0))


@dataclass(frozen=True)
class _Path:
    state: State
    score: float


@dataclass(frozen=True)
class _Search:
    network: MetaModel
    moves: Moves
    width: int
    free: bool


def guesses(
    network: MetaModel,
    model: TransformerProgram,
    *,
    width: int = 8,
    key: int = 0,
    sites: int = SITES,
    inputs: tuple[tuple[int, ...], ...] = (),
    free: bool = False,
) -> list[Guess]:
    """At most `width` programs, the most likely first.

    `key` draws the probes, which have `sites` positions and `inputs` (vocabulary indices) among them. `free`:
    lines may stand where the compiler would not put them, and half-layers be left half explained, at no cost.

    Half-layer by half-layer, `width` half-written programs are kept; two that wrote the same lines in
    different orders are one.
    """
    signature = model.signature
    probes = draw_sites(signature, key=key, count=sites, inputs=inputs)
    start = begin(signature, view(model, probes, key=key))
    moves = Moves(model.weights(), read_streams(model, probes))
    paths = [_Path(start, 0.0)]
    while not paths[0].state.over:
        paths = _half_layer(_Search(network, moves, width, free), paths)
    found: list[Guess] = []
    for path in paths:
        program = path.state.program()
        if program is not None:
            match = output_match(path.state.column(program.output), path.state.view)
            halves, heads = _evidence(path.state)
            inputs_seen = len(probes.grid.blocks)
            found.append(Guess(program, path.score, match, halves, heads, inputs_seen, path.state, moves))
    # What does not name the outputs on the probes themselves comes last.
    return sorted(found, key=lambda g: (round(g.match, 2), g.score), reverse=True)


def _evidence(state: State) -> tuple[tuple[int | None, ...], tuple[tuple[str, ...], ...]]:
    """For each line the half-layer that it was read from, and the heads whose scores it explains."""
    halves: list[int | None] = [None] * len(state.lines)
    heads: list[tuple[str, ...]] = [()] * len(state.lines)
    for column in state.columns:
        if column.ref < 0:
            continue
        line = state.lines[column.ref]
        halves[column.ref] = column.made - isinstance(line, SelectorWidth)
        if isinstance(line, Aggregate | SelectorWidth):
            own = explained_heads(state, line.selector, column.made // 2)
            heads[column.ref] = heads[line.selector] = own
            halves[line.selector] = halves[column.ref]
    return tuple(halves), tuple(heads)


def _half_layer(search: _Search, paths: list[_Path]) -> list[_Path]:
    """The paths after the half-layer at hand."""
    width, memory = search.width, Memory()
    done: list[_Path] = []
    for _ in range(MOST_HERE + 1):
        grown: list[_Path] = []
        for path in paths:
            for child in _children(search, path, memory):
                (done if child.state.half > path.state.half else grown).append(child)
        bar = sorted((p.score for p in done), reverse=True)[:width]
        least = bar[-1] if len(bar) == width else -np.inf
        paths = [p for p in _best(grown, width) if p.score > least]
        if not paths:
            return _best(done, width)
    return _best(done + [_left(path) for path in paths], width)


def _left(path: _Path) -> _Path:
    """The path behind a half-layer that nothing likely explains."""
    return _Path(path.state.advanced(), path.score + math.log(LEAST_SHARE))


def _children(search: _Search, path: _Path, memory: Memory) -> Iterator[_Path]:
    state, network, width = path.state, search.network, search.width
    found = next_operands(state, memory)
    if not found.pairs:
        yield replace(path, state=state.advanced())
        return
    decision = Decision(found.features, found.context, None, np.zeros(len(found.pairs) + 1, np.intp))
    logs, leave = _log_probabilities(network, decision)
    depths = Depths(state)
    if not search.free:
        leave -= LEAVING * cost_of_leaving(left_here(state, search.moves))
        logs = logs - depths.of_operands(found.pairs)
    least = math.log(LEAST_SHARE) + float(np.logaddexp.reduce([leave, *logs]))
    grows = False
    for at in np.argsort(-logs)[:width].tolist():
        if logs[at] < least:
            break
        filling = fillings(state, found.pairs[at], memory)
        costs = search.moves.costs(state, filling)
        if not search.free:
            costs = costs + depths.of_lines(filling)
        for lines, log in _likely(network, filling, costs, width, numbers=state.view.numbers is not None):
            log += float(logs[at])
            grown = _written(state, lines)
            if grown is None:
                # Of two heads that do the same one is explained: who would write it again would leave.
                leave = float(np.logaddexp(leave, log))
                continue
            grows = True
            yield _Path(grown, path.score + log)
    if leave > least:
        yield _Path(state.advanced(), path.score + leave)
    elif not grows:
        yield _left(path)


def _log_probabilities(network: MetaModel, decision: Decision) -> tuple[Scores, float]:
    with torch.inference_mode():
        logs, leave = network.log_probabilities(Batch.of([decision]))
    return logs.numpy().astype(np.float64), -np.inf if leave is None else float(leave[0])


def _likely(
    network: MetaModel, filling: Filling, costs: Scores, width: int, *, numbers: bool
) -> Iterable[tuple[tuple[Line, ...], float]]:
    """The likeliest lines; those that are the same on the sites share one place, with their sum.

    Where the model puts out `numbers`, a mean of zeros and ones is not what it is of ones and zeros.
    """
    if not filling.lines:
        return []
    nothing = np.zeros(len(filling.lines), np.intp)
    decision = Decision(filling.features, filling.context, filling.kinds, nothing)
    logs = _log_probabilities(network, decision)[0] - costs
    lost = float(np.logaddexp.reduce(logs))
    logs = logs - lost
    places: dict[object, int] = {}
    sums: dict[object, float] = {}
    order = np.argsort(-logs, kind="stable")
    for at in order.tolist():
        if logs[at] < math.log(LEAST_SHARE / 10):
            break
        column, line = filling.columns[at], filling.lines[at][-1]
        reader = (type(line).__name__, operands(line)[1:] if len(filling.lines[at]) > 1 else ())
        exact = numbers and set(column.values) <= {0, 1}
        key = (reader, column.numerical, column.key if exact else column.classes)
        places.setdefault(key, at)
        sums[key] = sums.get(key, 0.0) + math.exp(logs[at])
    ranked = sorted(zip(places.values(), sums.values(), strict=True), key=lambda pair: -pair[1])
    return [(filling.lines[at], lost + float(np.log(p))) for at, p in ranked[:width] if p > LEAST_SHARE]


def _written(state: State, lines: tuple[Line, ...]) -> State | None:
    """The state with lines written; None where that adds nothing."""
    *selects, last = lines
    ref: Ref | None = None
    for select in selects:
        assert isinstance(select, Select)
        state, ref = state.with_select(select)
    if ref is not None:
        last = with_operands(last, (ref, *operands(last)[1:]))
    return None if last in state.lines else state.with_line(last)


def _best(paths: list[_Path], width: int) -> list[_Path]:
    """The likeliest paths, those with the same lines joined."""
    joined: dict[frozenset[object], _Path] = {}
    for path in sorted(paths, key=lambda p: p.score, reverse=True):
        key = frozenset(_resolved(path.state))
        other = joined.get(key)
        score = path.score if other is None else float(np.logaddexp(other.score, path.score))
        joined[key] = replace(other or path, score=score)
    return sorted(joined.values(), key=lambda p: p.score, reverse=True)[:width]


def _resolved(state: State) -> list[object]:
    """Each line with its operands written out as hashes, so that the order of lines does not matter."""
    known: dict[Ref, object] = {-2: -2, -1: -1}
    for at, line in enumerate(state.lines):
        plain = with_operands(line, tuple(0 for _ in operands(line)))
        known[at] = hash((plain, tuple(known[ref] for ref in operands(line))))
    return list(known.values())
