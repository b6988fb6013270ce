"""Lines put in where an MLP tells apart what no line does, and values told apart that a line gives as one."""

from __future__ import annotations

from collections.abc import Iterator

from inverse_tracr.decompile.proposers import Judge, Proposal
from inverse_tracr.decompile.refine.observed import Missing, Observed
from inverse_tracr.decompile.refine.substitute import Finer, Seen, readers_of, substituted
from inverse_tracr.decompile.repair import Repaired, repaired_proposal
from inverse_tracr.decompile.repair.edit import Edit
from inverse_tracr.decompile.repair.locate import half_layers
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.functions import BinaryTable, UnaryTable
from inverse_tracr.rasp.program import Aggregate, Line, Map, Program, Ref, SequenceMap
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Maybe, Value

MOST_EDITS = 4
MOST_JUDGED = 12
"""Programs that the verifier is asked about."""
GAIN = 0.5
"""Share of what is left that an edit must explain."""


def refine(proposal: Proposal, model: TransformerProgram, judge: Judge) -> tuple[Proposal, tuple[str, ...]]:
    """A verified proposal with finer lines where the model's MLPs have them, and what was edited."""
    said: list[str] = []
    try:
        refiner = _Refiner(model, judge)
        while len(said) < MOST_EDITS and (step := refiner.step(proposal)) is not None:
            proposal, what = step
            said.append(what)
    except InverseTracrError:  # too many means to list
        pass
    return proposal, tuple(said)


class _Refiner:
    """One model, and how often its verifier was asked."""

    def __init__(self, model: TransformerProgram, judge: Judge) -> None:
        self._model, self._judge = model, judge
        self._observed = Observed(model)
        self._judged = 0

    def step(self, proposal: Proposal) -> tuple[Proposal, str] | None:
        """The proposal with one edit that explains more of an MLP and keeps the verdict; None without one."""
        program = proposal.program
        assert program is not None
        left = self._observed.left(program)
        for missing in self._observed.missing(program):
            enough = left - GAIN * missing.left
            for edit in _edits(program, self._model, missing, self._observed.pairs(program)):
                found = self._as_proposal(proposal, edit, enough)
                if found is not None:
                    return found, edit.what
        return None

    def _as_proposal(self, proposal: Proposal, edit: Edit, enough: float) -> Proposal | None:
        """The edited program, where no more than `enough` is left, and its verdict is that of before."""
        if self._judged >= MOST_JUDGED or self._observed.left(edit.program) > enough:
            return None
        self._judged += 1
        assert proposal.program is not None
        if self._judge(edit.program).verdict is not self._judge(proposal.program).verdict:
            return None
        repaired = Repaired(1, edit.program, (edit.what,), edit.places)
        found = repaired_proposal(proposal, repaired, self._model, self._judge)
        assert found.program is not None
        # Written canonically it may have lost the line again.
        return found if self._observed.left(found.program) <= enough else None


def _edits(program: Program, model: TransformerProgram, missing: Missing, seen: Seen) -> Iterator[Edit]:
    """A line of its own first, then values told apart."""
    sets = ValueSets(program, model.signature, exact_means=True)
    halves = half_layers(program)
    if len(missing.refs) == 1:
        yield from _inserted(program, sets, halves, missing, seen)
    at = [p for p, half in enumerate(halves) if half == missing.half]
    for position in sorted(at, key=lambda p: -len(sets[p])):
        edit = _split(program, sets, position, missing, seen)
        if edit is not None:
            yield edit


def _inserted(
    program: Program, sets: ValueSets, halves: list[int], missing: Missing, seen: Seen
) -> Iterator[Edit]:
    """A map of the s-op that the classes are of, which one of its readers reads instead."""
    (read,) = missing.refs
    classes = {value[0]: c for value, c in missing.classes.items() if value}
    if len(classes) != len(sets[read]) or len(set(classes.values())) == len(classes):
        return
    stands_for: dict[Value, list[Value]] = {}
    for value, c in classes.items():
        stands_for.setdefault(c, []).append(value)
    line = Map(read, UnaryTable(tuple((value, c) for value, c in classes.items())))
    for reader in readers_of(program, read):
        # A reader in the half-layer before is moved behind the map.
        if halves[reader] >= missing.half - 1 and not isinstance(program.lines[reader], Map):
            edit = substituted(program, sets, read, [reader], Finer(line, stands_for), seen)
            if edit is not None:
                yield edit


def _split(program: Program, sets: ValueSets, position: int, missing: Missing, seen: Seen) -> Edit | None:
    """A line of the MLP with values for each of the classes."""
    line = program.lines[position]
    readers = readers_of(program, position)
    movers = any(isinstance(program.lines[r], Aggregate) for r in readers)
    if position == program.output or movers or not isinstance(line, Map | SequenceMap):
        return None
    operands: tuple[Ref, ...] = (line.operand,) if isinstance(line, Map) else (line.first, line.second)
    if not set(missing.refs) <= set(operands):
        return None
    numbers: dict[tuple[Maybe, int], Value] = {}
    stands_for: dict[Value, list[Value]] = {}
    entries: list[tuple[tuple[Value, ...], Maybe]] = []
    for row in _rows(sets, operands):
        said = line.function(row[0]) if isinstance(line, Map) else line.function(row[0], row[1])
        key = tuple(row[operands.index(ref)] for ref in missing.refs)
        if said is None:
            entries.append((row, None))
            continue
        fresh = numbers.setdefault((said, missing.classes.get(key, 0)), len(numbers))
        stands_for[fresh] = [said]
        entries.append((row, fresh))
    if len(numbers) == len(sets[position]):
        return None
    finer = Finer(_tabulated(operands, entries), stands_for)
    return substituted(program, sets, position, readers, finer, seen)


def _rows(sets: ValueSets, operands: tuple[Ref, ...]) -> list[tuple[Value, ...]]:
    if len(operands) == 1:
        return [(x,) for x in sets[operands[0]]]
    return [(x, y) for x in sets[operands[0]] for y in sets[operands[1]]]


def _tabulated(operands: tuple[Ref, ...], entries: list[tuple[tuple[Value, ...], Maybe]]) -> Line:
    if len(operands) == 1:
        return Map(operands[0], UnaryTable(tuple((row[0], said) for row, said in entries)))
    pairs = tuple(((row[0], row[1]), said) for row, said in entries)
    return SequenceMap(operands[0], operands[1], BinaryTable(pairs))
