"""Processes for workers, forked off one that has imported everything and holds no data."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path


def worker_context(preloaded: str) -> BaseContext:
    """Where it can be, workers are forked off a process that has imported `preloaded` and runs no threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preloaded])
    with _same_paths():
        ensure_running()
    return context


@contextmanager
def _same_paths() -> Generator[None]:
    """While this lasts, new interpreters look for modules where this one does, and not for another copy."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(path).resolve()) for path in sys.path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
