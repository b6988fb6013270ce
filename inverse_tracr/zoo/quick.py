"""The quick test sets: the first models of three test sets, which come with the package."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.reader import Zoo
from inverse_tracr.zoo.test_sets import TEST_SETS

QUICK_FOLDER = Path(__file__).parent / "quick"
QUICK_SETS = ("standard-test", "compressed-test", "natural-test")
QUICK_COUNT = 48
"""Models of a quick test set: one of every length and preset in turn."""

QUICK_CAPS = {"compressed-test": 75_000, "natural-test": 25_000}
"""Parameters of the compiled teachers of its students, so that the package stays small."""


def quick_config(name: str) -> ZooConfig:
    """The test set of this name, cut short: the same stream of programs, fewer of them, small teachers."""
    config = replace(TEST_SETS[name].config, count=QUICK_COUNT)
    return replace(config, cap=QUICK_CAPS[name]) if config.trained else config


def quick_test_sets() -> dict[str, Zoo]:
    """The quick test sets that this version of the package holds, by name; their models are in `test`."""
    return {name: Zoo(QUICK_FOLDER / name) for name in QUICK_SETS if (QUICK_FOLDER / name).exists()}
