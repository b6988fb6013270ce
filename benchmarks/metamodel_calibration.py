"""Whether the score of the meta-model is the probability that its program is right.

python -m benchmarks.metamodel_calibration [--models 200] [--checkpoint DIR] [--fit] [--write]

Compiled models of programs that it has not learned from; the likeliest program of each, its probability, and
whether the verifier finds no difference. `--fit` writes the temperature with which the probabilities of half
of the models are nearest to what came out into the checkpoint's description; the table is on the other half.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.results import table, write_section
from inverse_tracr.decompile.decompiler import remembering_judge
from inverse_tracr.evaluate.intervals import share
from inverse_tracr.evaluate.markdown import percent
from inverse_tracr.metamodel.beam import guesses
from inverse_tracr.metamodel.checkpoint import DESCRIPTION, load_network
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.proposer import SHIPPED, WIDTH, revised_proposal_of
from inverse_tracr.metamodel.stream import HELD_OUT, sampled
from inverse_tracr.model.safe_files import write_atomically

BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
FIRST = 10_000
"""Number of the first program: those before are the held-out ones of training."""


@dataclass(frozen=True)
class Outcome:
    """The score of the likeliest program, and whether it was verified."""

    score: float
    right: bool

    def probability(self, temperature: float) -> float:
        """What the score says, as `Guess.probability`."""
        return math.exp(min(self.score / temperature, 0.0))


def outcomes(checkpoint: Path, models: int) -> list[Outcome]:
    """One of each model."""
    loaded = load_network(checkpoint)
    found: list[Outcome] = []
    item = FIRST
    while len(found) < models:
        made = sampled(TrainConfig(), item, part=HELD_OUT)
        item += 1
        if made is None:
            continue
        model = made[2]
        best = guesses(loaded.network, model, width=WIDTH)[:1]
        program = revised_proposal_of(best[0], model).program if best else None
        right = program is not None and remembering_judge(model)(program).verified
        found.append(Outcome(best[0].score if best else -math.inf, right))
        if len(found) % 20 == 0:
            print(f"{len(found)} of {models}", file=sys.stderr, flush=True)
    return found


def fitted(found: list[Outcome]) -> float:
    """The temperature with the least cross-entropy."""

    def loss(temperature: float) -> float:
        total = 0.0
        for outcome in found:
            p = min(max(outcome.probability(temperature), 1e-4), 1 - 1e-4)
            total -= math.log(p if outcome.right else 1 - p)
        return total

    return float(min(np.geomspace(0.1, 20, 200), key=loss))


def rows(found: list[Outcome], temperature: float) -> list[list[str]]:
    """Bins of probability: models, mean probability, share that was verified."""
    cells: list[list[str]] = []
    for low, high in pairwise(BINS):
        last = high == BINS[-1]
        own = [o for o in found if low <= o.probability(temperature) < high or (last and o.score == 0)]
        if own:
            mean = np.mean([o.probability(temperature) for o in own])
            cells.append(
                [f"{low}–{high}", str(len(own)), f"{100 * mean:.0f}", percent(share([o.right for o in own]))]
            )
    return cells


def main() -> None:
    """Measure and print, or write to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = outcomes(options.checkpoint, options.models)
    half = len(found) // 2
    temperature = fitted(found[:half])
    text = table(
        ["probability", "models", "mean probability, %", "verified, % (95 % interval)"],
        rows(found[half:], temperature),
    )
    text += f"\nTemperature {temperature:.2f}, fitted on {half} other models.\n"
    if options.fit:
        path = options.checkpoint / DESCRIPTION
        description = json.loads(path.read_text(encoding="utf-8")) | {"temperature": round(temperature, 3)}
        write_atomically(path, json.dumps(description, indent=2).encode() + b"\n")
    if options.write:
        write_section("metamodel-calibration", "The score of the meta-model", text)
    print(text)


if __name__ == "__main__":
    main()
