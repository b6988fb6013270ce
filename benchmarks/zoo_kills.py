"""Kill -9 at random points of real builds: a driver without workers, a worker, a driver whose workers
go on, or everything; then compare the bytes.

python -m benchmarks.zoo_kills --points 200 [--write]
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.results import table, write_section
from inverse_tracr.zoo import Kind, ZooConfig, build
from inverse_tracr.zoo.engines import EngineKind, make_engine

TARGETS = ("driver alone", "worker", "driver", "everything")
CHUNK = 16
WORKERS = 2


def start(config: ZooConfig, folder: Path, kind: EngineKind) -> int:
    """A build in a process group of its own; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        engine = make_engine(kind, workers=WORKERS, memory=2**31, timeout=600.0)
        build(config, folder, engine=engine, chunk_size=CHUNK, revision="benchmark")
    finally:
        os._exit(0)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kill(driver: int, target: str, random: np.random.Generator) -> bool:
    """Kill a target; False where there was none."""
    if os.waitpid(driver, os.WNOHANG) != (0, 0):
        return False
    workers = descendants(driver)
    match target:
        case "driver alone" | "driver":
            os.kill(driver, signal.SIGKILL)
        case "everything":
            for process in [driver, *workers]:
                os.kill(process, signal.SIGKILL)
        case _ if workers:
            os.kill(int(random.choice(workers)), signal.SIGKILL)
        case _:
            os.waitpid(driver, 0)
            return False
    os.waitpid(driver, 0)
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
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--longest", type=float, default=4.0, help="latest point, seconds after the start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/results.md")
    options = parser.parse_args()
    config = ZooConfig(Kind.STANDARD, options.count, options.seed)
    random = np.random.default_rng(options.seed)
    killed: Counter[str] = Counter()
    zoos = different = 0
    with tempfile.TemporaryDirectory() as scratch:
        os.waitpid(start(config, Path(scratch, "undisturbed"), EngineKind.SERIAL), 0)
        expected = contents(Path(scratch, "undisturbed"))
        while killed.total() < options.points:
            folder = Path(scratch, f"zoo-{zoos}")
            while not (folder / "zoo.json").exists() and killed.total() < options.points:
                target = TARGETS[killed.total() % len(TARGETS)]
                alone = target == "driver alone"
                # Workers take a second more to start.
                latest = options.longest + (0 if alone else 2)
                driver = start(config, folder, EngineKind.SERIAL if alone else EngineKind.LOCAL)
                time.sleep(float(random.uniform(0, latest)))
                killed[target] += kill(driver, target, random)
            os.waitpid(start(config, folder, EngineKind.SERIAL), 0)
            zoos += 1
            different += contents(folder) != expected
            shutil.rmtree(folder)
            print(f"{killed.total()} kills, {zoos} zoos, {different} differ", file=sys.stderr)
    rows = [[f"kills of {target}", str(killed[target])] for target in sorted(set(TARGETS))]
    rows += [["zoos built", str(zoos)], ["zoos that differ from the undisturbed one", str(different)]]
    body = table([f"kill -9 at random points, {options.count} programs a zoo", ""], rows)
    print(body)
    if options.write:
        write_section("zoo-kills", "Kill -9 at random points of a build", body)
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
