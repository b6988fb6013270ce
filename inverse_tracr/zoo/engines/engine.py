"""What an engine is, and the choice among them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from inverse_tracr.zoo.job import Chunk, ChunkRecord

Work = Callable[[Chunk], ChunkRecord]

ATTEMPTS = 3
"""Times that a chunk is tried before it is set aside."""


class EngineKind(enum.Enum):
    """In this process; in processes of this machine; on a Ray cluster."""

    SERIAL = "serial"
    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True)
class Done:
    """A chunk that is on disk."""

    record: ChunkRecord


@dataclass(frozen=True)
class Failed:
    """A chunk that failed in every attempt, and why it did in the last."""

    chunk: Chunk
    reason: str


Result = Done | Failed


@runtime_checkable
class Engine(Protocol):
    """Runs chunks. A chunk may be run more than once: its files are the same every time."""

    def run(self, work: Work, chunks: Sequence[Chunk]) -> Iterator[Result]:
        """One result a chunk, in any order.

        Raises OSError when the disk refuses, which no other attempt would mend.
        """
        ...


def make_engine(kind: EngineKind, *, workers: int, memory: int, timeout: float) -> Engine:
    """An engine with `workers` processes, each with `memory` bytes beyond what it starts with and `timeout`
    seconds a chunk; the engine `serial` knows none of these.
    """
    match kind:
        case EngineKind.SERIAL:
            from inverse_tracr.zoo.engines.serial import SerialEngine

            return SerialEngine()
        case EngineKind.LOCAL:
            from inverse_tracr.zoo.engines.local import LocalEngine

            return LocalEngine(workers, memory, timeout)
        case EngineKind.RAY:
            from inverse_tracr.zoo.engines.on_ray import RayEngine

            return RayEngine(workers)
