"""Loops over the entries of grids, compiled for the CPU: a few hundred steps each, where NumPy takes as long
to begin.
"""

# pyright: reportUnknownVariableType=false, reportUntypedFunctionDecorator=false
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True)
@no_type_check
def choose(table, queries, keys, pair_keys, starts):
    """Which pairs a predicate chooses [pairs], how many keys each entry chooses [entries], and all of them.

    `table` [query values, key values] holds truth; `queries` and `keys` [entries] index it.
    """
    entries, pairs = len(starts), len(pair_keys)
    chosen = np.empty(pairs, dtype=np.uint8)
    widths = np.empty(entries, dtype=np.int64)
    total = 0
    for entry in range(entries):
        row = queries[entry]
        stop = starts[entry + 1] if entry + 1 < entries else pairs
        width = 0
        for pair in range(starts[entry], stop):
            held = table[row, keys[pair_keys[pair]]]
            chosen[pair] = held
            width += held
        widths[entry] = width
        total += width
    return chosen, widths, total


@numba.njit(cache=True)
@no_type_check
def gather(chosen, values, pair_keys, starts, none):
    """The largest value [entries] at the chosen keys, `none` where nothing is chosen."""
    entries, pairs = len(starts), len(pair_keys)
    found = np.empty(entries, dtype=np.int64)
    for entry in range(entries):
        stop = starts[entry + 1] if entry + 1 < entries else pairs
        largest = -1
        for pair in range(starts[entry], stop):
            if chosen[pair]:
                largest = max(largest, values[pair_keys[pair]])
        found[entry] = none if largest < 0 else largest
    return found


@numba.njit(cache=True)
@no_type_check
def settle(chosen, values, pair_keys, starts, none):
    """The one value [entries] at the chosen keys of which half have one at least, else `none`; whether
    several different ones were chosen anywhere.
    """
    entries, pairs = len(starts), len(pair_keys)
    found = np.empty(entries, dtype=np.int64)
    mixes = False
    for entry in range(entries):
        stop = starts[entry + 1] if entry + 1 < entries else pairs
        low, high, width, valued = none, -1, 0, 0
        for pair in range(starts[entry], stop):
            if chosen[pair]:
                width += 1
                value = values[pair_keys[pair]]
                if value < none:
                    valued += 1
                    low, high = min(low, value), max(high, value)
        found[entry] = low if low == high and 2 * valued >= width else none
        mixes |= low < high
    return found, mixes


@numba.njit(cache=True)
@no_type_check
def look_up(table, first, second):
    """`table[first, second]` [entries]; whether it is no function of `first` alone, and none of `second`."""
    found = np.empty(len(first), dtype=np.int64)
    by_first = np.full(table.shape[0], -1, dtype=np.int64)
    by_second = np.full(table.shape[1], -1, dtype=np.int64)
    more_than_first = more_than_second = False
    for entry in range(len(first)):
        x, y = first[entry], second[entry]
        result = table[x, y]
        found[entry] = result
        more_than_first |= by_first[x] >= 0 and by_first[x] != result
        more_than_second |= by_second[y] >= 0 and by_second[y] != result
        by_first[x] = by_second[y] = result
    return found, more_than_first, more_than_second


@numba.njit(cache=True)
@no_type_check
def describe(column, size, places, place_count):
    """What the laws ask of a column of values below `size`.

    The column with its values numbered by first occurrence; how often the most common value and the last
    one, `size - 1`, occur; whether some place holds two different ones.
    """
    partition = np.empty(len(column), dtype=np.int16)
    number = np.full(size, -1, dtype=np.int16)
    counts = np.zeros(size, dtype=np.int64)
    at_place = np.full(place_count, -1, dtype=np.int64)
    different = 0
    differs = False
    for entry in range(len(column)):
        value = column[entry]
        if number[value] < 0:
            number[value] = different
            different += 1
        counts[value] += 1
        partition[entry] = number[value]
        place = places[entry]
        differs |= at_place[place] >= 0 and at_place[place] != value
        at_place[place] = value
    return partition, counts.max(), counts[size - 1], differs


@numba.njit(cache=True)
@no_type_check
def chooses_one_value(table, keys, values, blocks):
    """Whether each row of `table` chooses entries of one value only within each block.

    Row r chooses the entry e where `table[r, keys[e]]` holds; blocks begin at `blocks`.
    """
    for row in range(len(table)):
        for block in range(len(blocks)):
            stop = blocks[block + 1] if block + 1 < len(blocks) else len(keys)
            value = -1
            for entry in range(blocks[block], stop):
                if table[row, keys[entry]]:
                    if value >= 0 and value != values[entry]:
                        return False
                    value = values[entry]
    return True


@numba.njit(cache=True)
@no_type_check
def chooses_one_entry(table, keys, entries, blocks):
    """Whether each row of `table` chooses at most one of the `entries` of each block.

    Row r chooses the entry e where `table[r, keys[e]]` holds; blocks of `entries` begin at `blocks`.
    """
    for row in range(len(table)):
        for block in range(len(blocks)):
            stop = blocks[block + 1] if block + 1 < len(blocks) else len(entries)
            count = 0
            for place in range(blocks[block], stop):
                count += table[row, keys[entries[place]]]
            if count > 1:
                return False
    return True
