"""What is known of the lines of a growing program."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import NamedTuple

from inverse_tracr.rasp.program import Ref, Select
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.budget import Open, packed
from inverse_tracr.sample.grid import Choice, Index, Table

Values = tuple[Value, ...]


class Kind(enum.Enum):
    """What the values of an s-op are; functions and comparisons take values of one kind."""

    NUMBER = "number"
    TEXT = "text"
    PAIR = "pair"

    __hash__ = object.__hash__


def kind_of(values: Values) -> Kind:
    """The kind of all values, judged by the first; numbers where there is none."""
    if not values:
        return Kind.NUMBER
    first = values[0]
    if isinstance(first, str):
        return Kind.TEXT
    return Kind.NUMBER if is_number(first) else Kind.PAIR


class Sop(NamedTuple):
    """An s-op: its value set, and what it is on the probes and, where it is local, on every local entry.

    Columns hold indices into `values`, `len(values)` where there is no value. `local` is None for an s-op
    that depends on tokens of other positions. `key` tells s-ops apart. `token_free`: proved to be a function
    of position and length alone; `reads_tokens`: seen on the probes to be none. `total`: has a value on every
    input. `root` and `root_table` write it as a function of the value of another s-op (itself, unless it is a
    map). `open_code`: what the budget counts while nothing uses it.
    """

    values: Values
    kind: Kind
    probe: Index
    local: Index | None
    key: bytes
    token_free: bool
    reads_tokens: bool
    total: bool
    numerical: bool
    is_map: bool
    root: Ref
    root_table: Index
    open_code: int


@lru_cache(maxsize=256)
def open_code(kind: Kind, size: int, numerical: bool, total: bool, reads_tokens: bool, is_map: bool) -> int:
    """How an s-op of `size` values counts while nothing uses it (see `budget.packed`)."""
    return packed(
        Open(
            numbers=not numerical and kind is Kind.NUMBER,
            others=not numerical and kind is not Kind.NUMBER,
            numerical=numerical,
            partial=not total,
            token_free=not reads_tokens,
            mappable=not is_map and size > 2,
        )
    )


class Selector(NamedTuple):
    """A select: its operands, the table of its predicate and what it chooses on the probes.

    `table` has shape [query values + 1, key values + 1].
    """

    line: Select
    keys: Sop
    queries: Sop
    table: Table
    choice: Choice
    key: bytes
