"""What each choice of the meta-model is worth, on the lessons of one run.

python -m benchmarks.metamodel_ablation RUN_FOLDER --epochs 3 [--write]

Every variant learns from the same kept lessons of the run for as many epochs, and is asked about programs
that it has not seen. Columns of what it sees are put to 0 in their place where a row leaves them out.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from inverse_tracr.metamodel.kept import read_lessons
from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.metamodel.network import MetaModel, NetworkConfig
from inverse_tracr.metamodel.training import batches_of, evaluate, losses_of

Lesson = list[Decision]

HELD_OUT = 0.08
RATE = 1e-3

# Columns of `fillings` and `operands`, in the order in which these put them together.
LINEAR = [*range(15, 25)]
CLUSTERS = [2, 3, 4, 9, 10, 11]
VARIANCE = [0, 1, 7, 8, 25]
OUTPUTS = [6, 12, 13, 14]
USED = [11, 18]


@dataclass(frozen=True)
class Variant:
    """A row: what is left out or changed."""

    name: str
    network: NetworkConfig = field(default_factory=NetworkConfig)
    share: float = 1.0
    lines: tuple[int, ...] = ()
    pairs: tuple[int, ...] = ()
    no_kinds: bool = False
    no_context: bool = False

    def seen(self, lesson: Lesson) -> Lesson:
        """A lesson as this variant sees it."""
        return [self._decision(decision) for decision in lesson]

    def _decision(self, decision: Decision) -> Decision:
        features, kinds = decision.features.copy(), decision.kinds
        features[:, list(self.pairs if kinds is None else self.lines)] = 0
        if kinds is not None and self.no_kinds:
            kinds = np.zeros_like(kinds)
        context = np.zeros_like(decision.context) if self.no_context else decision.context
        return replace(decision, features=features, kinds=kinds, context=context)


VARIANTS = (
    Variant("all of it"),
    Variant("without linear shares", lines=tuple(LINEAR)),
    Variant("without clusters", lines=tuple(CLUSTERS)),
    Variant("without shares of variance", lines=tuple(VARIANCE)),
    Variant("without the model's outputs", lines=tuple(OUTPUTS)),
    Variant("without the kind of function", no_kinds=True),
    Variant("without which lines are still unread", pairs=tuple(USED)),
    Variant("without the half-layer and the program so far", no_context=True),
    Variant("width 64", NetworkConfig(width=64)),
    Variant("width 320", NetworkConfig(width=320)),
    Variant("a quarter of the programs", share=0.25),
)


def measure(folder: Path, epochs: int, say: Callable[[str], None]) -> list[list[str]]:
    """The rows of the table."""
    batches = [read_lessons(path) for path in sorted((folder / "lessons").glob("*.npz"))]
    cut = int(len(batches) * (1 - HELD_OUT))
    tested = [lesson for batch in batches[cut:] for lesson in batch]
    rows: list[list[str]] = []
    for variant in VARIANTS:
        seen = [[variant.seen(lesson) for lesson in batch] for batch in _part(batches[:cut], variant.share)]
        network = trained(seen, epochs * cut, variant.network)
        losses, operands, lines, whole = evaluate(
            network, [variant.seen(lesson) for lesson in tested], torch.device("cpu")
        )
        shares = [f"{100 * share:.1f}" for share in (operands, lines, whole)]
        size = sum(parameter.numel() for parameter in network.parameters())
        rows.append([variant.name, *shares, f"{losses[0]:.2f}", f"{size:,}"])
        say(" | ".join(rows[-1]))
    return rows


def _part(batches: Sequence[list[Lesson]], share: float) -> Sequence[list[Lesson]]:
    return batches[: max(1, int(share * len(batches)))]


def trained(
    batches: Sequence[list[Lesson]], steps: int, sizes: NetworkConfig, start: MetaModel | None = None
) -> MetaModel:
    """A network after so many steps on batches drawn at random, begun with the weights of `start`."""
    torch.manual_seed(0)  # only first weights are drawn from it
    network = MetaModel(sizes)
    if start is not None:
        network.load_state_dict(start.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    order = np.random.default_rng(0)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 100) * (1 + math.cos(math.pi * step / steps)) / 2
        batch = batches[int(order.integers(len(batches)))]
        optimiser.zero_grad()
        losses = losses_of(network, batches_of(batch, torch.device("cpu"))) / max(len(batch), 1)
        (losses @ torch.tensor([1.0, 0.5, 0.2])).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
    return network.eval()


def main() -> None:
    """Measure and print, or write to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = measure(options.folder, options.epochs, lambda text: print(text, file=sys.stderr, flush=True))
    heads = [
        "",
        "operands right, %",
        "functions right, %",
        "programs right, %",
        "nats a program",
        "parameters",
    ]
    text = table(heads, rows)
    text += "\nRight: at least half of the probability. Programs: every choice, teacher-forced.\n"
    if options.write:
        write_section("metamodel-ablation", "What each choice of the meta-model is worth", text)
    print(text)


if __name__ == "__main__":
    main()
