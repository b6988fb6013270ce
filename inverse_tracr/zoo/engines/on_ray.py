"""A Ray cluster whose machines share the folder of the zoo. Only chunks and records travel."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from inverse_tracr.zoo.engines.engine import ATTEMPTS, Done, Failed, Result, Work
from inverse_tracr.zoo.job import Chunk

_QUEUED = 4
"""Chunks in flight for every CPU."""


@dataclass(frozen=True)
class RayEngine:
    """The cluster at `RAY_ADDRESS`, or one of `workers` CPUs on this machine, without a dashboard.

    A cluster that this process is connected to already is used as it is. A node that dies costs the chunks
    that it was making; Ray runs them again elsewhere.
    """

    workers: int

    def run(self, work: Work, chunks: Sequence[Chunk]) -> Iterator[Result]:
        """Results as they come."""
        # Ray ships no complete types, and is imported only here.
        ray: Any = import_module("ray")
        self._connect(ray)
        make = ray.remote(num_cpus=1, max_retries=ATTEMPTS)(_make)
        shared = ray.put(work)
        waiting = list(reversed(chunks))
        flying: dict[Any, Chunk] = {}
        most = _QUEUED * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while waiting or flying:
            while waiting and len(flying) < most:
                chunk = waiting.pop()
                flying[make.remote(shared, chunk)] = chunk
            ready, _ = ray.wait(list(flying), num_returns=1)
            for reference in ready:
                yield _result(ray, reference, flying.pop(reference))

    def _connect(self, ray: Any) -> None:
        if ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if "RAY_ADDRESS" in os.environ:
            ray.init(logging_level="warning")
        else:
            ray.init(num_cpus=self.workers, include_dashboard=False, logging_level="warning")


def _make(work: Work, chunk: Chunk) -> Result:
    """Make a chunk on a worker; errors of the disk are raised, others are told."""
    try:
        return Done(work(chunk))
    except OSError:
        raise
    except Exception as error:  # whatever a chunk raises costs only that chunk
        return Failed(chunk, f"{type(error).__name__}: {error}")


def _result(ray: Any, reference: Any, chunk: Chunk) -> Result:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OSError):
            raise error.cause from error
        return Failed(chunk, str(error.cause))
    except ray.exceptions.RayError as error:
        return Failed(chunk, f"{type(error).__name__}: {error}")
