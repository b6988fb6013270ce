"""The operations on what is known of their operands, and the laws that a new line must keep.

A new line is neither (almost) constant nor mostly without value, and differs from every other line; both
are judged on the probes. Its value set and table are within the caps. Only categorical lines of the whole
language may lack values because a function does. Aggregates of categorical s-ops are proved never to mix
values.
"""

from __future__ import annotations

import numpy as np

from inverse_tracr.rasp.caching import cached_by_type
from inverse_tracr.rasp.functions import Comparison, NamedPredicate
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    LinearSequenceMap,
    Map,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.facts import Kind, Selector, Sop, Values, kind_of, open_code
from inverse_tracr.sample.grid import Grid, Index, local_grid, probe_grid
from inverse_tracr.sample.proofs import local_pairs, never_empty, never_mixes
from inverse_tracr.sample.tables import (
    binary_table,
    identity_table,
    linear_table,
    mean_table,
    predicate_table,
    readable,
    unary_table,
)

_EVERYTHING = NamedPredicate(Comparison.TRUE)


def inputs(signature: Signature) -> tuple[Sop, Sop]:
    """What is known of `tokens` and of `indices`."""
    return _inputs(signature.vocab, signature.max_seq_len, signature.causal)


@cached_by_type(maxsize=1024)
def _inputs(vocab: Values, max_seq_len: int, causal: bool) -> tuple[Sop, Sop]:
    size = (len(vocab), max_seq_len, causal)
    probes, local = probe_grid(*size), local_grid(*size)
    positions = tuple(range(max_seq_len))
    return (
        _input(TOKENS, vocab, probes.tokens, local.tokens, probes),
        _input(INDICES, positions, probes.positions, local.positions, probes),
    )


def _input(ref: Ref, values: Values, probe: Index, local: Index, probes: Grid) -> Sop:
    key, free = _partition(probe, len(values), probes), ref == INDICES
    kind, spread, same = kind_of(values), len(set(probe.tolist())), identity_table(len(values))
    return Sop(values, kind, probe, local, key, spread, free, not free, True, False, False, ref, same, 0)


