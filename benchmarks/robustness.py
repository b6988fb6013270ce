"""Functional match under noise on all weights, and at growing compression.

python -m benchmarks.robustness --models 12 --noise 0 0.01 0.05 0.1 --factors [--write]
python -m benchmarks.robustness --models 12 --noise --factors 1 1.25 1.5 2 3 4 [--write]

Noise: models of standard-test and compressed-test, or of --sets, weights disturbed, judged by what they
compute then. Compression: students with d_model divided by the factor, those taken that equal
their program on every input of the comparison.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import torch

from benchmarks.results import ROOT, table, write_section
from benchmarks.robustness_picture import Curve, Panel, picture
from inverse_tracr.distill import COMPRESSED, Teacher, distill
from inverse_tracr.evaluate.cases import Case, TestSetFolder, open_test_set, quick_sets
from inverse_tracr.evaluate.decompilers import DecompilerSpec
from inverse_tracr.evaluate.markdown import percent
from inverse_tracr.evaluate.noise import noisy_cases
from inverse_tracr.evaluate.records import Results
from inverse_tracr.evaluate.run import Evaluation, RunOptions
from inverse_tracr.evaluate.summary import Summary, summarise
from inverse_tracr.rasp import print_program
from inverse_tracr.sample import sample_program
from inverse_tracr.zoo import Kind

SEED = 4_711
COMPRESSION = "compression"
UNITS = {
    "Noise": "noise, over each tensor's root mean square",
    "Compression": "teacher's d_model over student's",
}
NOISE_NOTE = (
    "Gaussian noise on every weight, zeros too, standard deviation in units of the root mean square of its "
    "tensor; models are judged by what they compute then, so that the ceiling, the verdict of the true "
    "program, falls too."
)
FACTOR_NOTE = (
    "Level: teacher's d_model over student's. Exact students of the preset `sound` only, of as many as were "
    "tried."
)


@dataclass(frozen=True)
class Point:
    """One point of a curve: what was varied, how far, and what came out; `tried` students were trained."""

    varied: str
    level: float
    tried: int
    summary: Summary | None


def noise_points(
    levels: Sequence[float], test_sets: Sequence[TestSetFolder], evaluation: Evaluation
) -> Iterator[Point]:
    """Points of growing noise, for each test set."""
    for test_set in test_sets:
        for level in levels:
            records = list(evaluation.run(noisy_cases(test_set.cases(), level)))
            yield Point(f"noise, {test_set.kind.value}", level, len(records), summarise(records))


def factor_points(
    factors: Sequence[float], count: int, tries: int, evaluation: Evaluation
) -> Iterator[Point]:
    """Points of growing compression; `tries` students are trained at most for each that is wanted."""
    for factor in factors:
        cases, tried = _students(factor, count, tries)
        records = list(evaluation.run(cases))
        yield Point(COMPRESSION, factor, tried, summarise(records) if records else None)


def _students(factor: float, count: int, tries: int) -> tuple[list[Case], int]:
    """Up to `count` exact students, and how many were trained."""
    found: list[Case] = []
    tried = 0
    while len(found) < count and tried < tries * count:
        batch = [_teacher(number) for number in range(tried, tried + 2 * count)]
        tried += len(batch)
        for student in distill(batch, replace(COMPRESSED, factor=factor), seed=SEED):
            exact = student.judgement is not None and student.judgement.agreement == 1.0
            if student.accepted and exact and len(found) < count:
                teacher = batch[student.item - batch[0].item]
                text = print_program(teacher.program, teacher.signature)
                found.append(Case(f"factor {factor:g}", Kind.COMPRESSED, teacher.item, text, student.model))
    return found, tried


def _teacher(number: int) -> Teacher:
    sample = sample_program("sound", SEED, number)
    return Teacher(number, sample.program, sample.signature)


def report(points: Sequence[Point], method: str, note: str) -> str:
    """The section of docs/results.md."""
    rows = [[point.varied, f"{point.level:g}", str(point.tried), *_cells(point.summary)] for point in points]
    header = ["varied", "level", "tried", "models", "functional", "functional ceiling", "exact"]
    return (
        f"Method `{method}`. {note} Exact: the program that the weights stood for before, whether or not the "
        "model still computes it. Agreement: with the model; same as teacher: share of the inputs on which "
        "found and true program say the same. Shares in % with 95 % intervals.\n\n"
        + table([*header, "agreement", "same as teacher", "seconds, median"], rows)
    )


def _cells(summary: Summary | None) -> list[str]:
    if summary is None:
        return ["0", *["–"] * 6]
    shares = [summary.functional, summary.ceiling, summary.exact]
    means = [summary.agreement.value, summary.teacher_agreement.value]
    seconds = f"{summary.seconds.value:.2f}"
    return [str(summary.models), *map(percent, shares), *(f"{100 * m:.1f}" for m in means), seconds]


def _test_sets(paths: Sequence[Path], count: int) -> list[TestSetFolder]:
    """Test sets by their folders; those that come with the package where there are none, but natural ones."""
    if paths:
        return [open_test_set(path.name, path.parent, count) for path in paths]
    return [test_set for test_set in quick_sets(count) if test_set.kind is not Kind.NATURAL]


def _write(points: Sequence[Point], method: str) -> None:
    """A section for noise and one for compression, of those that were measured."""
    by_noise = [point for point in points if point.varied != COMPRESSION]
    by_factor = [point for point in points if point.varied == COMPRESSION]
    if by_noise:
        _section("robustness-noise", "Noise", by_noise, method, NOISE_NOTE)
    if by_factor:
        _section("robustness-compression", "Compression", by_factor, method, FACTOR_NOTE)


def _section(name: str, title: str, points: Sequence[Point], method: str, note: str) -> None:
    drawn = picture(panels(points), UNITS[title])
    (ROOT / "docs" / f"{name}.svg").write_text(drawn, encoding="utf-8")
    write_section(name, title, f"![{title}]({name}.svg)\n\n{report(points, method, note)}")


def panels(points: Sequence[Point]) -> list[Panel]:
    """What is drawn: one panel for each thing that was varied."""
    found: list[Panel] = []
    for varied in dict.fromkeys(point.varied for point in points):
        own = [point for point in points if point.varied == varied]
        shares = {
            "functional": [point.summary and point.summary.functional for point in own],
            "functional ceiling": [point.summary and point.summary.ceiling for point in own],
            "exact": [point.summary and point.summary.exact for point in own],
        }
        curves = tuple(Curve(name, tuple(values)) for name, values in shares.items())
        found.append(Panel(varied, tuple(point.level for point in own), curves))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument(
        "--sets", type=Path, nargs="*", default=[], help="folders, in place of the quick sets"
    )
    parser.add_argument("--noise", type=float, nargs="*", default=[0.0, 0.01, 0.05, 0.1])
    parser.add_argument("--factors", type=float, nargs="*", default=[1.0, 2.0, 3.0, 4.0])
    parser.add_argument("--tries", type=int, default=12, help="students trained for each one wanted, at most")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--timeout", type=float, default=12.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write sections of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec, run = DecompilerSpec(options.method), RunOptions(options.jobs, options.timeout)
    points: list[Point] = []
    with Evaluation(spec, "robustness", run, Results()) as evaluation:
        for point in chain(
            noise_points(options.noise, _test_sets(options.sets, options.models), evaluation),
            factor_points(options.factors, options.models, options.tries, evaluation),
        ):
            points.append(point)
            print(f"{point.varied} {point.level:g}: {_cells(point.summary)}", file=sys.stderr, flush=True)
    print(json.dumps({"schema": 1, "points": [asdict(point) for point in points]}, default=str))
    if options.write:
        _write(points, options.method)


if __name__ == "__main__":
    main()
