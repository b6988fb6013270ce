"""Mutants of programs against the verifier: none that differs on an input may be judged equivalent.

python -m benchmarks.program_mutants --count 100000 [--seed 0] [--workers 2] [--write]
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch

from benchmarks.plain_interpreter import Row, run_plainly
from benchmarks.results import write_section
from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict
from inverse_tracr.decompile.verify import Verifier
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp import (
    Comparison,
    Line,
    Map,
    NamedPredicate,
    NamedUnary,
    PredicateTable,
    Program,
    Select,
    SequenceMap,
    Signature,
    UnaryOp,
    UnaryTable,
    comparison_inputs,
)
from inverse_tracr.rasp.functions import BinaryOp, BinaryTable, NamedBinary
from inverse_tracr.rasp.program import operands, with_operands
from inverse_tracr.sample import SamplerConfig, sample_program

_SMALL = SamplerConfig(length=(3, 7), vocab_size=(2, 3), max_seq_len=(3, 4))
_PER_PROGRAM = 10
_INSERTED = (
    NamedUnary(UnaryOp.IDENTITY),
    NamedUnary(UnaryOp.NOT),
    NamedUnary(UnaryOp.ADD, 1),
    NamedUnary(UnaryOp.MINIMUM, 1),
)
Random = np.random.Generator


@dataclass
class Tally:
    """Mutants by what they are and what the verifier says; `wrong` names false verdicts `equivalent`."""

    mutants: int = 0
    different: int = 0
    refuted: int = 0
    same: int = 0
    same_not_refuted: int = 0
    wrong: list[str] = field(default_factory=list[str])


def mutants(program: Program, random: Random) -> Iterator[Program]:
    """Programs that differ from `program` in one place.

    A function, a predicate, a table entry or an operand is another one; a map is left out, or put between.
    """
    kinds = (_with_changed, _with_changed, _with_moved, _with_inserted, _with_dropped)
    while True:
        try:
            mutant = kinds[int(random.integers(len(kinds)))](program, random)
        except InverseTracrError:
            continue
        if mutant is not None and mutant != program:
            yield mutant


def _with_changed(program: Program, random: Random) -> Program | None:
    position = int(random.integers(len(program.lines)))
    return _replaced(program, position, _changed(program.lines[position], random))


def _with_moved(program: Program, random: Random) -> Program | None:
    position = int(random.integers(len(program.lines)))
    return _replaced(program, position, _moved(program, position, random))


def _replaced(program: Program, position: int, line: Line | None) -> Program | None:
    if line is None:
        return None
    return Program((*program.lines[:position], line, *program.lines[position + 1 :]), program.output)


def _with_inserted(program: Program, random: Random) -> Program | None:
    """A map put between a line and one of its operands."""
    position = int(random.integers(len(program.lines)))
    refs = list(operands(program.lines[position]))
    at = int(random.integers(len(refs)))
    encoding = program.encoding(refs[at])
    if encoding is None:
        return None
    function = _INSERTED[int(random.integers(len(_INSERTED)))]
    inserted = Map(refs[at], function, encoding)
    refs[at] = position
    reader = with_operands(program.lines[position], tuple(refs))
    rest = [
        with_operands(line, tuple(r + (r >= position) for r in operands(line)))
        for line in program.lines[position + 1 :]
    ]
    return Program((*program.lines[:position], inserted, reader, *rest), program.output + 1)


def _with_dropped(program: Program, random: Random) -> Program | None:
    """A map whose readers read its operand instead."""
    maps = [i for i, line in enumerate(program.lines) if isinstance(line, Map) and i != program.output]
    if not maps:
        return None
    gone = maps[int(random.integers(len(maps)))]
    dropped = program.lines[gone]
    assert isinstance(dropped, Map)
    lines = [
        with_operands(line, tuple(dropped.operand if r == gone else r for r in operands(line)))
        for line in program.lines
    ]
    return Program(tuple(lines), program.output)


def _moved(program: Program, position: int, random: Random) -> Line | None:
    """The line with one operand exchanged."""
    line = program.lines[position]
    refs = list(operands(line))
    refs[int(random.integers(len(refs)))] = int(random.integers(-2, position)) if position else -1
    return with_operands(line, tuple(refs))


def _changed(line: Line, random: Random) -> Line | None:
    """The line with its function or predicate changed."""
    match line:
        case Map(function=UnaryTable() as table) if table.entries:
            return replace(line, function=UnaryTable(_entry_changed(table.entries, random), table.default))
        case Map(function=NamedUnary() as function) if isinstance(function.constant, int | float):
            return replace(line, function=replace(function, constant=function.constant + 1))
        case Map():
            ops = (UnaryOp.IDENTITY, UnaryOp.NOT, UnaryOp.BOOL, UnaryOp.NEGATE)
            return replace(line, function=NamedUnary(ops[int(random.integers(len(ops)))]))
        case SequenceMap(function=BinaryTable() as table) if table.entries:
            return replace(line, function=BinaryTable(_entry_changed(table.entries, random), table.default))
        case SequenceMap():
            ops = list(BinaryOp)
            return replace(line, function=NamedBinary(ops[int(random.integers(len(ops)))]))
        case Select(predicate=PredicateTable() as table) if table.pairs:
            gone = int(random.integers(len(table.pairs)))
            return replace(line, predicate=PredicateTable(table.pairs[:gone] + table.pairs[gone + 1 :]))
        case Select():
            comparisons = list(Comparison)
            return replace(
                line, predicate=NamedPredicate(comparisons[int(random.integers(len(comparisons)))])
            )
        case _:
            return None


def _entry_changed(entries: tuple[Any, ...], random: Random) -> tuple[Any, ...]:
    """Table entries, one of which has the value of another."""
    at, other = random.integers(len(entries), size=2).tolist()
    return tuple((k, entries[other][1] if i == at else v) for i, (k, v) in enumerate(entries))


@dataclass(frozen=True)
class Target:
    """A program with its answers to every input, computed plainly, and the verifier of its model."""

    name: str
    program: Program
    signature: Signature
    inputs: list[list[int]]
    answers: list[Row]
    verifier: Verifier


def target(preset: str, seed: int, index: int) -> Target:
    """A sampled program whose model is compiled without faults."""
    sample = sample_program(preset, seed, index, _SMALL)
    program, signature = sample.program, sample.signature
    inputs = [row for batch in comparison_inputs(signature) for row in batch.tolist()]
    answers = [run_plainly(program, signature, row) for row in inputs]
    verifier = Verifier(compile_program(program, signature, mode=Mode.FIXED))
    return Target(f"{preset} {index}", program, signature, inputs, answers, verifier)


def judge(of: Target, mutant: Program, tally: Tally, name: str) -> None:
    """Compare a mutant with the program on every input, plainly, and then ask the verifier."""
    differs = any(
        run_plainly(mutant, of.signature, row) != answer
        for row, answer in zip(of.inputs, of.answers, strict=True)
    )
    try:
        verdict = of.verifier.verify(mutant).verdict
    except InverseTracrError:
        verdict = Verdict.REFUTED
    tally.mutants += 1
    tally.different += differs
    tally.same += not differs
    tally.refuted += differs and verdict is Verdict.REFUTED
    tally.same_not_refuted += not differs and verdict is not Verdict.REFUTED
    if differs and verdict is Verdict.EQUIVALENT:
        tally.wrong.append(name)


def measure(count: int, seed: int, first: int = 0, step: int = 1) -> Tally:
    """Mutants of sampled programs: those numbered `first`, `first + step` and so on."""
    tally = Tally()
    for index in itertools.count(first, step):
        if tally.mutants >= count:
            break
        of = target(("sound", "tracr")[index % 2], seed, index)
        random = np.random.default_rng([seed, index])
        for number, mutant in enumerate(mutants(of.program, random)):
            if number >= _PER_PROGRAM or tally.mutants >= count:
                break
            judge(of, mutant, tally, f"{of.name}.{number}")
    return tally


def measure_in_parts(count: int, seed: int, workers: int) -> Tally:
    """`measure` with its programs shared out to processes."""
    if workers == 1:
        return measure(count, seed)
    share = -(-count // workers)
    total = Tally()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(measure, share, seed, first, workers) for first in range(workers)]
        for part in parts:
            found = part.result()
            for field_name, value in vars(found).items():
                setattr(total, field_name, getattr(total, field_name) + value)
    return total


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tally = measure_in_parts(options.count, options.seed, options.workers)
    print(json.dumps({"schema": 1, **asdict(tally)}))
    if options.write:
        body = (
            f"{tally.mutants} mutants of sampled programs, every input checked: {tally.different} differ "
            f"from their program on some input, of which the verifier refutes {tally.refuted} and calls "
            f"{len(tally.wrong)} `equivalent`; {tally.same} differ on none, of which "
            f"{tally.same_not_refuted} are not refuted (a mutant may compute the same and still compile to "
            "a model that does not)."
        )
        write_section("verifier-mutants", "Mutants against the verifier", body)


if __name__ == "__main__":
    main()
