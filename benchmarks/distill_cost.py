"""What students cost, how many are accepted, and how well they agree with their programs.

nice -n 10 python -m benchmarks.distill_cost --kind compressed --count 96 --write

Programs are drawn as the zoos draw them: lengths 4 to 15 in turn, three quarters of the preset `sound` and a
quarter of `tracr`. Cost is processor time of everything, rejected students included.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from benchmarks.results import table, write_section
from inverse_tracr.compile import Mode, plan
from inverse_tracr.distill import RECIPES, Kind, Recipe, Student, Teacher, distill
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.evaluate.intervals import Estimate, mean, share
from inverse_tracr.sample import Preset, default_config, sample_program

LENGTHS = range(4, 16)
PRESETS = (Preset.SOUND, Preset.SOUND, Preset.SOUND, Preset.TRACR)
STRIDE = 29
"""Coprime to the number of strata, so that any count is spread over lengths and presets."""

WIDTHS = (32, 48, 64, 96, 10_000)
GOALS = {Kind.COMPRESSED: (0.5, 0.90, 0.995), Kind.NATURAL: (2.0, 0.85, 0.99)}
"""Core-seconds per accepted student, share accepted, mean agreement."""


@dataclass(frozen=True)
class Drawn:
    """A teacher and its class: `length` in lines, d_model as compiled (0: not compiled)."""

    teacher: Teacher
    preset: Preset
    length: int
    d_model: int


def draw(count: int, seed: int) -> list[Drawn]:
    """Programs of all strata in turn; those that cannot be drawn or compiled are kept out of nothing."""
    strata = [(preset, length) for preset in PRESETS for length in LENGTHS]
    found: list[Drawn] = []
    for item in range(count):
        preset, length = strata[item * STRIDE % len(strata)]
        sample = sample_program(preset, seed, item, default_config(preset).with_options(length=length))
        try:
            width = plan(sample.program, sample.signature, mode=Mode.FIXED).config.d_model
        except InverseTracrError:
            width = 0
        found.append(Drawn(Teacher(item, sample.program, sample.signature), preset, length, width))
    return found


@dataclass(frozen=True)
class Measured:
    """Students by item, and all processor time spent on them."""

    drawn: Sequence[Drawn]
    students: dict[int, Student]
    core_seconds: float

    def accepted(self, among: Callable[[Drawn], bool] = lambda _: True) -> tuple[int, int]:
        """How many of those `among` were accepted, and how many there are."""
        those = [self.students[d.teacher.item] for d in self.drawn if among(d)]
        return sum(student.accepted for student in those), len(those)


def measured(drawn: Sequence[Drawn], recipe: Recipe, seed: int) -> Measured:
    """Distil all of them in this process."""
    started = time.process_time()
    students: dict[int, Student] = {}
    for student in distill([d.teacher for d in drawn], recipe, seed=seed):
        students[student.item] = student
        print(_outcome(student), file=sys.stderr, flush=True)
    return Measured(drawn, students, time.process_time() - started)


def _outcome(student: Student) -> str:
    """One line for a student."""
    verdict = student.judgement
    figures = f"loss {verdict.loss:.3f}, {verdict.positions:.2%} of positions; " if verdict else ""
    return f"{student.item}: {student.reason.value}; {figures}{student.core_seconds:.2f} core-seconds"


def summary(found: Measured, kind: Kind) -> str:
    """The main figures beside the goals."""
    count, of = found.accepted()
    agreements = [s.checkpoints[0].judgement.agreement for s in found.students.values() if s.accepted]
    cost, goal, agreement = GOALS[kind]
    taken = share([True] * count + [False] * (of - count))
    rows = [
        ["core-seconds per accepted student", f"{found.core_seconds / max(1, count):.2f}", f"{cost}"],
        ["accepted, of all programs", f"{count} of {of}: {_percent(taken)}", f"{goal:.0%}"],
        ["mean agreement of accepted students", _percent(mean(agreements)), f"{agreement:.1%}"],
        [
            "equal to their program on all inputs, of accepted",
            _percent(share([a == 1 for a in agreements])),
            "",
        ],
        ["core-seconds in all", f"{found.core_seconds:.0f}", ""],
        ["peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", ""],
    ]
    return table([f"{kind.value} students", "measured", "goal"], rows)


def _percent(found: Estimate) -> str:
    """A share or a mean of shares, and its 95 % interval."""
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def classes(found: Measured) -> str:
    """Acceptance by length, by d_model of the teacher, by preset."""

    def row(name: str, among: Callable[[Drawn], bool]) -> list[str]:
        count, of = found.accepted(among)
        return [name, f"{count} of {of}", f"{count / of:.0%}" if of else ""]

    rows = [row(f"length {n} to {n + 2}", lambda d, n=n: n <= d.length < n + 3) for n in (4, 7, 10, 13)]
    low = 0
    for high in WIDTHS:
        name = f"d_model {low} to {high - 1}" if high < WIDTHS[-1] else f"d_model {low} and more"
        rows.append(row(name, lambda d, low=low, high=high: low <= d.d_model < high))
        low = high
    rows += [row(f"preset `{p.value}`", lambda d, p=p: d.preset is p) for p in dict.fromkeys(PRESETS)]
    return table(["class", "accepted", ""], rows)


def reasons(found: Measured) -> str:
    """Why students were not taken."""
    counts = Counter(student.reason.value for student in found.students.values())
    return table(["outcome", "students"], [[name, str(n)] for name, n in counts.most_common()])


def main() -> None:
    """Distil, print, and write the kind's section of docs/results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=[kind.value for kind in Kind], default=Kind.COMPRESSED.value)
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--factor", type=float, default=2.0, help="teacher's d_model over student's")
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kind = Kind(options.kind)
    recipe = replace(RECIPES[kind.value], factor=options.factor)
    drawn = draw(options.count, options.seed)
    found = measured(drawn, recipe, options.seed)
    body = "\n\n".join((summary(found, kind), classes(found), reasons(found)))
    print(body)
    if options.write:
        name = f"distill-{kind.value}" + (
            "" if options.factor == 2 else f"-factor-{options.factor:g}".replace(".", "-")
        )
        write_section(name, f"Cost of {kind.value} students, factor {options.factor:g}", body)


if __name__ == "__main__":
    main()
