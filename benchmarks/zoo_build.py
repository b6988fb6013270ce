"""How fast a zoo is built, how much is left out, and what it takes on disk.

nice -n 10 python -m benchmarks.zoo_build --count 20000 --workers 1 --out zoo
nice -n 10 python -m benchmarks.zoo_build --kind compressed --factor 1.25 --count 5000 --stratified --out zoo

A build that was cut off goes on; what it had taken before is not in the figures then, and the section says of
how many items it is not.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import table, write_section
from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Kind, Manifest, Progress, Zoo, ZooConfig, build
from inverse_tracr.zoo.check import check
from inverse_tracr.zoo.config import USUAL_FACTOR
from inverse_tracr.zoo.datasets import ZooStream
from inverse_tracr.zoo.engines import EngineKind, make_engine
from inverse_tracr.zoo.test_sets import MIXED

READ = 300
CHUNK_SIZE = {Kind.STANDARD: 1_000, Kind.COMPRESSED: 128, Kind.NATURAL: 32}


@dataclass(frozen=True)
class Measured:
    """Core-seconds, seconds on the clock, peak memory of the driver, items that an earlier run had made."""

    core_seconds: float
    seconds: float
    peak_bytes: int
    resumed: int


def measured_build(config: ZooConfig, folder: Path, workers: int) -> tuple[Manifest, Measured]:
    """Build a zoo and take its time."""
    begun, own = time.monotonic(), time.process_time()
    rounds: dict[int, Progress] = {}
    kind = EngineKind.LOCAL if workers > 1 else EngineKind.SERIAL
    engine = make_engine(kind, workers=workers, memory=4 * 2**30, timeout=3_600.0)
    manifest = build(
        config,
        folder,
        engine=engine,
        chunk_size=CHUNK_SIZE[config.kind],
        report=lambda progress: rounds.update({progress.goal: _told(progress)}),
    )
    spent = sum(progress.core_seconds for progress in rounds.values())
    resumed = next(iter(rounds.values())).resumed if rounds else manifest.count
    driver = time.process_time() - own if workers > 1 else 0.0
    return manifest, Measured(spent + driver, time.monotonic() - begun, _peak(), resumed)


def _told(progress: Progress) -> Progress:
    print(
        f"{progress.made + progress.resumed:,} of {progress.goal:,} items",
        f"{progress.core_seconds:.0f} core-seconds",
        sep=", ",
        file=sys.stderr,
        flush=True,
    )
    return progress


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


def student_rows(folder: Path) -> list[list[str]]:
    """What the students of a zoo are like: mean agreement, and how many equal their program on all inputs."""
    zoo = Zoo(folder)
    indexes = [zoo.split(split) for split in zoo.manifest.rows]
    agreement = [row["agreement"] for index in indexes for group in index.groups for row in index.read(group)]
    exact = sum(value == 1.0 for value in agreement)
    return [
        ["mean agreement", f"{100 * sum(agreement) / len(agreement):.2f}%"],
        ["equal to their program on all inputs", f"{exact:,} ({100 * exact / len(agreement):.1f}%)"],
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="standard", choices=[kind.value for kind in Kind])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="sound", choices=["mixed", *(preset.value for preset in Preset)])
    parser.add_argument("--stratified", action="store_true", help="as many programs of every length")
    parser.add_argument(
        "--factor", type=float, default=USUAL_FACTOR, help="students: teacher's d_model over theirs"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    return parser.parse_args()


def main() -> None:
    """Build, check, load, and write the section of docs/results.md."""
    options = _options()
    kind = Kind(options.kind)
    config = ZooConfig(
        kind,
        options.count,
        options.seed,
        presets=MIXED if options.preset == "mixed" else (Preset(options.preset),),
        stratified=options.stratified,
        factor=options.factor,
    )
    manifest, taken = measured_build(config, options.out, options.workers)
    begun = time.process_time()
    checked = check(options.out, sample=max(100, options.count // 100))
    check_seconds = time.process_time() - begun
    size = sum(entry.size for entry in manifest.files.values())
    items = sum(manifest.outcomes.values())
    rows = [
        ["models", f"{manifest.count:,}"],
        *(
            [["items that an earlier run had made, not in the times", f"{taken.resumed:,}"]]
            if taken.resumed
            else []
        ),
        ["core-seconds", f"{taken.core_seconds:.0f}"],
        ["models a second and core", f"{manifest.count / taken.core_seconds:.3g}"],
        ["seconds on the clock", f"{taken.seconds:.0f}"],
        ["items", f"{items:,}"],
        *([f"of them: {name}", f"{count:,}"] for name, count in manifest.outcomes.items()),
        *(student_rows(options.out) if config.trained else []),
        ["bytes", f"{size:,}"],
        ["bytes a model", f"{size / manifest.count:.0f}"],
        ["peak memory of the driver", f"{taken.peak_bytes / 2**20:.0f} MiB"],
        ["models a core-second when loaded", f"{loading_rate(options.out):.0f}"],
        [
            "problems found by `zoo check`",
            f"{len(checked.problems)} (of {checked.models} models that were run)",
        ],
        ["core-seconds of `zoo check`", f"{check_seconds:.0f}"],
        ["programs_hash", f"`{manifest.programs_hash}`"],
    ]
    told = [kind.value, "zoo,", f"`{options.preset}`,", f"{options.workers} workers"]
    if config.trained:
        told.insert(2, f"factor {options.factor:g},")
    body = table([" ".join(told), ""], rows)
    print(body)
    if options.write:
        write_section(f"zoo-{kind.value}", f"Building a {kind.value} zoo", body)


if __name__ == "__main__":
    main()
