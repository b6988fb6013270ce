"""Processes of this machine. One that dies, hangs or runs out of memory costs only its own chunk."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from inverse_tracr.zoo.engines.engine import ATTEMPTS, Done, Failed, Result, Work
from inverse_tracr.zoo.engines.fork_server import worker_context
from inverse_tracr.zoo.job import Chunk, ChunkRecord

_QUEUED = 2
"""Chunks in flight for every worker."""


@dataclass(frozen=True)
class LocalEngine:
    """`workers` processes; each may take `memory` bytes beyond what it starts with, `timeout` seconds a
    chunk.

    Limits of memory and time guard the machine; they never decide what is in a zoo: a chunk that hits them in
    every attempt is reported and left undone.
    """

    workers: int
    memory: int
    timeout: float
    attempts: int = ATTEMPTS

    def run(self, work: Work, chunks: Sequence[Chunk]) -> Iterator[Result]:
        """Results as they come."""
        waiting, tried = deque(chunks), Counter[Chunk]()
        flying: dict[Future[ChunkRecord], Chunk] = {}
        pool = ProcessPool(
            max_workers=self.workers,
            context=worker_context("inverse_tracr.zoo.chunks"),
            initializer=_limit_memory,
            initargs=[self.memory],
        )
        try:
            while waiting or flying:
                while waiting and len(flying) < _QUEUED * self.workers:
                    chunk = waiting.popleft()
                    flying[pool.schedule(work, args=[chunk], timeout=self.timeout)] = chunk
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    chunk = flying.pop(future)
                    result = _result(future, chunk)
                    tried[chunk] += 1
                    if isinstance(result, Failed) and tried[chunk] < self.attempts:
                        waiting.append(chunk)
                    else:
                        yield result
        finally:
            pool.stop()
            pool.join()


def _result(future: Future[ChunkRecord], chunk: Chunk) -> Result:
    try:
        return Done(future.result())
    except FutureTimeoutError:
        return Failed(chunk, "it took too long")
    except ProcessExpired as error:
        return Failed(chunk, f"its worker died with exit code {error.exitcode}")
    except MemoryError:
        return Failed(chunk, "it ran out of memory")
    except (OSError, CancelledError):
        raise
    except Exception as error:  # whatever a chunk raises costs only that chunk
        return Failed(chunk, f"{type(error).__name__}: {error}")


def _limit_memory(extra: int) -> None:
    """Let this process map `extra` bytes more than it has mapped; nothing where the system cannot say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return
    import resource

    pages = int(statm.read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
