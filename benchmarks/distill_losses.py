"""The thesis's comparison of losses for compressed students (Tables 6.1 to 6.3, Figures 6.2 to 6.4).

nice -n 10 python -m benchmarks.distill_losses --count 50 --cache losses.json --write

Every row trains W_emb alone, from small normal numbers, at factor 2, with the thesis's settings but smaller
batches of random residuals. `--cache` keeps finished rows, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, tell, write_section
from inverse_tracr.compile import Mode, plan
from inverse_tracr.distill import (
    THESIS_COMPRESSED,
    Inputs,
    LayerLoss,
    OutputLoss,
    Recipe,
    Start,
    Teacher,
    distill,
)
from inverse_tracr.distill.fleet import Fleet, Trainee
from inverse_tracr.distill.halves import teacher_halves
from inverse_tracr.distill.held import Basis
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp import Signature, parse
from inverse_tracr.sample import Preset, sample_program, thesis_students_config

BASE = replace(THESIS_COMPRESSED, steps=480, vocabulary_batch=48, random_batch=48, pages=8, check_every=96)
NOISE = 0.1

SORT_UNIQUE = """
v1 = select(tokens, tokens, <)
v2 = selector_width(v1)
v3 = select(v2, indices, ==)
v4 = aggregate(v3, tokens)
return v4
"""


@dataclass(frozen=True)
class Row:
    """A loss, and what the thesis reports of it: accuracy in per cent, mean and standard deviation."""

    name: str
    thesis: str
    recipe: Recipe


def _row(name: str, thesis: str, layer: LayerLoss, output: OutputLoss, inputs: Inputs, out: Inputs) -> Row:
    recipe = replace(
        BASE, layer_loss=layer, output_loss=output, layer_inputs=inputs, output_inputs=out, output_weight=1.0
    )
    return Row(name, thesis, recipe)


VOCABULARY, RANDOM = Inputs.VOCABULARY, Inputs.RANDOM
ROWS = (
    _row("L2, vocabulary", "70.5 (45.2)", LayerLoss.L2, OutputLoss.NONE, VOCABULARY, VOCABULARY),
    _row("L1, vocabulary", "67.8 (43.4)", LayerLoss.L1, OutputLoss.NONE, VOCABULARY, VOCABULARY),
    _row("CE, vocabulary", "71.7 (43.0)", LayerLoss.CROSS_ENTROPY, OutputLoss.NONE, VOCABULARY, VOCABULARY),
    _row("L2, random", "61.1 (43.1)", LayerLoss.L2, OutputLoss.NONE, RANDOM, RANDOM),
    _row("L2 + CE, vocabulary", "97.8 (4.4)", LayerLoss.L2, OutputLoss.ADDED, VOCABULARY, VOCABULARY),
    _row("L2 × CE, vocabulary", "93.5 (14.5)", LayerLoss.L2, OutputLoss.MULTIPLIED, VOCABULARY, VOCABULARY),
    _row("L2 + CE, random", "63.9 (38.1)", LayerLoss.L2, OutputLoss.ADDED, RANDOM, RANDOM),
    _row("L2 × CE, random", "56.3 (48.3)", LayerLoss.L2, OutputLoss.MULTIPLIED, RANDOM, RANDOM),
    _row("L2 random + CE vocabulary", "87 (20)", LayerLoss.L2, OutputLoss.ADDED, RANDOM, VOCABULARY),
)


def draw(count: int, seed: int) -> list[Teacher]:
    """Programs as the thesis's students have them, of which mode `fixed` compiles all."""
    found: list[Teacher] = []
    item = 0
    while len(found) < count:
        try:
            sample = sample_program(Preset.THESIS, seed, item, thesis_students_config())
            plan(sample.program, sample.signature, mode=Mode.FIXED, cap=100_000)
            found.append(Teacher(item, sample.program, sample.signature))
        except InverseTracrError:
            pass
        item += 1
    return found


Figures = dict[str, list[float]]


