"""Numbers that an MLP writes: maps to numbers, and weighted sums of two of them.

A number is one direction of what is written, whatever values it has; classes of as many values are as many
directions, less one. What the numbers are is known but for a factor and a summand; whole ones are taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from inverse_tracr.decompile.linear.explain import Option
from inverse_tracr.decompile.linear.indicators import pivots
from inverse_tracr.decompile.linear.named import NAMED_COST, TABLE_COST
from inverse_tracr.decompile.linear.written import (
    STRAIGHT,
    Floats,
    Functionals,
    Labels,
    Written,
    orthonormal,
)
from inverse_tracr.decompile.search.columns import Column, Truth, numerical_column
from inverse_tracr.rasp.functions import NamedUnary, UnaryFunction, UnaryOp, UnaryTable
from inverse_tracr.rasp.program import Encoding, LinearSequenceMap, Map
from inverse_tracr.rasp.values import Value, is_number

_LARGEST = (24, 8, 4)
"""Largest difference of the numbers of two cells, by the number of directions; of more nothing is told."""
_TOLERANCE = 0.2
"""How far from a whole number the number of a cell may be."""
_MOST = 8
"""Maps to numbers of one s-op."""
_FACTORS = 12
"""Largest factor of a sum."""
_AS_GOOD = 1e-5, 3.0
"""Share of numbers that may not be linear in what is written: at least, and of the least that there is."""
_BOTH = 0.05
"""Share of the spread of a sum that either of its parts has at least."""
_MOST_TABLE = 14.0
"""Nats of a table of numbers: that they are whole ones speaks for them."""
_USUAL, _LEVEL = 6, 0.1
"""Numbers that an entry is usually one of, and nats of each number that is another."""
_NUMBERS_COST = 1.0
"""Nats of a map to numbers beyond those of a map."""


def number_maps(
    column: Column, cells: Labels, codes: Labels, own: Functionals, what: Written, mask: Truth
) -> Iterator[Option]:
    """Maps of a column to numbers that are linear in what is written; its classes would be more directions.

    `cells` are labels of the column, `codes` the cell of each position, `own` the directions that are
    functions of it.
    """
    directions = own.means.shape[1]
    if not 0 < directions <= len(_LARGEST) or cells.min() < 0 or not column.values:
        return
    whole_ones = [(1 - what.linear(_centred(whole[codes])), whole) for whole in _whole_numbers(own)]
    enough = _enough(bent for bent, _ in whole_ones)
    for whole in [whole for bent, whole in whole_ones if bent <= enough][:_MOST]:
        function, numbers, cost = _function(column, cells, whole)
        at_positions = numbers[codes]
        placed = np.zeros(mask.shape)
        placed[mask] = at_positions
        yield Option(
            Map(column.ref, function, Encoding.NUMERICAL),
            numerical_column(0, placed, mask),
            _centred(at_positions),
            cost + _NUMBERS_COST,
            key=b"number" + at_positions.tobytes(),
        )


def _whole_numbers(own: Functionals) -> Iterator[Labels]:
    """Whole numbers of cells that are affine functions of the functionals, few and small numbers first.

    No two differ by a factor and a summand alone. None where cells are so few that any numbers would do.
    """
    directions = own.means.shape[1]
    points = np.concatenate([np.ones((len(own.means), 1)), own.means], axis=1)
    if len(points) <= directions + 1:
        return
    places = pivots(points * np.sqrt(np.minimum(own.counts, 8))[:, None], directions + 1)
    if len(places) <= directions:
        return
    extend = points @ np.linalg.inv(points[places])
    choices = _choices(directions)
    values = choices @ extend.T
    near = np.round(values)
    good = np.abs(values - near).max(axis=1) < _TOLERANCE
    near = near[good].astype(np.int64)
    near -= near.min(axis=1, keepdims=True)
    levels = (np.diff(np.sort(near, axis=1), axis=1) != 0).sum(axis=1)
    order = np.lexsort((near.max(axis=1), levels))
    seen: set[bytes] = set()
    for numbers in near[order]:
        numbers = numbers // max(1, int(np.gcd.reduce(numbers)))
        keys = numbers.tobytes(), (numbers.max() - numbers).tobytes()
        if numbers.max() > 1 and not seen.intersection(keys):
            seen.add(keys[0])
            yield numbers


@lru_cache(maxsize=len(_LARGEST))
def _choices(directions: int) -> Floats:
    """Whole numbers of as many cells as there are directions, and 0 of one more."""
    most = _LARGEST[directions - 1]
    if directions == 1:
        # The two cells are the furthest from the middle: all others lie between them or not far off.
        return np.array([(0.0, float(n)) for n in range(1, most + 1)])
    rows = product(range(-most, most + 1), repeat=directions)
    return np.array([(0.0, *row) for row in rows if row > tuple(-x for x in row)])


def _function(column: Column, cells: Labels, numbers: Labels) -> tuple[UnaryFunction, Floats, float]:
    """The function of a map to numbers, the number of each cell, and its nats.

    The value itself, where the numbers are a multiple of it. Values that do not occur have the most frequent
    number.
    """
    values = [column.values[label] for label in cells[:, 0].tolist()]
    if all(is_number(value) for value in values):
        own = np.array([float(value) for value in values if is_number(value)])
        steps = np.polyfit(own, numbers, 1)
        if abs(steps[0]) > 1e-9 and np.abs(np.polyval(steps, own) - numbers).max() < 1e-6:
            return NamedUnary(UnaryOp.IDENTITY), own, NAMED_COST
    distinct, counts = np.unique(numbers, return_counts=True)
    usual = int(distinct[counts.argmax()])
    known: dict[Value, int] = dict(zip(values, numbers.tolist(), strict=True))
    table = UnaryTable(tuple((value, known.get(value, usual)) for value in column.values))
    cost = TABLE_COST + len(column.values) * math.log(max(_USUAL, int(numbers.max()) + 1))
    return table, numbers.astype(np.float64), min(cost, _MOST_TABLE) + _LEVEL * len(distinct)


def is_operand(column: Column, *, mapped: bool) -> bool:
    """Whether a sum may read a column: numbers, or a map with two values, which stand for 0 and 1."""
    return column.ref >= 0 and (column.numerical or (mapped and len(column.values) == 2))


def weighted_sum(operands: Sequence[Column], what: Written, mask: Truth) -> Option | None:
    """The sum of two columns, each times a whole number, that is linear in what is written, if there is one.

    None where both columns are linear in it: that is no sum.
    """
    first, second = (_numbers(column)[mask] for column in operands)
    both = np.stack([first, second], axis=1)
    both -= both.mean(axis=0)
    space = orthonormal(both)
    if space.shape[1] < 2:
        return None
    _, shares, turned = np.linalg.svd(what.basis.T @ space, full_matrices=False)
    if len(shares) == 0 or shares[0] ** 2 < STRAIGHT or (len(shares) > 1 and shares[1] ** 2 >= STRAIGHT):
        return None
    slopes = np.linalg.lstsq(both, space @ turned[0], rcond=None)[0]
    parts = np.abs(slopes) * both.std(axis=0)
    if parts.min() < _BOTH * parts.max():
        return None
    factors = _factors(what, both, 1 if slopes[0] * slopes[1] > 0 else -1)
    if factors is None:
        return None
    numbers = factors[0] * first + factors[1] * second
    if len(np.unique(numbers)) < 2:
        return None
    placed = np.zeros(mask.shape)
    placed[mask] = numbers
    moved = tuple(_as_number(column) for column in operands if not column.numerical)
    return Option(
        LinearSequenceMap(operands[0].ref, operands[1].ref, *factors),
        numerical_column(0, placed, mask),
        _centred(numbers),
        NAMED_COST + _NUMBERS_COST,
        moved=moved,
        key=b"number" + numbers.tobytes(),
    )


def _factors(what: Written, both: Floats, sign: int) -> tuple[int, int] | None:
    """The smallest whole factors with which a sum is as good as linear in what is written."""
    pairs = [(x, y) for x, y in product(range(1, _FACTORS + 1), repeat=2) if math.gcd(x, y) == 1]
    pairs.sort(key=lambda pair: (sum(pair), pair))
    bent = [1 - what.linear(both @ np.array([[x], [sign * y]], np.float64)) for x, y in pairs]
    enough = _enough(bent)
    return next(((x, sign * y) for (x, y), own in zip(pairs, bent, strict=True) if own <= enough), None)


def _enough(bent: Iterable[float]) -> float:
    """Share that may not be linear in what is written, from those of all numbers that are looked at."""
    return min(1 - STRAIGHT, _AS_GOOD[0] + _AS_GOOD[1] * min(bent, default=0.0))


def _numbers(column: Column) -> Floats:
    return column.numbers if column.numbers is not None else column.labels.astype(np.float64)


def _centred(numbers: Floats | Labels) -> Floats:
    return numbers[:, None] - numbers.mean()


def _as_number(column: Column) -> Map:
    """The map of two values to 0 and 1."""
    entries = tuple((value, place) for place, value in enumerate(column.values))
    return Map(column.ref, UnaryTable(entries), Encoding.NUMERICAL)
