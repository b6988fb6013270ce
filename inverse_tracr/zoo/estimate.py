"""What a build will take, from what a few items take here and now."""

from __future__ import annotations

import time
from dataclasses import dataclass

from inverse_tracr.zoo.chunks import parquet_bytes
from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.rows import Row, to_table

WARM_UP, MEASURED = 8, 64
_MERGE_SECONDS = 4e-5
"""Core-seconds that the last pass takes for a row."""


@dataclass(frozen=True)
class Estimate:
    """Chunks, bytes on disk at the end and at most, core-hours, hours with these workers, programs a second
    and core. `share_made`: items that become rows, duplicates not counted.
    """

    chunks: int
    disk: int
    disk_while_building: int
    core_hours: float
    hours: float
    rate: float
    share_made: float


def estimate(config: ZooConfig, *, chunk_size: int, workers: int) -> Estimate:
    """Make a few items of a standard zoo and extrapolate; nothing is written."""
    for number in range(WARM_UP):
        make_item(config, number)
    begun = time.process_time()
    items = [make_item(config, WARM_UP + number) for number in range(MEASURED)]
    seconds = (time.process_time() - begun) / MEASURED
    rows = [item.row for item in items if isinstance(item, Item)]
    made = max(1, len(rows)) / MEASURED
    size = len(parquet_bytes(to_table(rows, Row))) / max(1, len(rows))
    total = config.count / made
    core_seconds = total * seconds + config.count * _MERGE_SECONDS
    disk = int(config.count * size)
    return Estimate(
        chunks=-(-int(total) // chunk_size),
        disk=disk,
        disk_while_building=2 * disk,
        core_hours=core_seconds / 3600,
        hours=(total * seconds / workers + config.count * _MERGE_SECONDS) / 3600,
        rate=1 / seconds,
        share_made=made,
    )
