"""How fast the examples are decompiled and verified, on CPU, one thread.

python -m benchmarks.decompile_speed [--rounds 3] [--write]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.results import ROOT, table, write_section
from inverse_tracr.compile import compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.rasp import parse_source
from tests.decompile.variations import permuted

EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Speed:
    """One example: verdict, inputs checked, the fewest seconds of all rounds; size of its model.

    `seconds` are those that the processor spent on it, `wall` those of the clock.
    """

    name: str
    verdict: str
    inputs: int
    seconds: float
    wall: float
    d_model: int
    half_layers: int


def measure(path: Path, rounds: int) -> Speed:
    """Decompile and verify the permuted model of an example, as a user does: method `auto`."""
    source = parse_source(path.read_text(encoding="utf-8"))
    assert source.signature is not None
    compiled = compile_program(source.program, source.signature)
    model = permuted(compiled, np.random.default_rng(0))
    found, spent = [], []
    for _ in range(rounds):
        begin = time.process_time()
        found.append(decompile(model))
        spent.append(time.process_time() - begin)
    config = model.config
    return Speed(
        path.stem,
        found[0].verdict.value,
        found[0].inputs_checked,
        min(spent),
        min(f.seconds for f in found),
        config.d_model,
        2 * config.n_layers,
    )


def report(speeds: list[Speed]) -> str:
    """The section of docs/results.md."""
    cpu = _median_and_p95([speed.seconds for speed in speeds])
    wall = _median_and_p95([speed.wall for speed in speeds])
    slowest = sorted(speeds, key=lambda speed: -speed.seconds)[:8]
    rows = [
        [s.name, s.verdict, f"{s.inputs:,}", str(s.d_model), str(s.half_layers), f"{s.seconds:.2f}"]
        for s in slowest
    ]
    verified = sum(speed.verdict != "refuted" for speed in speeds)
    return (
        f"{len(speeds)} examples, compiled in mode `tracr` and permuted, decompiled, verified, one thread: "
        f"{cpu} of processor time ({wall} on the clock, with {os.getloadavg()[0]:.0f} processes running); "
        f"{verified} verified. The slowest:\n\n"
        + table(["example", "verdict", "inputs checked", "d_model", "half-layers", "seconds"], rows)
    )


def _median_and_p95(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"median {median(ordered):.2f} s, p95 {late:.2f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, help="times that each is decompiled; the best counts"
    )
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    speeds = [measure(path, options.rounds) for path in sorted(EXAMPLES.glob("*.rasp"))]
    print(json.dumps([asdict(speed) for speed in speeds], indent=2))
    if options.write:
        write_section("decompile-speed", "Speed of the decompiler", report(speeds))


if __name__ == "__main__":
    main()
