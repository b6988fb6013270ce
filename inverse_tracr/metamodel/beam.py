"""Beam search: the programs that the network finds most likely for a model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.metamodel.columns import select
from inverse_tracr.metamodel.context import explained_heads
from inverse_tracr.metamodel.depths import Depths
from inverse_tracr.metamodel.evidence import cost_of_leaving, left_here
from inverse_tracr.metamodel.fillings import Filling, fillings
from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.metamodel.loose import Loose
from inverse_tracr.metamodel.loosening import loose_view
from inverse_tracr.metamodel.memory import Memory
from inverse_tracr.metamodel.moves import Moves, read_streams
from inverse_tracr.metamodel.network import Batch, MetaModel
from inverse_tracr.metamodel.operands import NONE, next_operands
from inverse_tracr.metamodel.sites import SITES, draw_sites
from inverse_tracr.metamodel.state import State, begin, output_match, with_told_values
from inverse_tracr.metamodel.view import view
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import (
    Aggregate,
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

UNLIKELY = -math.log(LEAST_SHARE)
"""Nats of leaving a half-layer that nothing likely explains."""

LEAVING = 0.5
"""Share of what a half-layer costs of which something is left that is asked for when it is left."""

UNREAD, PARTS_LEFT = 30.0, 100.0
"""Nats of operands that are not read, and of leaving a half-layer of which parts are left, where streams are
loose.
"""

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

    def behind(self, path: _Path, cost: float) -> Iterator[_Path]:
        """The path behind the half-layer at hand; none where streams are loose and lines leave something of
        what it writes.
        """
        state = path.state.with_unchosen()
        if state.view.loose is None or cost_of_leaving(left_here(state, self.moves)) == 0:
            yield _Path(state.advanced(), path.score - cost)


def guesses(
    network: MetaModel,
    model: TransformerProgram,
    *,
    width: int = 8,
    key: int = 0,
    sites: int = SITES,
    inputs: tuple[tuple[int, ...], ...] = (),
    free: bool = False,
    loose: bool = False,
) -> list[Guess]:
    """At most `width` programs, the most likely first.

    `key` draws the probes, which have `sites` positions and `inputs` (vocabulary indices) among them. `free`:
    lines may stand where the compiler would not put them, and half-layers be left half explained, at no cost.
    `loose`: on streams that no input gives.

    Half-layer by half-layer, `width` half-written programs are kept; two that wrote the same lines in
    different orders are one.
    """
    signature = model.signature
    probes = draw_sites(signature, key=key, count=sites, inputs=inputs)
    if loose:
        seen = loose_view(model, probes, key=key)
    else:
        seen = view(model, probes, key=key)
    start = begin(signature, seen)
    moves = seen.loose.moves if seen.loose else Moves(model.weights(), read_streams(model, probes))
    paths = [_Path(start, 0.0)]
    while paths and not paths[0].state.over:
        paths = _half_layer(_Search(network, moves, width, free), paths)
    found: list[Guess] = []
    for path in paths:
        program = path.state.program()
        if program is not None and loose:
            program = with_told_values(program, path.state)
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
    return _best(done + [behind for path in paths for behind in search.behind(path, UNLIKELY)], width)


def _children(search: _Search, path: _Path, memory: Memory) -> Iterator[_Path]:
    state, network, width = path.state, search.network, search.width
    found = next_operands(state, memory)
    if not found.pairs:
        yield from search.behind(path, 0.0)
        return
    decision = Decision(found.features, found.context, None, np.zeros(len(found.pairs) + 1, np.intp))
    logs, leave = _log_probabilities(network, decision)
    depths = Depths(state)
    if not search.free:
        leave -= LEAVING * cost_of_leaving(left_here(state, search.moves))
        logs = logs - depths.of_operands(found.pairs) - _unread(state, found.pairs)
        leave -= PARTS_LEFT * _parts_left(state)
    least = math.log(LEAST_SHARE) + float(np.logaddexp.reduce([leave, *logs]))
    grows = False
    for at in np.argsort(-logs)[:width].tolist():
        if logs[at] < least:
            break
        filling = fillings(state, found.pairs[at], memory)
        costs = search.moves.costs(state, filling)
        if not search.free:
            costs = costs + depths.of_lines(filling)
        for place, log in _likely(network, filling, costs, width, numbers=state.view.numbers is not None):
            log += float(logs[at])
            grown = _written(state, filling, place)
            if grown is None:
                # Of two heads that do the same one is explained: who would write it again would leave.
                leave = float(np.logaddexp(leave, log))
                continue
            grows = True
            yield _Path(grown, path.score + log)
    if leave > least:
        yield from search.behind(path, -leave)
    elif not grows:
        yield from search.behind(path, UNLIKELY)


def _parts_left(state: State) -> bool:
    """Whether streams are loose and parts of the half-layer at hand are left that no line writes."""
    return state.view.loose is not None and bool(state.view.loose.left(state.half, state.taken))


def _unread(state: State, pairs: tuple[tuple[Ref, Ref], ...]) -> Scores:
    """What pairs of operands cost that the parts which are left do not read, where streams are loose."""
    loose = state.view.loose
    if loose is None:
        return np.zeros(len(pairs))
    columns, left = state.readable(), loose.left(state.half, state.taken)
    places = {column.ref: at for at, column in enumerate(columns)}
    at = [(places[first], places.get(second, NONE)) for first, second in pairs]
    if state.attention:
        costs = loose.wiring.attended_by(state.half, left, columns)
        return UNREAD * np.array([costs[key, query] for key, query in at])
    alone, together = loose.wiring.read(state.half, left, columns)
    read = np.array([alone[i] if j == NONE else together[i, j] for i, j in at])
    return PARTS_LEFT * ~read


def _log_probabilities(network: MetaModel, decision: Decision) -> tuple[Scores, float]:
    with torch.inference_mode():
        logs, leave = network.log_probabilities(Batch.of([decision]))
    return logs.numpy().astype(np.float64), -np.inf if leave is None else float(leave[0])


def _likely(
    network: MetaModel, filling: Filling, costs: Scores, width: int, *, numbers: bool
) -> Iterable[tuple[int, float]]:
    """The places of the likeliest lines; those that are the same on the sites share one, with their sum.

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
    return [(at, lost + float(np.log(p))) for at, p in ranked[:width] if p > LEAST_SHARE]


