"""`python -m benchmarks`: all of them, each in its own process and with its section of docs/results.md."""

from __future__ import annotations

import subprocess
import sys

COMMANDS = (
    ("benchmarks.compile_speed", "--write"),
    ("benchmarks.differential", "--count", "100000", "--end-to-end", "1000", "--write"),
    ("benchmarks.soundness", "--count", "100000", "--write"),
)
"""Module and options; the last two take the better part of an hour each on one core."""


def main() -> None:
    """Run them one after the other; exit with the number of those that failed."""
    failed = 0
    for module, *options in COMMANDS:
        print(f"python -m {module} {' '.join(options)}", file=sys.stderr, flush=True)
        failed += subprocess.run([sys.executable, "-m", module, *options], check=False).returncode != 0
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
