"""RASP programs as researchers write them for Tracr: hand-shaped, with lambdas, over all kinds of tokens.

In comes nothing; out come `PROGRAMS`, each with the vocabulary and the length that it is compiled for. They
are written with `tracr.rasp` itself, and know nothing of this package but the type of a value.
"""

from benchmarks.written import attending, counting, detecting, fractions, large, mapping, ordering
from benchmarks.written.case import Written

PROGRAMS: tuple[Written, ...] = (
    *mapping.PROGRAMS,
    *counting.PROGRAMS,
    *attending.PROGRAMS,
    *detecting.PROGRAMS,
    *fractions.PROGRAMS,
    *ordering.PROGRAMS,
    *large.PROGRAMS,
)
"""All programs; their names are distinct."""

__all__ = ["PROGRAMS", "Written"]
