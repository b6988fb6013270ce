"""Pools of processes."""

from __future__ import annotations

import os

import numpy as np

from inverse_tracr.evaluate.processes import TASKS_OF_A_PROCESS, Done, Workers

MEBIBYTE = 2**20


def leaves_a_cycle(mebibytes: int) -> int:
    """Take memory that only a collection of cycles frees."""
    kept: list[object] = [np.ones(mebibytes * MEBIBYTE, dtype=np.uint8)]
    kept.append(kept)
    return os.getpid()


def test_what_a_task_leaves_is_no_burden_to_the_next() -> None:
    workers = Workers(1, timeout=60.0, memory=1024 * MEBIBYTE)
    try:
        found = [ended for _, ended in workers.run(leaves_a_cycle, [256] * (TASKS_OF_A_PROCESS + 1))]
    finally:
        workers.close()
    assert all(isinstance(ended, Done) for ended in found), found
    assert len({ended.result for ended in found if isinstance(ended, Done)}) == 2  # a new process at times
