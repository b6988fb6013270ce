"""Fixed sets of positions on which the lines of a growing program are evaluated.

A column is an array of value indices, one an entry of a grid. Positions of inputs of several lengths lie one
behind the other, without padding, so one array operation covers them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.sample.kernels import choose, describe, gather

Index = NDArray[np.intp]
Table = NDArray[np.bool_]
Chosen = NDArray[np.uint8]

PROBES = 32
_PROBE_SEED = 4


class Choice(NamedTuple):
    """Which pairs are chosen (1, else 0), how many keys each entry chooses, and how many pairs in all."""

    chosen: Chosen
    widths: Index
    total: int


class Description(NamedTuple):
    """A column up to relabelling; how often the most common value, and the last of all, occur; whether some
    place holds two different ones.
    """

    partition: NDArray[np.int16]
    most: int
    last: int
    differs: bool


@dataclass(frozen=True)
class Grid:
    """Entries (positions of inputs), and for each entry the entries that attention can see from it.

    `tokens` [entries] indexes the vocabulary, `positions` [entries] are the values of `indices`, `places`
    [entries] number the pairs (length, position). Pair p lets entry `queries[p]` see entry `keys[p]`; the
    pairs of one query are neighbours and begin at `starts[entry]`. `blocks` are the first entries of each
    input (of a probe grid) or of each length (of the local grid). `first_tokens` are the entries with the
    first token, and `first_blocks` where each block begins among them. Places are below `place_count`.
    """

    tokens: Index
    positions: Index
    places: Index
    queries: Index
    keys: Index
    starts: Index
    blocks: Index
    first_tokens: Index
    first_blocks: Index
    place_count: int

    def choose(self, table: Table, queries: Index, keys: Index) -> Choice:
        """What a predicate chooses whose truth is `table[query value, key value]`."""
        return Choice(*choose(table, queries, keys, self.keys, self.starts))

    def describe(self, column: Index, size: int) -> Description:
        """What the laws ask of a column of values below `size`."""
        # A compiled kernel returns a tuple whose types are not known.
        return Description(*describe(column, size, self.places, self.place_count))  # pyright: ignore[reportArgumentType]

    def chosen(self, table: Index, queries: Index, keys: Index) -> Index:
        """1 where `table[query value, key value]` is 1, else 0; shape [pairs]."""
        codes = (queries * table.shape[1]).take(self.queries)
        codes += keys.take(self.keys)
        return table.take(codes)

    def widths(self, chosen: Index | Chosen) -> Index:
        """Number of chosen keys of every entry."""
        return np.add.reduceat(chosen, self.starts, dtype=np.intp)

    def gather(self, chosen: Chosen, values: Index, none: int) -> Index:
        """The value among the chosen keys, `none` where nothing is chosen; they must all have the same."""
        return gather(chosen, values, self.keys, self.starts, none)

    def sums(self, chosen: Chosen, numbers: Index) -> Index:
        """Sum of `numbers` over the chosen keys of every entry."""
        return np.add.reduceat(numbers.take(self.keys) * chosen, self.starts)


@lru_cache(maxsize=1024)
def probe_grid(vocab_size: int, max_seq_len: int, causal: bool) -> Grid:
    """The positions of 32 inputs of several lengths, half of them with few different tokens."""
    random = np.random.default_rng([_PROBE_SEED, vocab_size, max_seq_len])
    rows: list[Index] = []
    for probe in range(PROBES):
        length = max_seq_len if probe % 3 == 0 else int(random.integers(1, max_seq_len + 1))
        alphabet = random.permutation(vocab_size)[: vocab_size if probe % 2 else 3]
        rows.append(alphabet[random.integers(0, len(alphabet), length)].astype(np.intp))
    return ragged_grid(rows, causal=causal)


def ragged_grid(rows: Sequence[Index], *, causal: bool) -> Grid:
    """The positions of inputs of any lengths, given by the tokens of each."""
    lengths = np.array([len(row) for row in rows])
    begins = np.cumsum(lengths) - lengths
    return _grid(
        tokens=np.concatenate(rows),
        positions=_ranges(lengths),
        lengths=np.repeat(lengths, lengths),
        keys_from=np.repeat(begins, lengths),
        key_stride=1,
        blocks=begins,
        causal=causal,
    )


@lru_cache(maxsize=1024)
def local_grid(vocab_size: int, max_seq_len: int, causal: bool) -> Grid:
    """Every (length, position, token at that position): all that a line without attention over tokens can
    see.

    The keys of its pairs are the entries (length, other position, first token): pairs may be evaluated only
    for keys that do not depend on tokens.
    """
    sizes = np.arange(1, max_seq_len + 1) * vocab_size
    begins = np.cumsum(sizes) - sizes
    lengths = np.repeat(np.arange(1, max_seq_len + 1), sizes)
    return _grid(
        tokens=np.tile(np.arange(vocab_size), len(lengths) // vocab_size),
        positions=_ranges(sizes) // vocab_size,
        lengths=lengths,
        keys_from=np.repeat(begins, sizes),
        key_stride=vocab_size,
        blocks=begins,
        causal=causal,
    )


def _ranges(counts: Index) -> Index:
    """0, 1, … up to each count, one behind the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _grid(
    *,
    tokens: Index,
    positions: Index,
    lengths: Index,
    keys_from: Index,
    key_stride: int,
    blocks: Index,
    causal: bool,
) -> Grid:
    """A grid whose entries see the entries `keys_from`, `keys_from + key_stride`, …, one a visible
    position.
    """
    count = len(tokens)
    seen = positions + 1 if causal else lengths
    places = lengths * (lengths - 1) // 2 + positions
    first_tokens = np.flatnonzero(tokens == 0)
    return Grid(
        tokens=tokens,
        positions=positions,
        places=places,
        queries=np.repeat(np.arange(count), seen),
        keys=np.repeat(keys_from, seen) + key_stride * _ranges(seen),
        starts=np.cumsum(seen) - seen,
        blocks=blocks,
        first_tokens=first_tokens,
        first_blocks=np.searchsorted(first_tokens, blocks),
        place_count=int(places.max()) + 1,
    )
