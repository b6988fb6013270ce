"""The driver of a build: what is missing is made, then everything is put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from inverse_tracr.errors import CapExceededError, InverseTracrError
from inverse_tracr.zoo.card import write_card
from inverse_tracr.zoo.chunks import ChunkWork
from inverse_tracr.zoo.compiled_hash import compiled_hash
from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.engines import Done, Engine, Failed
from inverse_tracr.zoo.job import (
    MANIFEST_FILE,
    Chunk,
    ChunkRecord,
    Job,
    check_free,
    check_same,
    locked,
    open_job,
    remove_building,
    remove_unfinished,
)
from inverse_tracr.zoo.manifest import Manifest, read_manifest, write_manifest
from inverse_tracr.zoo.merge import BrokenChunkError, Merged, merge, read_candidates, total
from inverse_tracr.zoo.revision import package_revision
from inverse_tracr.zoo.selection import Selection, select
from inverse_tracr.zoo.training import Trainer

MOST_ITEMS_PER_ROW = 50
"""A build ends with an error when it has tried this many items for every row that was asked for."""


@dataclass(frozen=True)
class Progress:
    """How far a build is: items made now and before, items aimed at, seconds since this run began, and
    core-seconds that the items made now took.
    """

    made: int
    resumed: int
    goal: int
    seconds: float
    core_seconds: float


Report = Callable[[Progress], None]


class ChunksFailedError(InverseTracrError):
    """Some chunks failed in every attempt; all others are on disk."""


def silent(_progress: Progress) -> None:
    """The report of a build that nobody watches."""


def build(
    config: ZooConfig,
    folder: Path,
    *,
    engine: Engine,
    chunk_size: int,
    trainer: Trainer | None = None,
    revision: str | None = None,
    report: Report = silent,
    close: bool = False,
) -> Manifest:
    """Build a zoo in `folder`, or go on with the build that is there; a finished one is left as it is.

    With `close` nothing more is made: the rows that there are make the zoo, fewer than were asked for.
    A build that was begun keeps its chunk size and revision. Raises ZooConflictError when the folder holds
    something else, ChunksFailedError, CapExceededError when the presets give too few different programs, and
    OSError when the disk refuses; the same call again then goes on.
    """
    if (folder / MANIFEST_FILE).exists():
        manifest = read_manifest(folder)
        check_same(folder, manifest.config, manifest.fingerprint, config)
        remove_building(folder)
        return manifest
    check_free(folder)  # before the lock is written into a folder that is none of ours
    with locked(folder):
        job = open_job(folder, config, chunk_size, revision or package_revision())
        work = ChunkWork(job, trainer or trainer_of(config))
        while True:
            records, selection = _made(job) if close else _make_enough(job, engine, work, report)
            try:
                merged = merge(job, records, selection)
            except BrokenChunkError as error:
                job.forget(error.chunk)
                continue
            remove_unfinished(folder)
            manifest = _manifest(job, selection, merged)
            write_card(folder, manifest)
            write_manifest(folder, manifest)
            remove_building(folder)
            return manifest


def trainer_of(config: ZooConfig) -> Trainer | None:
    """What trains the students of a zoo, imported only where there are any."""
    if not config.trained:
        return None
    from inverse_tracr.zoo.students import DistillTrainer

    return DistillTrainer()


def _made(job: Job) -> tuple[dict[Chunk, ChunkRecord], Selection]:
    """The chunks that are made, from the first up to the first that is missing."""
    records: dict[Chunk, ChunkRecord] = {}
    for chunk, record in sorted(job.records().items(), key=lambda pair: pair[0].first):
        if chunk.first == (max(records, key=lambda c: c.last).last if records else 0):
            records[chunk] = record
    if not records:
        raise CapExceededError(
            "there is nothing to close",
            where=str(job.folder),
            expected="a build that has made its first chunk",
            got="none",
            advice="Leave out --close.",
        )
    return records, select(job.config, read_candidates(job, records))


def _make_enough(
    job: Job, engine: Engine, work: ChunkWork, report: Report
) -> tuple[dict[Chunk, ChunkRecord], Selection]:
    """Make chunks until the quotas are filled."""
    goal = job.config.count
    work = replace(work, full=frozenset())
    while True:
        chunks = _chunks(goal, job.chunk_size)
        records = _make(job, engine, work, chunks, report)
        try:
            selection = select(job.config, read_candidates(job, records))
        except BrokenChunkError as error:
            job.forget(error.chunk)
            continue
        if not selection.missing:
            return records, selection
        work = replace(work, full=selection.full)
        tried = chunks[-1].last
        if tried >= MOST_ITEMS_PER_ROW * job.config.count + 10 * job.chunk_size:
            raise CapExceededError(
                f"{tried} items gave too few different programs",
                where=str(job.folder),
                expected=f"{job.config.count} rows",
                got=f"{job.config.count - selection.missing}",
                advice="Ask for fewer rows, allow larger models, or keep what there is with --close.",
            )
        found = max(1, job.config.count - selection.missing)
        goal = tried + max(1, min(tried, int(1.05 * selection.missing * tried / found)))


def _chunks(items: int, size: int) -> list[Chunk]:
    return [Chunk(first, first + size) for first in range(0, items, size)]


def _make(
    job: Job, engine: Engine, work: ChunkWork, chunks: list[Chunk], report: Report
) -> dict[Chunk, ChunkRecord]:
    """Make those of `chunks` that are not on disk; the records of all of them."""
    records = {chunk: record for chunk, record in job.records().items() if chunk in set(chunks)}
    todo = [chunk for chunk in chunks if chunk not in records]
    begun, made, spent, resumed = time.monotonic(), 0, 0.0, sum(map(len, records))
    failed: list[Failed] = []
    for result in engine.run(work, todo) if todo else ():
        match result:
            case Done(record):
                records[record.chunk] = record
                made += len(record.chunk)
                spent += record.core_seconds
            case Failed():
                failed.append(result)
        report(Progress(made, resumed, chunks[-1].last, time.monotonic() - begun, spent))
    if failed:
        raise ChunksFailedError(
            f"{len(failed)} of {len(todo)} chunks failed in every attempt",
            where=str(job.folder),
            got=f"{failed[0].chunk.stem}: {failed[0].reason}",
            advice="The others are kept. Run the same command again, with more memory or time for a chunk.",
        )
    return records


def _manifest(job: Job, selection: Selection, merged: Merged) -> Manifest:
    trained = job.config.trained
    return Manifest(
        config=job.config,
        fingerprint=job.config.fingerprint,
        revision=job.revision,
        rows=merged.rows,
        outcomes=selection.counts(),
        programs_hash=total(merged.programs),
        weights_hash=total(merged.weights) if trained else compiled_hash(job.folder, merged.files),
        files=merged.files,
    )
