"""The work of one chunk: a function of configuration, range and full strata; its files are written whole."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from inverse_tracr.model.safe_files import write_atomically
from inverse_tracr.sample.garbage import rarely_collected
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.job import Chunk, ChunkRecord, Job
from inverse_tracr.zoo.rows import Outcome, Row, row_type_of, to_table
from inverse_tracr.zoo.training import Trainer, train
from inverse_tracr.zoo.weights_file import Flat, pack


@dataclass(frozen=True)
class ChunkWork:
    """Makes chunks of a build; travels to other processes, where only chunks come in and records go out.

    `trainer` makes the students of a compressed or natural zoo; none in strata that are `full` by what the
    rounds before have made.
    """

    job: Job
    trainer: Trainer | None = None
    full: frozenset[int] = frozenset()

    def __call__(self, chunk: Chunk) -> ChunkRecord:
        """Make a chunk, write its files, then its record."""
        begun = time.process_time()
        config = self.job.config
        with rarely_collected():
            items = [make_item(config, number) for number in range(chunk.first, chunk.last)]
        if self.trainer is not None:
            items = [self._unless_full(item) for item in items]
        rows = [item.row if isinstance(item, Item) else item for item in items]
        weights: list[Flat] = []
        if self.trainer is not None:
            with _one_thread():
                rows, weights = train(self.trainer, config, items)
        files = {f"{chunk.stem}.parquet": parquet_bytes(to_table(rows, row_type_of(trained=config.trained)))}
        if weights:
            files[f"{chunk.stem}.safetensors"] = pack(weights)
        digests: dict[str, str] = {}
        for name, data in files.items():
            write_atomically(self.job.building / name, data)
            digests[name] = digest_of(data)
        made = sum(row.outcome == Outcome.MADE.value for row in rows)
        record = ChunkRecord(chunk, digests, made, time.process_time() - begun)
        self.job.record(record)
        return record

    def _unless_full(self, item: Item | Row) -> Item | Row:
        if isinstance(item, Item) and item.row.item % len(self.job.config.strata) in self.full:
            return replace(item.row, outcome=Outcome.SURPLUS.value)
        return item


def parquet_bytes(table: pa.Table, *, rows_per_group: int = 1024) -> bytes:
    """A table as the bytes of a Parquet file; the same table gives the same bytes."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=rows_per_group)
    return buffer.getvalue()


def digest_of(data: bytes) -> str:
    """Digest of a file's content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@contextmanager
def _one_thread() -> Generator[None]:
    """One thread of PyTorch, whatever the engine: trained weights depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
