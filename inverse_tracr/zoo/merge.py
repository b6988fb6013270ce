"""The last pass of a build: what is kept of all chunks, in order, in shards of one size."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inverse_tracr.model.safe_files import write_atomically
from inverse_tracr.zoo.chunks import digest_of, parquet_bytes
from inverse_tracr.zoo.config import SCHEMA_VERSION, Splits, ZooConfig
from inverse_tracr.zoo.excluded import keys_of
from inverse_tracr.zoo.job import Chunk, ChunkRecord, Job
from inverse_tracr.zoo.manifest import SPLITS, FileEntry
from inverse_tracr.zoo.rows import Outcome, final_schema, row_type_of
from inverse_tracr.zoo.selection import Candidates, Selection, outcome_code
from inverse_tracr.zoo.weights_file import Flat, open_packed, pack

PROGRAMS_PER_SHARD = 65_536
STUDENTS_PER_SHARD = 2_048
_PERCENT = {"validation": range(90, 95), "test": range(95, 100)}


class BrokenChunkError(Exception):
    """A chunk's file is not what its record says; the chunk is to be made again."""

    def __init__(self, chunk: Chunk) -> None:
        super().__init__(chunk.stem)
        self.chunk = chunk


@runtime_checkable
class Digest(Protocol):
    """A hash in the making."""

    def update(self, data: bytes, /) -> None:
        """Take up more bytes."""
        ...

    def hexdigest(self) -> str:
        """The digits so far."""
        ...


def new_digests() -> dict[str, Digest]:
    """One hash in the making for every split."""
    return {split: hashlib.blake2b(digest_size=16) for split in SPLITS}


def combined(digests: Mapping[str, str]) -> str:
    """One hash of the hashes of all splits."""
    text = "".join(digests[split] for split in SPLITS)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass
class Merged:
    """What the pass wrote: files, rows by split, hashes of all programs and of all weights."""

    files: dict[str, FileEntry] = field(default_factory=dict[str, FileEntry])
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    programs: dict[str, Digest] = field(default_factory=new_digests)
    weights: dict[str, Digest] = field(default_factory=new_digests)


def total(digests: Mapping[str, Digest]) -> str:
    """`combined` of hashes in the making."""
    return combined({split: digest.hexdigest() for split, digest in digests.items()})


def read_candidates(job: Job, records: dict[Chunk, ChunkRecord]) -> Candidates:
    """What selection reads of chunks that follow each other from item 0; raises BrokenChunkError."""
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    codes = {outcome.value: outcome_code(outcome) for outcome in Outcome}
    for chunk in sorted(records):
        names = ["outcome", "function_hash", "canonical_hash"]
        if job.config.copies > 1:
            names.append("copy")
        table = _read(job, chunk, names)
        if job.config.copies > 1:
            table = table.filter(pa.array(table["copy"].to_numpy() == 0))
        if len(table) != len(chunk):
            raise BrokenChunkError(chunk)
        outcomes = np.array([codes[name] for name in table["outcome"].to_pylist()], dtype=np.uint8)
        columns.append((outcomes, _keys(table["function_hash"]), _keys(table["canonical_hash"])))
    parts = zip(*columns, strict=True)
    outcome, function, form = (np.concatenate(part) for part in parts)
    return Candidates(outcome, function, form)


def split_of(config: ZooConfig, function_hash: str) -> str:
    """The split that a function belongs to."""
    if config.splits is Splits.TEST_ONLY:
        return "test"
    percent = int(function_hash[-8:], 16) % 100
    return next((split for split, range_ in _PERCENT.items() if percent in range_), "train")


def merge(job: Job, records: dict[Chunk, ChunkRecord], selection: Selection) -> Merged:
    """Write the shards; raises BrokenChunkError, OSError. Run again, it writes the same."""
    merged = Merged()
    kept = np.zeros(max(chunk.last for chunk in records), dtype=np.bool_)
    kept[selection.kept] = True
    totals = _totals(job, records, kept)
    writers = {split: _ShardWriter(job, split, totals[split], merged) for split in SPLITS}
    for folder in ("data", "weights"):
        for left_over in (job.folder / folder).glob("*"):
            left_over.unlink()
    for chunk in sorted(records):
        if chunk.first < selection.needed:
            _merge_chunk(job, records[chunk], kept, writers, merged)
    for writer in writers.values():
        writer.close()
    return merged


