"""A worker that dies, hangs, fails or grows costs only its own chunk."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.zoo.engines import Done, EngineKind, Failed, Work, make_engine
from inverse_tracr.zoo.engines.local import LocalEngine
from inverse_tracr.zoo.job import Chunk, ChunkRecord

CHUNKS = [Chunk(number, number + 1) for number in range(8)]
DIES_ONCE, DIES, GROWS, FAILS, HANGS = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Trouble:
    """Work that goes wrong in every way there is."""

    folder: Path

    def __call__(self, chunk: Chunk) -> ChunkRecord:
        first_time = not (self.folder / str(chunk.first)).exists()
        (self.folder / str(chunk.first)).touch()
        if chunk.first == DIES or (chunk.first == DIES_ONCE and first_time):
            os.kill(os.getpid(), signal.SIGKILL)
        if chunk.first == GROWS:
            np.ones(2**29, dtype=np.float64)
        if chunk.first == FAILS:
            raise ValueError("no")
        if chunk.first == HANGS:
            time.sleep(600)
        return ChunkRecord(chunk, {}, 1, 0.0)


@dataclass(frozen=True)
class FullDisk:
    def __call__(self, chunk: Chunk) -> ChunkRecord:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_trouble_costs_only_its_own_chunk(tmp_path: Path) -> None:
    engine = LocalEngine(workers=2, memory=2**30, timeout=2.0, attempts=2)
    results = list(engine.run(Trouble(tmp_path), CHUNKS))
    done = {result.record.chunk.first for result in results if isinstance(result, Done)}
    reasons = {result.chunk.first: result.reason for result in results if isinstance(result, Failed)}
    assert done == {0, DIES_ONCE, 6, 7}
    assert reasons == {
        DIES: "its worker died with exit code -9",
        GROWS: "it ran out of memory",
        FAILS: "ValueError: no",
        HANGS: "it took too long",
    }
    assert len(results) == len(CHUNKS)


def test_a_full_disk_ends_the_build() -> None:
    engine = make_engine(EngineKind.LOCAL, workers=1, memory=2**31, timeout=60.0)
    work: Work = FullDisk()
    with pytest.raises(OSError, match="No space left"):
        list(engine.run(work, CHUNKS))
