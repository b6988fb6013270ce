"""Pools of processes, a timeout for each task. One that hangs or dies costs its own task only."""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from inverse_tracr.zoo.engines.fork_server import worker_context

Task = TypeVar("Task")
Result = TypeVar("Result")

PRELOADED = "inverse_tracr.evaluate.worker"
TASKS_OF_A_PROCESS = 16
"""Then a new process takes its place: what tasks leave in memory costs few others."""

_PROCESSOR_TIME_UP = 24
"""The signal SIGXCPU, of systems that have it."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """What a task gave."""

    result: Result


@dataclass(frozen=True)
class TimedOut:
    """The task took too long, by the clock or by processor time, and its process was ended."""


@dataclass(frozen=True)
class Died:
    """The process ended before the task did, or the task raised what no task should."""

    reason: str


class Workers:
    """`count` processes that share no memory with this one, each on one thread.

    `memory`: bytes that a process may map beyond what it starts with.
    """

    def __init__(self, count: int, *, timeout: float, memory: int) -> None:
        self._timeout = timeout
        paths = [str(Path(path).resolve()) for path in sys.path]
        self._pool = ProcessPool(
            max_workers=count,
            max_tasks=TASKS_OF_A_PROCESS,
            context=worker_context(PRELOADED),
            initializer=_prepare,
            initargs=[paths, memory],
        )

    def run(
        self, work: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Done[Result] | TimedOut | Died]]:
        """The number of each task with what became of it, as they end."""
        flying: dict[Future[Result], int] = {
            self._pool.schedule(_in_free_memory, args=[work, task], timeout=self._timeout): number
            for number, task in enumerate(tasks)
        }
        while flying:
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                yield flying.pop(future), self._outcome(future)

    def close(self) -> None:
        """End the processes."""
        self._pool.stop()
        self._pool.join()

    def _outcome(self, future: Future[Result]) -> Done[Result] | TimedOut | Died:
        try:
            return Done(future.result())
        except FutureTimeoutError:
            return TimedOut()
        except ProcessExpired as error:
            if error.exitcode == -_PROCESSOR_TIME_UP:
                return TimedOut()
            return Died(f"exit code {error.exitcode}")
        except Exception as error:  # whatever a task raises costs only that task
            return Died(f"{type(error).__name__}: {error}")


def _in_free_memory(work: Callable[[Task], Result], task: Task) -> Result:
    """Do a task when what earlier ones left is freed: Python collects cycles too seldom for large arrays."""
    gc.collect()
    return work(task)


def limit_processor_time(seconds: float) -> None:
    """End this process when it has used so many more seconds, rounded up; nothing where this cannot be."""
    if sys.platform == "win32":
        return
    import resource

    _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
    used = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds), hardest))


def _prepare(paths: list[str], memory: int) -> None:
    """Make a new process ready: absolute paths of modules, one thread, bounded memory."""
    import torch

    sys.path[:] = paths
    torch.set_num_threads(1)
    statm = Path("/proc/self/statm")
    if statm.exists():
        import resource

        pages = int(statm.read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
