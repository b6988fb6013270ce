"""The loop: edit, try on a few inputs, on more, then verify; counterexamples become inputs to try on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from inverse_tracr.decompile.outcome import Verification
from inverse_tracr.decompile.proposers import Judge
from inverse_tracr.decompile.repair.edit import Edit
from inverse_tracr.decompile.repair.edits import Editor
from inverse_tracr.decompile.repair.locate import Locator, half_layers
from inverse_tracr.decompile.repair.trial import Row, Score, Trial
from inverse_tracr.decompile.search.probes import draw_probes
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.values import Value

_LOCATED = 48
"""Probes on which the half-layers are compared."""
_FAILING, _RIGHT = 16, 8
"""Inputs on which every edit is tried: those that the program has wrong, and others."""
_MOVED = 30
"""Edits of the half-layer that disagrees first of which it is asked whether it agrees then."""
_FIRST = 0.6
"""Share of the candidates that are single edits."""


@dataclass(frozen=True)
class RepairConfig:
    """Budgets, all counts.

    `candidates`: edited programs that are tried; `rounds`: edits behind each other; `beam`: programs that a
    round goes on from; `judged`: programs that the verifier is asked about; `probes`: inputs that a program
    must have right before.
    """

    candidates: int = 2_500
    rounds: int = 3
    beam: int = 2
    judged: int = 6
    probes: int = 240


@dataclass(frozen=True)
class Repaired:
    """What became of a repair: a verified program with the edits that led to it, or None.

    `tried` counts the programs; `places` has for each line the number of the line of the first program that
    it was, None for a new one.
    """

    tried: int
    program: Program | None = None
    edits: tuple[str, ...] = ()
    places: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class _State:
    """A program on the way, with what was done to it."""

    program: Program
    edits: tuple[str, ...]
    places: tuple[int | None, ...]
    score: Score

    def after(self, edit: Edit, score: Score) -> _State:
        """The state that an edit leads to."""
        places = tuple(None if p is None else self.places[p] for p in edit.places)
        return _State(edit.program, (*self.edits, edit.what), places, score)


def repair(
    model: TransformerProgram,
    program: Program,
    judge: Judge,
    config: RepairConfig | None = None,
) -> Repaired:
    """Edit a refuted program until the verifier finds no difference from the model, or budgets are spent."""
    return _Repairer(model, judge, config or RepairConfig()).run(program)


class _Repairer:
    """Repairs a program of one model; counts what it tries."""

    def __init__(self, model: TransformerProgram, judge: Judge, config: RepairConfig) -> None:
        self._model, self._judge, self._config = model, judge, config
        probes = draw_probes(model.signature, config.probes, seed=11)
        self._rows: list[Row] = [
            tuple(row[:n]) for row, n in zip(probes.tokens.tolist(), probes.lengths.tolist(), strict=True)
        ]
        self._tried = 0
        self._judged = 0
        self._seen: set[Program] = set()

    def run(self, program: Program) -> Repaired:
        """Round by round, from the best programs of the round before."""
        self._learn(self._judge(program))
        trial = Trial(self._model, self._rows)
        self._seen.add(program)
        start = _State(program, (), tuple(range(len(program.lines))), trial.score(program))
        beam = [start]
        budget = int(_FIRST * self._config.candidates)
        for number in range(self._config.rounds):
            following: list[_State] = []
            for state in beam:
                for found in self._better(state, trial, budget // len(beam)):
                    if found.score.perfect and self._is_verified(found.program):
                        return Repaired(self._tried, found.program, found.edits, found.places)
                    following.append(found)
            trial = Trial(self._model, self._rows)
            following = [
                replace(s, score=trial.score(s.program)) for s in _best(following, 4 * self._config.beam)
            ]
            again = replace(beam[0], score=trial.score(beam[0].program))
            moved = [] if number else self._moved_on(again, trial)
            beam = [*_best(following, self._config.beam), *moved[: self._config.beam]]
            budget = (self._config.candidates - self._tried) // 2
            if not beam or not budget:
                break
        return Repaired(self._tried)

    def _better(self, state: _State, trial: Trial, budget: int) -> Iterator[_State]:
        """States one edit further that are right at more positions."""
        screen = self._screen(state, trial)
        base = screen.score(state.program).share
        suspects = self._locator(screen, trial).suspects(state.program)
        for edit in self._editor(state).edits(suspects):
            if edit.program in self._seen:
                continue
            if budget <= 0:
                return
            budget -= 1
            self._tried += 1
            self._seen.add(edit.program)
            if screen.score(edit.program).share > base:
                score = trial.score(edit.program)
                if score.share > state.score.share:
                    yield state.after(edit, score)

    def _moved_on(self, state: _State, trial: Trial) -> list[_State]:
        """States one edit further that disagree with the model in a later half-layer only.

        Where more than one place is wrong, outputs need not become better with one of them right. Finer
        partitions always agree, so that those with few classes come first.
        """
        locator = self._locator(self._screen(state, trial), trial)
        wrong = locator.first_disagreement(state.program)
        if wrong is None:
            return []
        halves = half_layers(state.program)
        blamed = [p for p in locator.suspects(state.program) if halves[p] == wrong]
        found: list[tuple[int, int, _State]] = []
        for edit in islice(self._editor(state).edits(blamed), _MOVED):
            try:
                at = locator.first_disagreement(edit.program)
            except InverseTracrError:
                continue
            if at is None or at > wrong:
                classes = locator.classes_before(edit.program, wrong)
                place = len(halves) if at is None else at
                found.append((-place, classes, state.after(edit, trial.score(edit.program))))
        return [moved for _, _, moved in sorted(found, key=lambda entry: entry[:2])]

    def _locator(self, screen: Trial, trial: Trial) -> Locator:
        return Locator(self._model, [*screen.rows, *trial.rows][:_LOCATED])

    def _editor(self, state: _State) -> Editor:
        return Editor(state.program, self._model.signature, self._said())

    def _screen(self, state: _State, trial: Trial) -> Trial:
        """Few inputs, most of them such as the program has wrong."""
        failing = trial.failing(state.score)
        right = [row for row in trial.rows if row not in set(failing)]
        return Trial(self._model, [*_spread(failing, _FAILING), *_spread(right, _RIGHT)])

    def _said(self) -> tuple[Value, ...]:
        encoder = self._model.output_encoder
        return encoder.values if isinstance(encoder, CategoricalOutput) else ()

    def _is_verified(self, program: Program) -> bool:
        if self._judged >= self._config.judged:
            return False
        self._judged += 1
        verification = self._judge(program)
        self._learn(verification)
        return verification.verified

    def _learn(self, verification: Verification) -> None:
        """A counterexample is an input to try on from the next round on."""
        if verification.counterexample is not None:
            place = {token: i for i, token in enumerate(self._model.signature.vocab)}
            self._rows.append(tuple(place[token] for token in verification.counterexample.tokens))


def _best(states: Sequence[_State], count: int) -> list[_State]:
    return sorted(states, key=lambda s: -s.score.share)[:count]


def _spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most `most` rows, evenly chosen."""
    return list(rows[:: max(1, -(-len(rows) // most))])
