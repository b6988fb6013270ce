"""Kill -9 at random points of real builds: a worker, the driver, or everything; then compare the bytes.

python -m benchmarks.zoo_kills --points 200 [--write]
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.results import table, write_section

TARGETS = ("worker", "driver", "everything")


def command(folder: Path, count: int) -> list[str]:
    """A build with two workers and small chunks."""
    options = ["--count", str(count), "--seed", "0", "--chunk-size", "16", "--workers", "2"]
    return [sys.executable, "-m", "inverse_tracr", "zoo", "build", "--out", str(folder), *options]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kill(driver: subprocess.Popen[bytes], target: str, random: np.random.Generator) -> bool:
    """Kill a target; False where there was none."""
    if driver.poll() is not None:
        return False
    if target == "driver":
        driver.kill()
        return True
    if target == "everything":
        os.killpg(driver.pid, signal.SIGKILL)
        return True
    workers = descendants(driver.pid)
    if not workers:
        return False
    os.kill(int(random.choice(workers)), signal.SIGKILL)
    return True


def descendants(pid: int) -> list[int]:
    """Processes below a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += [int(child), *descendants(int(child))]
    return found


def main() -> None:
    """Kill until enough points are done; exit 1 when a zoo differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--longest", type=float, default=12.0, help="latest point, seconds after the start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    killed: Counter[str] = Counter()
    zoos = different = 0
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(command(Path(scratch, "undisturbed"), options.count), check=True)
        expected = contents(Path(scratch, "undisturbed"))
        while killed.total() < options.points:
            folder = Path(scratch, f"zoo-{zoos}")
            while not (folder / "zoo.json").exists():
                target = TARGETS[killed.total() % len(TARGETS)]
                driver = subprocess.Popen(command(folder, options.count), start_new_session=True)
                time.sleep(float(random.uniform(0, options.longest)))
                killed[target] += kill(driver, target, random)
                driver.wait()
            subprocess.run(command(folder, options.count), check=True)
            zoos += 1
            different += contents(folder) != expected
    rows = [[f"kills of {target}", str(killed[target])] for target in TARGETS]
    rows += [["zoos built", str(zoos)], ["zoos that differ from the undisturbed one", str(different)]]
    body = table(["kill -9 at random points", ""], rows)
    print(body)
    if options.write:
        write_section("zoo-kills", "Kill -9 at random points of a build", body)
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
