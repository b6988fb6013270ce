"""SIGTERM, as schedulers send it, ends work cleanly: no worker is left behind, the build goes on later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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
        _, errors = process.communicate(timeout=60)  # ends when no worker holds the pipes any more
        assert process.returncode == ExitCode.INTERRUPTED, errors
        assert "interrupted" in errors
        assert "Traceback" not in errors
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    again = build(folder)
    _, errors = again.communicate(timeout=300)
    assert again.returncode == ExitCode.DONE, errors
