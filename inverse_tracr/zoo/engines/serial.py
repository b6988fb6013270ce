"""Chunk after chunk, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inverse_tracr.zoo.engines.engine import Done, Result, Work
from inverse_tracr.zoo.job import Chunk


@dataclass(frozen=True)
class SerialEngine:
    """The plain engine, and the oracle of the others. An exception ends the build."""

    def run(self, work: Work, chunks: Sequence[Chunk]) -> Iterator[Result]:
        """Results in the order of the chunks."""
        for chunk in chunks:
            yield Done(work(chunk))
