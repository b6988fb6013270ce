"""Whether the stream that a meta-model learns from holds functions of the test sets.

python -m benchmarks.metamodel_leakage [--items 100000] [--planted 2000] [--write]

Items of the real stream: the functions of what it lets through are looked up in the list of test functions,
as text, another way than the stream does. And programs of the test sets: the stream must reject each.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from benchmarks.results import table, write_section
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.stream import is_test_function, sampled
from inverse_tracr.sample.function_hash import function_hash
from inverse_tracr.zoo.excluded import KEY_DIGITS, TEST_FUNCTIONS_FILE
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.test_sets import TEST_SETS

EVERY = 5_000
"""Items between two lines of progress."""


def scan(items: int) -> Counter[str]:
    """What became of the first items of the stream: `let through`, `rejected`, `leaked`."""
    known = set(TEST_FUNCTIONS_FILE.read_text(encoding="ascii").split())
    found: Counter[str] = Counter()
    config = TrainConfig()
    for item in range(items):
        passed = sampled(config, item)
        if passed is None:
            found["rejected"] += 1
        else:
            program, signature, _ = passed
            leaked = function_hash(program, signature).hex()[:KEY_DIGITS] in known
            found["leaked" if leaked else "let through"] += 1
        if (item + 1) % EVERY == 0:
            print(f"{item + 1:,} items: {dict(found)}", file=sys.stderr, flush=True)
    return found


def plant(count: int) -> Counter[str]:
    """Of the first `count` programs of each test set's pool, how many the stream rejects."""
    found: Counter[str] = Counter()
    for test_set in TEST_SETS.values():
        made = (make_item(test_set.config, number) for number in range(min(count, test_set.pool)))
        for item in made:
            if isinstance(item, Item):
                rejected = is_test_function(item.program, item.signature)
                found["rejected" if rejected else "leaked"] += 1
    return found


def main() -> int:
    """Scan, and print or write; exit code 1 where something leaked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=2_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    stream, planted = scan(options.items), plant(options.planted)
    rows = [
        ["items of the stream", f"{stream.total():,}"],
        ["let through", f"{stream['let through']:,}"],
        ["rejected: a test function, or not compiled", f"{stream['rejected']:,}"],
        ["let through with a test function", f"{stream['leaked']:,}"],
        ["programs of test sets planted", f"{planted.total():,}"],
        ["of these not rejected", f"{planted['leaked']:,}"],
    ]
    text = table(["leakage", ""], rows) + "\n"
    if options.write:
        write_section("metamodel-leakage", "Test functions in the stream of the meta-model", text)
    print(text)
    return int(bool(stream["leaked"] or planted["leaked"]))


if __name__ == "__main__":
    sys.exit(main())
