"""What a build will take, from what a few items take here and now."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

from inverse_tracr.zoo.chunks import parquet_bytes
from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.rows import Outcome, row_type_of, to_table
from inverse_tracr.zoo.training import Trainer, train

WARM_UP, MEASURED = 100, 300
MEASURED_STUDENTS = 24
FIXED_MEMORY = 600 * 2**20
"""Bytes of a process that has imported everything."""

MEMORY_PER_ITEM = 60
"""Bytes of the last pass for an item: two keys and an outcome, sorted and copied."""

_MERGE_SECONDS = 4e-5
"""Core-seconds that the last pass takes for a row."""


@dataclass(frozen=True)
class Estimate:
    """Chunks, bytes on disk at the end and at most, core-hours, hours with these workers, rows a second and
    core. `share_made`: items that become rows, duplicates not counted. `memory`: bytes of the driver.
    `worker_memory`: bytes that this process had taken at most when the few items were made.
    """

    chunks: int
    disk: int
    disk_while_building: int
    core_hours: float
    hours: float
    rate: float
    share_made: float
    memory: int
    worker_memory: int


def estimate(config: ZooConfig, *, chunk_size: int, workers: int, trainer: Trainer | None = None) -> Estimate:
    """Make a few items and extrapolate; nothing is written. `trainer` makes the students of a trained zoo."""
    for number in range(WARM_UP):
        make_item(config, number)
    count = MEASURED if trainer is None else MEASURED_STUDENTS
    begun = time.process_time()
    items = [make_item(config, WARM_UP + number) for number in range(count)]
    rows = [item.row for item in items if isinstance(item, Item)]
    weights = 0
    if trainer is not None:
        rows, flat = train(trainer, config, items)
        rows = [row for row in rows if row.outcome == Outcome.MADE.value]
        weights = sum(array.nbytes for array in flat)
    seconds = (time.process_time() - begun) / count
    made = max(1, len(rows)) / count
    table = to_table(rows, row_type_of(trained=config.trained))
    size = (len(parquet_bytes(table)) + weights) / max(1, len(rows))
    total = config.count / made
    core_seconds = total * seconds + config.count * _MERGE_SECONDS
    disk = int(config.count * size)
    return Estimate(
        chunks=-(-int(total) // chunk_size),
        disk=disk,
        disk_while_building=2 * disk,
        core_hours=core_seconds / 3600,
        hours=(total * seconds / workers + config.count * _MERGE_SECONDS) / 3600,
        rate=made / seconds,
        share_made=made,
        memory=memory_of_last_pass(int(total)),
        worker_memory=_peak(),
    )


def _peak() -> int:
    """Bytes that this process has taken at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory_of_last_pass(items: int) -> int:
    """Bytes of the driver when it puts so many items together."""
    return FIXED_MEMORY + items * MEMORY_PER_ITEM
