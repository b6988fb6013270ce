"""The compiled loops do what plain NumPy does."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.rasp.functions import Comparison, NamedPredicate
from inverse_tracr.sample.grid import Grid, Index, Table, local_grid, probe_grid
from inverse_tracr.sample.kernels import chooses_one_entry, chooses_one_value, look_up, settle
from inverse_tracr.sample.tables import predicate_table

SIZES = [(2, 4, False), (5, 7, False), (6, 9, True)]
VALUES, NONE = 5, 5


def table(random: np.random.Generator) -> Table:
    found = np.zeros((VALUES + 1, VALUES + 1), dtype=np.bool_)
    found[:-1, :-1] = random.random((VALUES, VALUES)) < 0.3
    found.setflags(write=False)
    return found


def column(random: np.random.Generator, grid: Grid) -> Index:
    return random.integers(0, random.integers(1, VALUES + 2), len(grid.tokens))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_chosen_and_gathered(size: tuple[int, int, bool], seed: int) -> None:
    random, grid = np.random.default_rng(seed), probe_grid(*size)
    truth, queries, keys, values = table(random), *(column(random, grid) for _ in range(3))
    choice = grid.choose(truth, queries, keys)
    chosen = grid.chosen(truth.astype(np.intp), queries, keys)
    np.testing.assert_array_equal(choice.chosen, chosen)
    np.testing.assert_array_equal(choice.widths, grid.widths(chosen))
    assert choice.total == chosen.sum()
    largest = np.maximum.reduceat((values + 1).take(grid.keys) * chosen, grid.starts)
    expected = np.where(largest == 0, NONE, np.minimum(largest - 1, NONE))
    np.testing.assert_array_equal(grid.gather(choice.chosen, values, NONE), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_what_a_column_is(size: tuple[int, int, bool], seed: int) -> None:
    random, grid = np.random.default_rng(seed), probe_grid(*size)
    found = column(random, grid)
    known = grid.describe(found, NONE + 1)
    _, first, inverse, counts = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(known.partition, first.argsort().argsort()[inverse])
    assert (known.most, known.last) == (counts.max(), np.count_nonzero(found == NONE))
    pairs = set(zip(grid.places.tolist(), found.tolist(), strict=True))
    assert known.differs == (len(pairs) > len(set(grid.places.tolist())))
    assert not grid.describe(grid.positions, size[1] + 1).differs


@pytest.mark.parametrize("seed", range(5))
def test_functions_of_two_columns(seed: int) -> None:
    random, grid = np.random.default_rng(seed), probe_grid(*SIZES[1])
    first, second = column(random, grid), column(random, grid)
    for answers in (random.integers(0, 3, (VALUES + 1, VALUES + 1)), np.tile(np.arange(6), (6, 1))):
        found, more_than_first, more_than_second = look_up(answers, first, second)
        np.testing.assert_array_equal(found, answers[first, second])
        assert more_than_first == (len(set(zip(first, found, strict=True))) > len(set(first)))
        assert more_than_second == (len(set(zip(second, found, strict=True))) > len(set(second)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(12))
def test_what_each_query_chooses_of_a_block(size: tuple[int, int, bool], seed: int) -> None:
    random, grid = np.random.default_rng(seed), local_grid(*size)
    truth = random.random((3, size[1])) < 1 / size[1]
    truth.setflags(write=False)
    values = grid.positions // random.integers(1, 5)
    blocks = np.split(np.arange(len(grid.tokens)), grid.blocks[1:])
    chosen = [[set(values[block][row[grid.positions[block]]]) for block in blocks] for row in truth]
    expected = all(len(found) <= 1 for row in chosen for found in row)
    assert chooses_one_value(truth, grid.positions, values, grid.blocks) == expected
    counts = [[row[: len(np.unique(grid.positions[block]))].sum() for block in blocks] for row in truth]
    expected = all(count <= 1 for row in counts for count in row)
    assert chooses_one_entry(truth, grid.positions, grid.first_tokens, grid.first_blocks) == expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_what_several_chosen_keys_settle_on(size: tuple[int, int, bool], seed: int) -> None:
    random, grid = np.random.default_rng(seed), probe_grid(*size)
    queries, keys, values = (column(random, grid) for _ in range(3))
    choice = grid.choose(table(random), queries, keys)
    at_keys = values.take(grid.keys)
    valued = choice.chosen * (at_keys < NONE)
    high = np.maximum.reduceat((at_keys + 1) * valued, grid.starts) - 1
    low = np.minimum.reduceat(np.where(valued, at_keys, NONE), grid.starts)
    enough = 2 * grid.widths(valued) >= choice.widths
    found, mixes = settle(choice.chosen, values, grid.keys, grid.starts, NONE)
    np.testing.assert_array_equal(found, np.where((low == high) & enough, low, NONE))
    assert mixes == (low < high).any()


def test_what_has_no_value_neither_chooses_nor_is_chosen() -> None:
    for keys, queries in (((), (1, 2)), ((1, 2), ()), ((), ())):
        table = predicate_table(NamedPredicate(Comparison.TRUE), keys, queries)
        assert table.shape == (len(queries) + 1, len(keys) + 1)
        assert not table.any()
