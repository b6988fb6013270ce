"""What zoos of a million to a billion models take, from what a few take here and now.

python -m benchmarks.zoo_scale [--kinds standard,compressed,natural] [--write]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.results import table, write_section
from inverse_tracr.zoo import Kind, ZooConfig
from inverse_tracr.zoo.build import trainer_of
from inverse_tracr.zoo.config import USUAL_FACTOR
from inverse_tracr.zoo.estimate import Estimate, estimate, memory_of_last_pass

SCALE = Path(__file__).parent.parent / "docs" / "scale.md"
CHUNK_SIZES = {Kind.STANDARD: 1_000, Kind.COMPRESSED: 128, Kind.NATURAL: 128}
COUNTS = {
    Kind.STANDARD: (10**6, 10**7, 10**8, 10**9),
    Kind.COMPRESSED: (10**4, 10**5, 10**6),
    Kind.NATURAL: (10**4, 10**5, 10**6),
}
WORKERS = 100
FACTOR = 1.25


def measured(kind: Kind) -> Estimate:
    """What one model takes, as an estimate for the smallest zoo."""
    factor = FACTOR if kind is Kind.COMPRESSED else USUAL_FACTOR
    config = ZooConfig(kind, COUNTS[kind][0], 0, stratified=True, factor=factor)
    return estimate(config, chunk_size=CHUNK_SIZES[kind], workers=1, trainer=trainer_of(config))


def scaled(kind: Kind, found: Estimate) -> list[list[str]]:
    """A row for each size."""
    rows: list[list[str]] = []
    for count in COUNTS[kind]:
        times = count / COUNTS[kind][0]
        core_hours = found.core_hours * times
        rows.append(
            [
                kind.value,
                f"{count:,}",
                f"{round(found.chunks * times):,}",
                f"{found.disk * times / 1e9:,.2f} GB",
                f"{memory_of_last_pass(round(count / found.share_made)) / 1e9:,.1f} GB",
                f"{core_hours:,.1f}",
                f"{core_hours / WORKERS:,.2f}",
            ]
        )
    return rows


def main() -> None:
    """Measure, print, and write the section of docs/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="standard,compressed,natural")
    parser.add_argument("--write", action="store_true", help="write the section of docs/scale.md")
    options = parser.parse_args()
    kinds = [Kind(name) for name in options.kinds.split(",")]
    rows: list[list[str]] = []
    rates: list[str] = []
    for kind in kinds:
        found = measured(kind)
        rows += scaled(kind, found)
        rates.append(
            f"{kind.value}: {found.rate:.3g} models a second and core, {found.share_made:.0%} of all drawn"
        )
    header = [
        "kind",
        "models",
        "chunks",
        "disk",
        "memory of the last pass",
        "core-hours",
        f"hours on {WORKERS} cores",
    ]
    body = f"Measured: {'; '.join(rates)} (compressed: factor {FACTOR}).\n\n" + table(header, rows)
    print(body)
    if options.write:
        write_section("zoo-scale", "From measured rates", body, path=SCALE)


if __name__ == "__main__":
    main()
