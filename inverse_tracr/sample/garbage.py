"""Fewer looks for cycles of garbage while programs are made by the thousand.

Python looks for cycles whenever 700 objects more were made than freed, and at all objects whenever their
number has grown by a quarter. Programs hold no cycles, and caches hold hundreds of thousands of objects:
a quarter of the time went into looking.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_THRESHOLDS = (50_000, 20, 50)


@contextmanager
def rarely_collected() -> Generator[None]:
    """Inside, cycles are looked for a hundred times less often."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
