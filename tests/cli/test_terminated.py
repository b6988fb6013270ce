"""SIGTERM, as schedulers send it, ends work cleanly: no worker is left behind, the build goes on later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inverse_tracr.cli.errors import ExitCode

BUILD = "zoo build --kind standard --count 3000 --seed 1 --preset sound --workers 2 --chunk-size 500 --out"


def build(folder: Path) -> subprocess.Popen[str]:
    """A build in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "inverse_tracr", *BUILD.split(), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def others_of(group: int) -> list[int]:
    """Processes of a group that still run, its leader aside."""
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = status.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(its_group) == group and state != "Z" and int(status.parent.name) != group:
            found.append(int(status.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processes from Linux's /proc")
def test_a_terminated_build_leaves_no_worker_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    process = build(folder)
    try:
        deadline = time.monotonic() + 120
        while not list(folder.glob(".building/chunk-*.json")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == ExitCode.INTERRUPTED, errors
        assert "interrupted" in errors
        assert "Traceback" not in errors
        while others_of(process.pid):
            assert time.monotonic() < deadline + 60, "workers are left behind"
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    again = build(folder)
    _, errors = again.communicate(timeout=300)
    assert again.returncode == ExitCode.DONE, errors
