"""How fast a standard zoo is built, how much is a duplicate, and what it takes on disk.

nice -n 10 python -m benchmarks.zoo_build --count 20000 --workers 1 --out zoo
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import table, write_section
from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Kind, Manifest, ZooConfig, build
from inverse_tracr.zoo.check import check
from inverse_tracr.zoo.datasets import ZooStream
from inverse_tracr.zoo.engines import EngineKind, make_engine

READ = 500


@dataclass(frozen=True)
class Measured:
    """Core-seconds of workers and driver, seconds on the clock, peak memory of the driver."""

    core_seconds: float
    seconds: float
    peak_bytes: int


def measured_build(config: ZooConfig, folder: Path, workers: int) -> tuple[Manifest, Measured]:
    """Build a zoo and take its time."""
    begun, own = time.monotonic(), time.process_time()
    rounds: dict[int, float] = {}
    kind = EngineKind.LOCAL if workers > 1 else EngineKind.SERIAL
    engine = make_engine(kind, workers=workers, memory=4 * 2**30, timeout=3_600.0)
    manifest = build(
        config,
        folder,
        engine=engine,
        chunk_size=1_000,
        report=lambda progress: rounds.update({progress.goal: progress.core_seconds}),
    )
    spent = sum(rounds.values()) + (time.process_time() - own if workers > 1 else 0.0)
    return manifest, Measured(spent, time.monotonic() - begun, _peak())


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def loading_rate(folder: Path) -> float:
    """Models a core-second that a stream gives: read, parsed and compiled."""
    stream = iter(ZooStream(folder, key=0))
    next(stream)
    begun = time.process_time()
    for _ in range(READ):
        next(stream)
    return READ / (time.process_time() - begun)


def main() -> None:
    """Build, check, load, and write the section of docs/results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="sound", choices=[preset.value for preset in Preset])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    config = ZooConfig(Kind.STANDARD, options.count, options.seed, presets=(Preset(options.preset),))
    manifest, taken = measured_build(config, options.out, options.workers)
    begun = time.process_time()
    checked = check(options.out, sample=max(100, options.count // 100))
    check_seconds = time.process_time() - begun
    size = sum(entry.size for entry in manifest.files.values())
    items = sum(manifest.outcomes.values())
    again = items - manifest.outcomes["kept"]
    rows = [
        ["programs", f"{manifest.count:,}"],
        ["core-seconds", f"{taken.core_seconds:.0f}"],
        ["programs a second and core", f"{manifest.count / taken.core_seconds:.0f}"],
        ["seconds on the clock", f"{taken.seconds:.0f}"],
        ["left out (seen before, test function, not compiled)", f"{again} of {items:,}"],
        ["bytes", f"{size:,}"],
        ["bytes a program", f"{size / manifest.count:.0f}"],
        ["peak memory of the driver", f"{taken.peak_bytes / 2**20:.0f} MiB"],
        ["models a core-second when loaded (read, parsed, compiled)", f"{loading_rate(options.out):.0f}"],
        [
            "problems found by `zoo check`",
            f"{len(checked.problems)} ({checked.models} models checked for soundness, and run)",
        ],
        ["core-seconds of `zoo check`", f"{check_seconds:.0f}"],
        ["programs_hash", f"`{manifest.programs_hash}`"],
    ]
    body = table([f"standard zoo, `{options.preset}`, {options.workers} workers", ""], rows)
    print(body)
    if options.write:
        write_section("zoo-standard", "Building a standard zoo", body)


if __name__ == "__main__":
    main()
