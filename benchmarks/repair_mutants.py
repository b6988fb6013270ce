"""Repair of programs with one wrong place, on models that are known to compute the program.

python -m benchmarks.repair_mutants --count 200 [--seed 0] [--write]

Mutants of sampled programs on compiled models; mutants of the true programs of the quick compressed-test and
natural-test on their students; and programs with two wrong places.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

import numpy as np
import torch

from benchmarks.program_mutants import Random, mutants
from benchmarks.results import table, write_section
from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile.decompiler import remembering_judge
from inverse_tracr.decompile.repair import repair
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.evaluate.cases import quick_sets
from inverse_tracr.evaluate.intervals import share
from inverse_tracr.evaluate.markdown import percent
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature, parse_source
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import sample_program
from inverse_tracr.zoo import Kind

_TRIES = 20
"""Mutants of a program that are drawn until one is refuted."""
_TWICE = "compiled, two places"


@dataclass(frozen=True)
class Target:
    """A model, its true program, and of which kind the model is."""

    kind: str
    model: TransformerProgram
    program: Program
    number: int


@dataclass
class Tally:
    """Counts over mutants that the verifier refutes; `same` are repaired to the true program itself."""

    mutants: int = 0
    repaired: int = 0
    same: int = 0
    tried: list[int] = field(default_factory=list[int])
    seconds: list[float] = field(default_factory=list[float])
    failed: list[str] = field(default_factory=list[str])


def compiled(count: int, seed: int, kind: str) -> Iterator[Target]:
    """Sampled programs with their compiled models, of both presets in turn."""
    found = 0
    for index in itertools.count():
        if found == count:
            return
        sample = sample_program(("sound", "tracr")[index % 2], seed, index)
        try:
            model = compile_program(sample.program, sample.signature, mode=Mode.FIXED)
        except InverseTracrError:
            continue
        found += 1
        yield Target(kind, model, sample.program, index)


def students(count: int) -> Iterator[Target]:
    """Students of the quick sets."""
    for test_set in quick_sets(count):
        if test_set.kind is not Kind.STANDARD:
            for case in test_set.cases():
                yield Target(test_set.kind.value, case.model, parse_source(case.program).program, case.number)


def measure(targets: Iterator[Target], seed: int) -> dict[str, Tally]:
    """Repair one refuted mutant of each program."""
    tallies: dict[str, Tally] = {}
    for target in targets:
        tally = tallies.setdefault(target.kind, Tally())
        _measure_one(target, tally, np.random.default_rng([seed, target.number]))
        if tally.mutants % 10 == 0:
            print(f"{target.kind}: {tally.repaired} of {tally.mutants}", file=sys.stderr, flush=True)
    return tallies


def _measure_one(target: Target, tally: Tally, random: Random) -> None:
    judge = remembering_judge(target.model)
    if not judge(target.program).verified:
        return
    for mutant in itertools.islice(mutants(target.program, random), _TRIES):
        wrong = next(mutants(mutant, random)) if target.kind == _TWICE else mutant
        if judge(wrong).counterexample is not None:
            break
    else:
        return
    start = time.process_time()
    found = repair(target.model, wrong, judge)
    tally.seconds.append(time.process_time() - start)
    tally.mutants += 1
    tally.tried.append(found.tried)
    if found.program is None:
        tally.failed.append(f"{target.kind} {target.number}: {len(wrong)} lines")
        return
    tally.repaired += 1
    tally.same += _is_same(found.program, target.program, target.model.signature)


def _is_same(found: Program, true: Program, signature: Signature) -> bool:
    """Whether two programs have one canonical form; a found one may take means that have none."""
    try:
        return canonical(found, signature) == canonical(true, signature)
    except InverseTracrError:
        return False


def report(tallies: dict[str, Tally]) -> str:
    """The section of docs/results.md."""
    rows = [
        [
            kind,
            str(tally.mutants),
            _share(tally.repaired, tally.mutants),
            _share(tally.same, tally.mutants),
            f"{median(tally.tried):.0f}",
            f"{_late(tally.tried):.0f}",
            f"{median(tally.seconds):.2f}",
            f"{_late(tally.seconds):.2f}",
        ]
        for kind, tally in tallies.items()
        if tally.mutants
    ]
    header = ["models", "mutants", "repaired", "canonical form as before", "programs tried, median", "p95"]
    return (
        "One refuted mutant of the true program of each model: another function, predicate, table entry or "
        "operand, a map left out or put between; or two of these. Repaired: edited until the verifier finds "
        "no difference. Shares in % with 95 % intervals; seconds are processor time.\n\n"
        + table([*header, "seconds, median", "p95"], rows)
    )


def _share(count: int, of: int) -> str:
    return percent(share([True] * count + [False] * (of - count)))


def _late(values: Sequence[float]) -> float:
    return float(np.quantile(values, 0.95))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="models of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    targets = itertools.chain(
        compiled(options.count, options.seed, "compiled"),
        students(min(options.count, 40)),
        compiled(options.count // 2, options.seed + 1, _TWICE),
    )
    tallies = measure(targets, options.seed)
    print(json.dumps({"schema": 1, **{kind: asdict(tally) for kind, tally in tallies.items()}}))
    if options.write:
        write_section("repair-mutants", "Repair of programs with a wrong place", report(tallies))


if __name__ == "__main__":
    main()