def _totals(job: Job, records: dict[Chunk, ChunkRecord], kept: np.ndarray) -> dict[str, int]:
    totals = dict.fromkeys(SPLITS, 0)
    for chunk in sorted(records):
        table = _read(job, chunk, ["item", "outcome", "function_hash"])
        for row in table.filter(_kept_rows(table, kept)).to_pylist():
            totals[split_of(job.config, row["function_hash"])] += 1
    return totals


def _kept_rows(table: pa.Table, kept: np.ndarray) -> pa.Array:
    """Rows of items that are kept; of a student only the checkpoints that were accepted."""
    made = np.array(table["outcome"].to_pylist()) == Outcome.MADE.value
    return pa.array(kept[table["item"].to_numpy()] & made)


def _merge_chunk(
    job: Job,
    record: ChunkRecord,
    kept: np.ndarray,
    writers: dict[str, _ShardWriter],
    merged: Merged,
) -> None:
    _check_digests(job, record)
    table = _read(job, record.chunk, None)
    weights = _weights_of(job, record, table)
    chosen = _kept_rows(table, kept).to_numpy(zero_copy_only=False)
    for row, is_kept, flat in zip(table.to_pylist(), chosen.tolist(), weights, strict=True):
        if not is_kept:
            continue
        split = split_of(job.config, row["function_hash"])
        merged.programs[split].update(row["program"].encode())
        if flat is not None:
            merged.weights[split].update(flat.tobytes())
        writers[split].add(row, flat)


def _weights_of(job: Job, record: ChunkRecord, table: pa.Table) -> Iterator[Flat | None]:
    """The weights of each row; None where a row has none."""
    name = f"{record.chunk.stem}.safetensors"
    packed = deque[Flat]()
    if name in record.digests:
        opened = open_packed(job.building / name)
        packed.extend(opened[index] for index in range(len(opened)))
    for outcome in table["outcome"].to_pylist():
        yield packed.popleft() if packed and outcome == Outcome.MADE.value else None


def _check_digests(job: Job, record: ChunkRecord) -> None:
    for name, digest in record.digests.items():
        if digest_of((job.building / name).read_bytes()) != digest:
            raise BrokenChunkError(record.chunk)


def _read(job: Job, chunk: Chunk, columns: list[str] | None) -> pa.Table:
    try:
        return pq.read_table(job.building / f"{chunk.stem}.parquet", columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise BrokenChunkError(chunk) from error


def _keys(column: pa.ChunkedArray) -> np.ndarray:
    """Keys of a column of hashes; 0 where there is none, as in a row without a program."""
    return keys_of([digest or "0" for digest in column.to_pylist()])


class _ShardWriter:
    """Collects the rows of a split and writes a shard whenever one is full."""

    def __init__(self, job: Job, split: str, total: int, merged: Merged) -> None:
        self._job, self._split, self._merged = job, split, merged
        self._size = STUDENTS_PER_SHARD if job.config.trained else PROGRAMS_PER_SHARD
        self._count = -(-total // self._size)
        self._written = 0
        self._rows: list[dict[str, object]] = []
        self._weights: list[Flat] = []
        schema = final_schema(row_type_of(trained=job.config.trained))
        facts = {
            "schema_version": str(SCHEMA_VERSION),
            "fingerprint": job.config.fingerprint,
            "seed": str(job.config.seed),
            "revision": job.revision,
            "config": json.dumps(job.config.to_json()),
        }
        self._schema = schema.with_metadata({f"inverse_tracr.{key}": text for key, text in facts.items()})

    def add(self, row: dict[str, object], flat: Flat | None) -> None:
        self._rows.append(row)
        if flat is not None:
            self._weights.append(flat)
        if len(self._rows) == self._size:
            self._write()

    def close(self) -> None:
        if self._rows:
            self._write()

    def _write(self) -> None:
        stem = f"{self._split}-{self._written:05}-of-{self._count:05}"
        table = pa.Table.from_pylist(self._rows, schema=self._schema)
        self._put(f"data/{stem}.parquet", parquet_bytes(table), len(self._rows))
        if self._weights:
            self._put(f"weights/{stem}.safetensors", pack(self._weights), len(self._weights))
        self._merged.rows[self._split] += len(self._rows)
        self._written += 1
        self._rows, self._weights = [], []

    def _put(self, name: str, data: bytes, rows: int) -> None:
        path = self._job.folder / name
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, data)
        self._merged.files[name] = FileEntry(digest_of(data), len(data), rows)
