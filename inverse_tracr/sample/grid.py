"""Fixed sets of positions on which the lines of a growing program are evaluated.

A column is an array of value indices, one an entry of a grid. Positions of inputs of several lengths lie one
behind the other, without padding, so one array operation covers them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]

PROBES = 32
_PROBE_SEED = 4


@dataclass(frozen=True)
class Grid:
    """Entries (positions of inputs), and for each entry the entries that attention can see from it.

    `tokens` [entries] indexes the vocabulary, `positions` [entries] are the values of `indices`, `places`
    [entries] number the pairs (length, position). Pair p lets entry `queries[p]` see entry `keys[p]`; the
    pairs of one query are neighbours and begin at `starts[entry]`. `blocks` are the first entries of each
    input (of a probe grid) or of each length (of the local grid). `first_tokens` are the entries with the
    first token, and `first_blocks` where each block begins among them. `backwards` counts down to 0;
    `place_count` is the number of different places.
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
    backwards: Index
    place_count: int

    def chosen(self, table: Index, queries: Index, keys: Index) -> Index:
        """1 where `table[query value, key value]` is 1, else 0; shape [pairs]."""
        codes = (queries * table.shape[1]).take(self.queries)
        codes += keys.take(self.keys)
        return table.take(codes)

    def widths(self, chosen: Index) -> Index:
        """Number of chosen keys of every entry."""
        return np.add.reduceat(chosen, self.starts)

    def gather(self, chosen: Index, values: Index, none: int) -> Index | None:
        """The one value among the chosen keys, `none` where nothing is chosen; None when values mix."""
        seen = values.take(self.keys)
        high = np.maximum.reduceat((seen + 1) * chosen, self.starts) - 1
        low = np.minimum.reduceat(seen + (none + 1) * (1 - chosen), self.starts)
        empty = high < 0
        if ((low != high) & ~empty).any():
            return None
        high[empty] = none
        return high

    def sums(self, chosen: Index, numbers: Index) -> Index:
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
    lengths = [len(row) for row in rows]
    entries = np.cumsum([0, *lengths[:-1]])
    pairs = [
        (start + i, start + j)
        for start, n in zip(entries.tolist(), lengths, strict=True)
        for i in range(n)
        for j in range(i + 1 if causal else n)
    ]
    return _grid(
        np.concatenate(rows),
        np.concatenate([np.arange(n) for n in lengths]),
        np.repeat(lengths, lengths),
        np.array(pairs, dtype=np.intp),
        entries,
    )


@lru_cache(maxsize=1024)
def local_grid(vocab_size: int, max_seq_len: int, causal: bool) -> Grid:
    """Every (length, position, token at that position): all that a line without attention over tokens can
    see.

    The keys of its pairs are the entries (length, other position, first token): pairs may be evaluated only
    for keys that do not depend on tokens.
    """
    triples = [(n, i, t) for n in range(1, max_seq_len + 1) for i in range(n) for t in range(vocab_size)]
    lengths, positions, tokens = np.array(triples, dtype=np.intp).T
    entry = {triple: at for at, triple in enumerate(triples)}
    pairs = [
        (at, entry[n, j, 0]) for at, (n, i, _) in enumerate(triples) for j in range(i + 1 if causal else n)
    ]
    blocks = np.array([entry[n, 0, 0] for n in range(1, max_seq_len + 1)], dtype=np.intp)
    return _grid(tokens, positions, lengths, np.array(pairs, dtype=np.intp), blocks)


def _grid(tokens: Index, positions: Index, lengths: Index, pairs: Index, blocks: Index) -> Grid:
    count = len(tokens)
    queries, keys = np.ascontiguousarray(pairs.T)
    places = lengths * (lengths - 1) // 2 + positions
    first_tokens = np.flatnonzero(tokens == 0)
    return Grid(
        tokens=np.ascontiguousarray(tokens),
        positions=np.ascontiguousarray(positions),
        places=places.astype(np.intp),
        queries=queries,
        keys=keys,
        starts=np.searchsorted(queries, np.arange(count)).astype(np.intp),
        blocks=blocks.astype(np.intp),
        first_tokens=first_tokens,
        first_blocks=np.searchsorted(first_tokens, blocks).astype(np.intp),
        backwards=np.arange(count - 1, -1, -1),
        place_count=len(np.unique(places)),
    )
