"""Names of lines from names of Tracr's expressions, and names that Python source can use."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, cast

from inverse_tracr.rasp.program import is_name

if TYPE_CHECKING:
    from tracr.rasp import rasp

MOST_CHARACTERS = 40


class LineNames:
    """Distinct names for lines: that of the expression where it was given one, else `v<number>`."""

    def __init__(self, keep: bool = True) -> None:
        self._keep = keep
        self._taken: dict[str, None] = {}

    @property
    def taken(self) -> tuple[str, ...]:
        """The names given out so far, in order."""
        return tuple(self._taken)

    def add(self, expression: rasp.RASPExpr) -> None:
        """Give out the name of the next line."""
        number = f"v{len(self._taken) + 1}"
        wanted = _written(expression.name) if self._keep and not _is_default(expression) else number
        self._taken[_distinct(wanted or number, self._taken)] = None


def _is_default(expression: rasp.RASPExpr) -> bool:
    from tracr.rasp import rasp

    default = cast("object", rasp.default_name(expression))  # annotated as a dictionary, but a name
    return expression.name == default


def _written(name: str) -> str:
    """`name` in letters, digits and `_`: `shift_by(1)` becomes `shift_by_1`; empty where nothing is left."""
    letters = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:MOST_CHARACTERS].strip("_")
    if not letters:
        return ""
    return letters if is_name(letters) else f"v_{letters}"


def _distinct(name: str, taken: Mapping[str, None]) -> str:
    """`name`, with the first number behind it that makes it a new one."""
    if name not in taken:
        return name
    return next(new for number in count(2) if (new := f"{name}_{number}") not in taken)


def python_names(names: Iterable[str], reserved: Iterable[str]) -> tuple[str, ...]:
    """Distinct names that Python source can bind, none of them in `reserved`."""
    taken: dict[str, None] = dict.fromkeys(reserved)
    for name in names:
        taken[_distinct(f"{name}_" if keyword.iskeyword(name) else name, taken)] = None
    return tuple(taken)[len(set(reserved)) :]
