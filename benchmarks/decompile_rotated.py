"""Search where no residual dimension holds one thing: standard models whose stream is turned at random.

python -m benchmarks.decompile_rotated --count 40 --seed 0 [--preset sound] [--write]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from statistics import median

import torch

from benchmarks.results import table, write_section
from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import sample_program
from tests.decompile.rotation import rotated


@dataclass
class Tally:
    """Counts over models, and seconds of each."""

    models: int = 0
    verified: int = 0
    exact: int = 0
    by_length: Counter[int] = field(default_factory=Counter[int])
    verified_by_length: Counter[int] = field(default_factory=Counter[int])
    refuted: list[str] = field(default_factory=list[str])
    seconds: list[float] = field(default_factory=list[float])


def measure(preset: str, count: int, seed: int) -> Tally:
    """Decompile `count` turned models by search alone."""
    tally = Tally()
    for index in range(count):
        sample = sample_program(preset, seed, index)
        model = compile_program(sample.program, sample.signature, mode=Mode.FIXED)
        found = decompile(rotated(model, seed=index), method="search")
        true = canonical(sample.program, sample.signature)
        exact = found.program is not None and canonical(found.program, sample.signature) == true
        tally.models += 1
        tally.exact += exact
        tally.by_length[len(true)] += 1
        tally.seconds.append(found.seconds)
        if found.verification.verified:
            tally.verified += 1
            tally.verified_by_length[len(true)] += 1
        else:
            tally.refuted.append(f"seed {seed}, index {index}: agreement {found.agreement:.4f}")
    return tally


def report(tally: Tally, preset: str) -> str:
    """The section of docs/results.md."""
    seconds = sorted(tally.seconds)
    late = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    rows = [
        [str(length), str(tally.by_length[length]), str(tally.verified_by_length[length])]
        for length in sorted(tally.by_length)
    ]
    return (
        f"Preset `{preset}`, compiled without faults, residual stream turned by a random orthogonal matrix, "
        f"method `search` alone. Verified {tally.verified} of {tally.models}, exact match {tally.exact}; "
        f"seconds per model: median {median(seconds):.1f}, p95 {late:.1f}.\n\n"
        + table(["length", "models", "verified"], rows)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="sound", choices=["sound", "tracr"])
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tally = measure(options.preset, options.count, options.seed)
    print(json.dumps({"schema": 1, "preset": options.preset, **asdict(tally)}))
    if options.write:
        title = f"Search on turned models, preset {options.preset}"
        write_section(f"search-rotated-{options.preset}", title, report(tally, options.preset))


if __name__ == "__main__":
    main()
