"""What noise on lessons, lessons on students, and a start from the standard network are worth.

python -m benchmarks.metamodel_noise ZOO --programs 1000 --epochs 4 [--write]

ZOO is a zoo of students: as many of its training split as compiled programs are learned from, some of the
others are asked about. Every row takes as many steps; compiled programs are the same in all rows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch

from benchmarks.metamodel_ablation import trained
from benchmarks.results import table, write_section
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.lessons import Decision, lesson
from inverse_tracr.metamodel.network import MetaModel, NetworkConfig
from inverse_tracr.metamodel.stream import HELD_OUT, Item, sampled
from inverse_tracr.metamodel.training import evaluate
from inverse_tracr.zoo import Zoo

BATCH = 16
TESTED = 128
NOISY = 0.4
"""Share of lessons with noise, in rows that have any."""

Lesson = list[Decision]

NOISES = {
    "compiled models, no noise": None,
    "compiled models, noise drawn anew everywhere": 0.0,
    "compiled models, made to look like students": 1.0,
    "compiled models, either": 0.5,
}
"""Share of lessons with noise that are made to look like those of students; None where there is no noise."""


def measure(zoo: Zoo, programs: int, epochs: int, say: Callable[[str], None]) -> list[list[str]]:
    """The rows of the table."""
    steps = epochs * -(-programs // BATCH)
    sizes = NetworkConfig()
    students = _batches(_lessons(islice(_students(zoo, "train"), programs)))
    tested = {
        "compiled": _lessons(_compiled(TESTED, HELD_OUT)),
        "students": _lessons(islice(chain(_students(zoo, "validation"), _students(zoo, "test")), TESTED)),
    }
    rows: list[list[str]] = []

    def row(name: str, learned: Sequence[list[Lesson]], start: MetaModel | None = None) -> MetaModel:
        network = trained(learned, steps, sizes, start)
        rows.append([name, str(sum(map(len, learned))), *_cells(network, tested)])
        say(" | ".join(rows[-1]))
        return network

    network, compiled = None, []
    for name, share in NOISES.items():
        compiled = _batches(_lessons(_compiled(programs), share))
        network = row(name, compiled)
    row("students alone", students)
    row("students, begun with the network of compiled models, either", students, network)
    row("students and compiled models, either", [*compiled, *_repeated(students, len(compiled))])
    return rows


def _cells(network: MetaModel, tested: dict[str, list[Lesson]]) -> Iterator[str]:
    for lessons in tested.values():
        losses, _, _, whole = evaluate(network, lessons, torch.device("cpu"))
        yield f"{losses[0]:.2f}"
        yield f"{100 * whole:.1f}"


def _compiled(count: int, part: int = 0) -> Iterator[Item]:
    """Models of the stream; of part HELD_OUT those that no run learns from."""
    found = (sampled(TrainConfig(), item, part=part) for item in range(count))
    return (item for item in found if item is not None)


def _students(zoo: Zoo, split: str) -> Iterator[Item]:
    for place in range(zoo.manifest.rows[split]):
        specimen = zoo.specimen(split, place)
        yield specimen.program, specimen.signature, specimen.model


def _lessons(items: Iterator[Item], students: float | None = None) -> list[Lesson]:
    found: list[Lesson] = []
    low, high = np.log(TrainConfig().blur)
    for key, item in enumerate(items):
        random = np.random.default_rng([5, key])
        noisy, size = random.random() < NOISY, float(np.exp(random.uniform(low, high)))
        blur = None
        if students is not None and noisy:
            blur = Blur(size, student=bool(random.random() < students))
        try:
            found.append(lesson(*item, key=key, blur=blur))
        except InverseTracrError:
            continue
    return [own for own in found if own]


def _batches(lessons: Sequence[Lesson]) -> list[list[Lesson]]:
    return [list(lessons[first : first + BATCH]) for first in range(0, len(lessons), BATCH)]


def _repeated(batches: Sequence[list[Lesson]], least: int) -> list[list[Lesson]]:
    """The batches over and over, until there are as many as asked for."""
    return [batches[place % len(batches)] for place in range(max(least, len(batches)))]


def main() -> None:
    """Measure and print, or write to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--programs", type=int, default=1_000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = measure(
        Zoo(options.zoo),
        options.programs,
        options.epochs,
        lambda text: print(text, file=sys.stderr, flush=True),
    )
    heads = ["learned from", "lessons", "compiled: nats", "programs right, %", "students: nats"]
    text = table([*heads, "programs right, %"], rows)
    kind = Zoo(options.zoo).config.kind.value
    text += f"\nOf programs that were not learned from; students are {kind}. Right: every choice, "
    text += "teacher-forced.\n"
    if options.write:
        title = f"What noise, {kind} students and a start are worth"
        write_section(f"metamodel-noise-{kind}", title, text)
    print(text)


if __name__ == "__main__":
    main()