def _written(state: State, filling: Filling, place: int) -> State | None:
    """The state with the lines of a filling written; None where that adds nothing."""
    *selects, last = filling.lines[place]
    loose, column, head = state.view.loose, filling.columns[place], None
    if loose is not None and filling.heads:
        head = filling.heads[place][0]
    ref: Ref | None = None
    for chooses in selects:
        assert isinstance(chooses, Select)
        if loose is not None and head is not None:
            chooses = _whole(state, loose, head, chooses)
        state, ref = state.with_select(chooses)
    if ref is not None:
        last = with_operands(last, (ref, *operands(last)[1:]))
    directions = dict(zip(column.values, column.directions, strict=False))
    grown = state.with_line(last, head, directions)
    # Parts that do the same are told apart by what reads them, where streams are loose.
    return None if last in state.lines and grown.taken == state.taken else grown


def _whole(state: State, loose: Loose, head: int, line: Select) -> Select:
    """A select of a head with what it would choose of values that no site has."""
    sites = state.view.sites
    key, query = state.column(line.keys), state.column(line.queries)
    whole = loose.wiring.whole(state.half // 2, head, line, key, query)
    same = (select(0, whole, key, query, sites).chosen == select(0, line, key, query, sites).chosen).all()
    return whole if same else line


def _best(paths: list[_Path], width: int) -> list[_Path]:
    """The likeliest paths, those with the same lines joined."""
    joined: dict[frozenset[tuple[object, int]], _Path] = {}
    for path in sorted(paths, key=lambda p: p.score, reverse=True):
        key = frozenset(Counter(_resolved(path.state)).items())
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