def trained(row: Row, teachers: Sequence[Teacher], seed: int) -> Figures:
    """Share of right positions and held-out layer loss of every student; a diverged one has neither right."""
    positions: list[float] = []
    losses: list[float] = []
    for student in distill(teachers, row.recipe, seed=seed):
        found = student.judgement
        positions.append(0.0 if found is None else found.positions)
        if found is not None:
            losses.append(found.layer_loss)
        tell(len(positions), len(teachers), every=8)
    return {"positions": positions, "layer loss": losses}


def rows_of(teachers: Sequence[Teacher], seed: int, cache: Path | None) -> dict[str, Figures]:
    """The figures of all rows, those in `cache` not trained again."""
    found: dict[str, Figures] = json.loads(cache.read_text()) if cache and cache.exists() else {}
    for row in ROWS:
        key = f"{row.name}, {len(teachers)} programs, seed {seed}"
        if key not in found:
            found[key] = trained(row, teachers, seed)
            if cache:
                cache.write_text(json.dumps(found))
    return {row.name: found[f"{row.name}, {len(teachers)} programs, seed {seed}"] for row in ROWS}


def comparison(found: dict[str, Figures]) -> str:
    """Our tables beside the thesis's."""
    lines: list[list[str]] = []
    for row in ROWS:
        right, losses = np.array(found[row.name]["positions"]), np.array(found[row.name]["layer loss"])
        lines.append(
            [
                row.name,
                row.thesis,
                f"{100 * right.mean():.1f} ({100 * right.std():.1f})",
                f"{np.mean(right >= 0.9):.0%}",
                f"{np.median(losses):.4f}" if len(losses) else "",
            ]
        )
    header = ["loss", "thesis: accuracy", "here: right positions", "at least 90 %", "median L2, held out"]
    return table(header, lines)


def factor_one() -> str:
    """Identity plus noise on sort-unique: how far W_emb and its square are from 1, before and after."""
    signature = Signature((1, 2, 3, 4), 4)
    teacher = Teacher(0, parse(SORT_UNIQUE), signature)
    lines: list[list[str]] = []
    for name, inputs in (("vocabulary", VOCABULARY), ("random", RANDOM)):
        recipe = replace(BASE, factor=1.0, start=Start.IDENTITY, start_scale=NOISE, layer_inputs=inputs)
        recipe = replace(recipe, output_loss=OutputLoss.NONE)
        task = Task.of(teacher, recipe, seed=0)
        size = task.d_model
        noise = NOISE * task.random(Stream.WEIGHTS).standard_normal((size, size))
        before = (np.eye(size) + noise).astype(np.float32)
        halves = teacher_halves(task)
        trainee = Trainee(task, halves, halves, before, Basis.nothing(size))
        (after,) = Fleet(recipe, [trainee], torch.device("cpu")).run()
        pairs = [(before, after.snapshots[0].w_emb)]
        for first, last in pairs:
            lines.append([name, *(f"{_off(w):.3f}" for w in (first, last, first.T @ first, last.T @ last))])
    header = ["inputs", "W_emb before", "after", "W_embᵀ W_emb before", "after"]
    return table(header, lines)


def _off(matrix: np.ndarray) -> float:
    """Root mean square of the difference from the identity."""
    return float(np.sqrt(np.square(matrix - np.eye(len(matrix))).mean()))


def main() -> None:
    """Train all rows, print, and write the section of docs/results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="programs a row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="JSON file of finished rows")
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = rows_of(draw(options.count, options.seed), options.seed, options.cache)
    body = "\n\n".join(
        (
            f"Means and, in brackets, standard deviations in per cent over {options.count} programs of the "
            "thesis's distribution of students. The thesis counts outputs equal to the teacher's; here a "
            "position is right when it is the program's.",
            comparison(found),
            "Factor 1, sort-unique, W_emb = 1 + noise, layer-wise L2 (thesis, Figure 6.2): root mean square "
            "difference from the identity.",
            factor_one(),
        )
    )
    print(body)
    if options.write:
        write_section("distill-losses", "Losses of compressed students", body)


if __name__ == "__main__":
    main()
