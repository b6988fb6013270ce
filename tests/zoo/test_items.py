"""The row of an item is a function of its configuration and number alone."""

from __future__ import annotations

import os
import subprocess
import sys

ITEMS = 120

CODE = """
import sys
from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Kind, ZooConfig
from inverse_tracr.zoo.items import Item, make_item
config = ZooConfig(Kind.STANDARD, 1, 3, presets=(Preset.SOUND, Preset.TRACR))
made = {number: make_item(config, number) for number in range(*map(int, sys.argv[1:]))}
for _, item in sorted(made.items()):
    print(item.row if isinstance(item, Item) else item)
"""


def rows(*order: int, hash_seed: str) -> list[str]:
    """Rows of the same items, made by a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", CODE, *map(str, order)]
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return process.stdout.splitlines()


def test_rows_depend_on_nothing_that_was_made_before() -> None:
    forwards = rows(0, ITEMS, 1, hash_seed="0")
    assert len(forwards) == ITEMS
    assert rows(ITEMS - 1, -1, -1, hash_seed="1") == forwards
