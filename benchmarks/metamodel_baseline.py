"""The thesis's meta-model and ours, on the same programs and for the same processor time.

python -m benchmarks.metamodel_baseline --core-seconds 1800 [--size very-tiny] [--tested 200]
    [--programs 4000] [--checkpoint DIR] [--write]

The baseline is trained here at a size of the thesis, with and without the architecture string, and for half
the time as the autoencoder of section 5.1.1. Ours is trained here too, on `--programs` of the same stream,
which is to take no longer; the shipped checkpoint is beside it. Token accuracy in the thesis's
view on programs that neither has seen, beside what a predictor reaches that sees no weights.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.results import table, write_section
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.evaluate.floors import floors
from inverse_tracr.evaluate.intervals import mean
from inverse_tracr.evaluate.markdown import percent
from inverse_tracr.evaluate.thesis_accuracy import accuracy_by_position
from inverse_tracr.metamodel.baseline.blocks import decode_rows, encode_model, encode_program
from inverse_tracr.metamodel.baseline.network import Baseline, BaselineConfig, Size, fits, padded
from inverse_tracr.metamodel.baseline.training import (
    BaselineRun,
    Example,
    examples,
    token_accuracy,
    train_baseline,
)
from inverse_tracr.metamodel.beam import guesses
from inverse_tracr.metamodel.checkpoint import load_network
from inverse_tracr.metamodel.config import SHIPPED_RUN, TrainConfig
from inverse_tracr.metamodel.network import MetaModel
from inverse_tracr.metamodel.proposer import SHIPPED, WIDTH, revised_proposal_of
from inverse_tracr.metamodel.stream import HELD_OUT, Item, sampled
from inverse_tracr.metamodel.training import train
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.thesis_view import Row, thesis_rows

MOST_STEPS = 1_000_000
SIZES = {size.name.lower().replace("_", "-"): size for size in Size}


@dataclass(frozen=True)
class Accuracy:
    """A row: token accuracies of the programs one by one, and what else is to be said."""

    name: str
    shares: tuple[float, ...]
    note: str = ""

    def cells(self) -> list[str]:
        """The cells of a table."""
        return [self.name, percent(mean(self.shares)), self.note]


def measure(core_seconds: float, size: Size, tested: int, programs: int, checkpoint: Path) -> list[Accuracy]:
    """All rows of the table."""
    stream = TrainConfig()
    items = [item for item in (sampled(stream, i, part=HELD_OUT) for i in range(tested)) if item is not None]
    views = [thesis_rows(canonical(program, signature)) for program, signature, _ in items]
    rows = [Accuracy(f"sees {floor.told.value}", floor.by_position) for floor in floors(views)]
    for architecture in (True, False):
        config = BaselineConfig(size, architecture=architecture)
        network, seen = train_baseline(config, BaselineRun(MOST_STEPS, core_seconds), stream, report=_say)
        name = "baseline, with architecture string" if architecture else "baseline, without"
        rows.append(Accuracy(name, _baseline(network, items, views), f"{seen} programs"))
    config = BaselineConfig(size)
    run = BaselineRun(MOST_STEPS, core_seconds / 2, autoencoder=True)
    network, seen = train_baseline(config, run, stream, report=_say)
    own = [example for example in _autoencoded(len(items)) if fits(example[0])]
    share, _ = token_accuracy(network, own)
    rows.append(Accuracy("baseline reading the program itself (thesis: 94 %)", (share,), f"{seen} programs"))
    here, note = _trained_here(programs)
    for name, ours, said in (("ours", here, note), ("ours as shipped", load_network(checkpoint).network, "")):
        for width in (1, WIDTH):
            what = "one program" if width == 1 else f"best of a beam of {width}"
            rows.append(Accuracy(f"{name}, {what}", _ours(ours, items, views, width), said))
    return rows


def _trained_here(programs: int) -> tuple[MetaModel, str]:
    """Our network after a run like the shipped one on fewer programs, and what that run took."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        config = replace(SHIPPED_RUN, programs=programs)
        network = train(config, Path(folder), report=lambda line: _say(str(line)))
    return network, f"{programs} programs, {time.process_time() - begun:.0f} core-seconds"


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _autoencoded(count: int) -> list[Example]:
    source = examples(TrainConfig(seed=1), BaselineConfig(), autoencoder=True)
    return [next(source) for _ in range(count)]


def _baseline(
    network: Baseline, items: Sequence[Item], views: Sequence[tuple[Row, ...]]
) -> tuple[float, ...]:
    shares: list[float] = []
    for (program, signature, model), wanted in zip(items, views, strict=True):
        steps = encode_model(model, architecture=network.config.architecture)
        # Models too long for the network, and programs too long for its rows, count as wrong.
        if not fits(steps) or encode_program(canonical(program, signature)) is None:
            shares.append(0.0)
            continue
        written = decode_rows(network.write(padded([steps], network.config))[0].numpy())
        shares.append(accuracy_by_position(wanted, written))
    return tuple(shares)


def _ours(
    network: MetaModel, items: Sequence[Item], views: Sequence[tuple[Row, ...]], width: int
) -> tuple[float, ...]:
    shares: list[float] = []
    for (_, signature, model), wanted in zip(items, views, strict=True):
        found = guesses(network, model, width=width)
        rows: tuple[Row, ...] = ()
        for guess in found[:1]:
            program = revised_proposal_of(guess, model).program
            try:
                rows = () if program is None else thesis_rows(canonical(program, signature))
            except InverseTracrError:
                rows = ()
        shares.append(accuracy_by_position(wanted, rows))
    return tuple(shares)


def main() -> None:
    """Measure and print, or write to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core-seconds", type=float, default=1_800.0)
    parser.add_argument("--size", choices=sorted(SIZES), default="very-tiny", help="size of the network")
    parser.add_argument("--tested", type=int, default=200)
    parser.add_argument("--programs", type=int, default=4_000, help="that ours is trained on here")
    parser.add_argument("--checkpoint", type=Path, default=SHIPPED)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    size = SIZES[options.size]
    rows = measure(options.core_seconds, size, options.tested, options.programs, options.checkpoint)
    text = table(
        ["", "tokens right in the thesis's view, % (95 % interval)", ""], [row.cells() for row in rows]
    )
    layers, heads, width = size.value
    text = (
        f"The baseline has {layers} layers, {heads} heads and a width of {width}, and learns for "
        f"{options.core_seconds:g} core-seconds, data included.\n\n{text}"
    )
    if options.write:
        write_section("metamodel-baseline", "The thesis's meta-model and ours", text)
    print(text)


if __name__ == "__main__":
    main()