class Operations:
    """Each operation returns what is known of the new line, or None where it breaks a law.

    It takes the line, what is known of its operands in their order, and the reference that the line will
    have. `seen` are the keys of all lines so far.
    """

    def __init__(self, signature: Signature, config: SamplerConfig) -> None:
        size = (len(signature.vocab), signature.max_seq_len, signature.causal)
        self.seen: set[bytes] = set()
        self.probes: Grid = probe_grid(*size)
        self._locals: Grid = local_grid(*size)
        self._signature = signature
        self._config = config
        count = len(self.probes.tokens)
        self._most, self._most_empty = int(config.max_share * count), int(config.max_empty * count)

    # -- the six operations ----------------------------------------------------------------------------------

    def map(self, line: Map, operand: Sop, _at: Ref) -> Sop | None:
        """A map of an s-op that is no map."""
        found = unary_table(line.function, operand.values)
        values, table = found.values, found.table
        numerical = line.encoding is Encoding.NUMERICAL
        if not self._fits(values, partial=found.partial, numerical=numerical):
            return None
        if (numerical and not operand.total) or (operand.numerical and not readable(operand.values)):
            return None
        probe = table.take(operand.probe)
        key, spread = self._new_key(values, probe, numerical=numerical)
        if key is None:
            return None
        local = None if operand.local is None else table.take(operand.local)
        free, total = operand.token_free, operand.total and not found.partial
        reads = operand.reads_tokens and self._reads_tokens(probe, len(values))
        root_table = table.take(operand.root_table)
        return Sop(
            values, found.kind, probe, local, key, spread, free, reads, total, numerical, True,
            operand.root, root_table, _code(found.kind, values, numerical, total, reads, True),
        )  # fmt: skip

    def sequence_map(self, line: SequenceMap, first: Sop, second: Sop, at: Ref) -> Sop | None:
        """A function of two categorical s-ops that ignores neither of them."""
        if len(first.values) * len(second.values) > self._config.max_pairs:
            return None
        found = binary_table(line.function, first.values, second.values)
        values, table, width = found.values, found.table, len(second.values) + 1
        if not self._fits(values, partial=found.partial, numerical=False):
            return None
        probe = table.take(first.probe * width + second.probe)
        key, spread = self._new_key(values, probe, numerical=False)
        size = len(values) + 1
        if key is None or not (_says_more(probe, size, first) and _says_more(probe, size, second)):
            return None
        local = None
        if first.local is not None and second.local is not None:
            local = table.take(first.local * width + second.local)
        total = first.total and second.total and not found.partial
        above = (first, second)
        return self._fresh(at, values, found.kind, probe, local, above, key=key, spread=spread, total=total)

    def linear_sequence_map(self, line: LinearSequenceMap, first: Sop, second: Sop, at: Ref) -> Sop | None:
        """A weighted sum of two numerical s-ops."""
        found = linear_table(line.first_factor, line.second_factor, first.values, second.values)
        if not self._fits(found.values, partial=False, numerical=True):
            return None
        probe = found.table.take(first.probe * len(second.values) + second.probe)
        key, spread = self._new_key(found.values, probe, numerical=True)
        size = len(found.values)
        if key is None or not (_says_more(probe, size, first) and _says_more(probe, size, second)):
            return None
        above = (first, second)
        return self._fresh(
            at,
            found.values,
            Kind.NUMBER,
            probe,
            None,
            above,
            key=key,
            spread=spread,
            total=True,
            numerical=True,
        )

    def select(self, line: Select, keys: Sop, queries: Sop, _at: Ref) -> Selector | None:
        """A select that chooses neither everything nor nothing, unless its predicate is `True`."""
        table = predicate_table(line.predicate, keys.values, queries.values)
        chosen = self.probes.chosen(table, queries.probe, keys.probe)
        widths = self.probes.widths(chosen)
        count = int(widths.sum())
        if not count or (count == len(chosen) and line.predicate != _EVERYTHING):
            return None
        key = b"s" + chosen.astype(np.bool_).tobytes()
        return None if key in self.seen else Selector(line, keys, queries, table, chosen, widths, key)

    def selector_width(self, line: SelectorWidth, selector: Selector, at: Ref) -> Sop | None:
        """The number of chosen keys."""
        values = tuple(range(self._signature.max_seq_len + 1))
        numerical = line.encoding is Encoding.NUMERICAL
        key, spread = self._new_key(values, selector.widths, numerical=numerical)
        if key is None:
            return None
        pairs = local_pairs(self._locals, selector)
        local = None if pairs is None else self._locals.widths(pairs)
        above = (selector.keys, selector.queries)
        return self._fresh(
            at,
            values,
            Kind.NUMBER,
            selector.widths,
            local,
            above,
            key=key,
            spread=spread,
            total=True,
            numerical=numerical,
        )

    def aggregate(self, _line: Aggregate, selector: Selector, values: Sop, at: Ref) -> Sop | None:
        """The value at the chosen keys, or the mean of numerical zeros and ones."""
        return self._mean(selector, values, at) if values.numerical else self._move(selector, values, at)

    def _move(self, selector: Selector, moved: Sop, at: Ref) -> Sop | None:
        if not never_mixes(self._locals, selector, moved):
            return None
        none = len(moved.values)
        probe = self.probes.gather(selector.chosen, moved.probe, none)
        key, spread = self._new_key(moved.values, probe, numerical=False)
        if key is None:
            return None
        local = None
        pairs = local_pairs(self._locals, selector) if moved.token_free else None
        if pairs is not None and moved.local is not None:
            local = self._locals.gather(pairs, moved.local, none)
        total = moved.total and never_empty(self._locals, selector)
        above = (moved, selector.keys, selector.queries)
        return self._fresh(
            at, moved.values, moved.kind, probe, local, above, key=key, spread=spread, total=total
        )

    def _mean(self, selector: Selector, counted: Sop, at: Ref) -> Sop | None:
        if counted.values != (0, 1):
            return None
        found = mean_table(self._signature.max_seq_len)
        sums = self.probes.sums(selector.chosen, counted.probe)
        probe = found.table.take(sums * found.table.shape[1] + selector.widths)
        key, spread = self._new_key(found.values, probe, numerical=True)
        if key is None:
            return None
        above = (counted, selector.keys, selector.queries)
        return self._fresh(
            at,
            found.values,
            Kind.NUMBER,
            probe,
            None,
            above,
            key=key,
            spread=spread,
            total=True,
            numerical=True,
        )

    # -- laws ------------------------------------------------------------------------------------------------

    def _fits(self, values: Values, *, partial: bool, numerical: bool) -> bool:
        """Whether a value set is within the caps, and a lack of values allowed."""
        if partial and (numerical or not self._config.whole_language):
            return False
        return 2 - partial <= len(values) <= self._config.max_values

    def _new_key(self, values: Values, probe: Index, *, numerical: bool) -> tuple[bytes | None, int]:
        """The key of a new s-op (its partition of the probes, or its numbers) and its spread.

        No key where the laws forbid it.
        """
        counts = np.bincount(probe).tolist()
        spread = len(counts) - counts.count(0)
        if max(counts) > self._most or (len(counts) > len(values) and counts[-1] > self._most_empty):
            return None, spread
        if numerical:
            key = b"n" + np.array(values, dtype=np.float64).take(probe).tobytes()
        else:
            key = _partition(probe, len(values), self.probes)
        return (None if key in self.seen else key), spread

    def _reads_tokens(self, probe: Index, none: int) -> bool:
        pairs = np.bincount(self.probes.places * (none + 1) + probe)
        return int(np.count_nonzero(pairs)) > self.probes.place_count

    def _fresh(
        self,
        at: Ref,
        values: Values,
        kind: Kind,
        probe: Index,
        local: Index | None,
        above: tuple[Sop, ...],
        *,
        key: bytes,
        spread: int,
        total: bool,
        numerical: bool = False,
    ) -> Sop:
        """A line that is no function of the value of one other line."""
        free = all(sop.token_free for sop in above)
        reads = not free and self._reads_tokens(probe, len(values))
        same = identity_table(len(values))
        code = _code(kind, values, numerical, total, reads, False)
        return Sop(
            values, kind, probe, local, key, spread, free, reads, total, numerical, False, at, same, code
        )


def _says_more(result: Index, size: int, operand: Sop) -> bool:
    """Whether `result`, with values below `size`, is no function of `operand` alone."""
    pairs = np.bincount(operand.probe * size + result)
    return int(np.count_nonzero(pairs)) > operand.spread


def _partition(column: Index, none: int, probes: Grid) -> bytes:
    """For each entry the first entry with the same value: the column up to relabelling."""
    first = np.empty(none + 1, dtype=np.intp)
    first[column[::-1]] = probes.backwards
    return first.take(column).tobytes()


def _code(kind: Kind, values: Values, numerical: bool, total: bool, reads_tokens: bool, is_map: bool) -> int:
    size = min(len(values), 3)
    return open_code(kind, size, numerical=numerical, total=total, reads_tokens=reads_tokens, is_map=is_map)
