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
from inverse_tracr.rasp.tabulated import selection_table
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.facts import Kind, Selector, Sop, Values, kind_of, open_code
from inverse_tracr.sample.grid import Grid, Index, local_grid, probe_grid
from inverse_tracr.sample.kernels import look_up
from inverse_tracr.sample.proofs import local_choice, never_empty, never_mixes
from inverse_tracr.sample.tables import (
    binary_table,
    identity_table,
    linear_table,
    mean_table,
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
    known, free = probes.describe(probe, len(values) + 1), ref == INDICES
    kind, key, same = kind_of(values), known.partition.tobytes(), identity_table(len(values))
    return Sop(values, kind, probe, local, key, free, not free, True, False, False, ref, same, 0)


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
        key, differs = self._new_key(values, probe, numerical=numerical)
        if key is None:
            return None
        local = None if operand.local is None else table.take(operand.local)
        free, total = operand.token_free, operand.total and not found.partial
        reads = operand.reads_tokens and differs
        root_table = table.take(operand.root_table)
        return Sop(
            values, found.kind, probe, local, key, free, reads, total, numerical, True,
            operand.root, root_table, _code(found.kind, values, numerical, total, reads, True),
        )  # fmt: skip

    def sequence_map(self, line: SequenceMap, first: Sop, second: Sop, at: Ref) -> Sop | None:
        """A function of two categorical s-ops that ignores neither of them."""
        if len(first.values) * len(second.values) > self._config.max_pairs:
            return None
        found = binary_table(line.function, first.values, second.values)
        values, table = found.values, found.table
        if not self._fits(values, partial=found.partial, numerical=False):
            return None
        probe, *says_more = look_up(table, first.probe, second.probe)
        key, differs = self._new_key(values, probe, numerical=False)
        if key is None or not all(says_more):
            return None
        local = None
        if first.local is not None and second.local is not None:
            local = table.take(first.local * table.shape[1] + second.local)
        total = first.total and second.total and not found.partial
        above = (first, second)
        return self._fresh(at, values, found.kind, probe, local, above, key, differs, total)

    def linear_sequence_map(self, line: LinearSequenceMap, first: Sop, second: Sop, at: Ref) -> Sop | None:
        """A weighted sum of two numerical s-ops."""
        found = linear_table(line.first_factor, line.second_factor, first.values, second.values)
        if not self._fits(found.values, partial=False, numerical=True):
            return None
        probe, *says_more = look_up(found.table, first.probe, second.probe)
        key, differs = self._new_key(found.values, probe, numerical=True)
        if key is None or not all(says_more):
            return None
        above = (first, second)
        return self._fresh(
            at, found.values, Kind.NUMBER, probe, None, above, key, differs, True, numerical=True
        )

    def select(self, line: Select, keys: Sop, queries: Sop, _at: Ref) -> Selector | None:
        """A select that chooses neither everything nor nothing, unless its predicate is `True`."""
        table = selection_table(line.predicate, keys.values, queries.values)
        choice = self.probes.choose(table, queries.probe, keys.probe)
        if not choice.total or (choice.total == len(choice.chosen) and line.predicate != _EVERYTHING):
            return None
        key = b"s" + choice.chosen.tobytes()
        return None if key in self.seen else Selector(line, keys, queries, table, choice, key)

    def selector_width(self, line: SelectorWidth, selector: Selector, at: Ref) -> Sop | None:
        """The number of chosen keys."""
        values = tuple(range(self._signature.max_seq_len + 1))
        numerical = line.encoding is Encoding.NUMERICAL
        probe = selector.choice.widths
        key, differs = self._new_key(values, probe, numerical=numerical)
        if key is None:
            return None
        choice = local_choice(self._locals, selector)
        local = None if choice is None else choice.widths
        above = (selector.keys, selector.queries)
        return self._fresh(
            at, values, Kind.NUMBER, probe, local, above, key, differs, True, numerical=numerical
        )

    def aggregate(self, _line: Aggregate, selector: Selector, values: Sop, at: Ref) -> Sop | None:
        """The value at the chosen keys, or the mean of numerical zeros and ones."""
        return self._mean(selector, values, at) if values.numerical else self._move(selector, values, at)

    def _move(self, selector: Selector, moved: Sop, at: Ref) -> Sop | None:
        if not never_mixes(self._locals, selector, moved):
            return None
        none = len(moved.values)
        probe = self.probes.gather(selector.choice.chosen, moved.probe, none)
        key, differs = self._new_key(moved.values, probe, numerical=False)
        if key is None:
            return None
        local = None
        choice = local_choice(self._locals, selector) if moved.token_free else None
        if choice is not None and moved.local is not None:
            local = self._locals.gather(choice.chosen, moved.local, none)
        total = moved.total and never_empty(self._locals, selector)
        above = (moved, selector.keys, selector.queries)
        return self._fresh(at, moved.values, moved.kind, probe, local, above, key, differs, total)

    def _mean(self, selector: Selector, counted: Sop, at: Ref) -> Sop | None:
        if counted.values != (0, 1):
            return None
        found = mean_table(self._signature.max_seq_len)
        sums = self.probes.sums(selector.choice.chosen, counted.probe)
        probe = found.table.take(sums * found.table.shape[1] + selector.choice.widths)
        key, differs = self._new_key(found.values, probe, numerical=True)
        if key is None:
            return None
        above = (counted, selector.keys, selector.queries)
        return self._fresh(
            at, found.values, Kind.NUMBER, probe, None, above, key, differs, True, numerical=True
        )

    # -- laws ------------------------------------------------------------------------------------------------

    def _fits(self, values: Values, *, partial: bool, numerical: bool) -> bool:
        """Whether a value set is within the caps, and a lack of values allowed."""
        if partial and (numerical or not self._config.whole_language):
            return False
        return 2 - partial <= len(values) <= self._config.max_values

    def _new_key(self, values: Values, probe: Index, *, numerical: bool) -> tuple[bytes | None, bool]:
        """The key of a new s-op (its partition of the probes, or its numbers), None where the laws forbid it;
        whether it differs at some place.
        """
        partition, most, empty, differs = self.probes.describe(probe, len(values) + 1)
        if most > self._most or empty > self._most_empty:
            return None, differs
        if numerical:
            key = b"n" + np.array(values, dtype=np.float64).take(probe).tobytes()
        else:
            key = partition.tobytes()
        return (None if key in self.seen else key), differs

    def _fresh(
        self,
        at: Ref,
        values: Values,
        kind: Kind,
        probe: Index,
        local: Index | None,
        above: tuple[Sop, ...],
        key: bytes,
        differs: bool,
        total: bool,
        *,
        numerical: bool = False,
    ) -> Sop:
        """A line that is no function of the value of one other line."""
        free = all(sop.token_free for sop in above)
        reads = not free and differs
        same = identity_table(len(values))
        code = _code(kind, values, numerical, total, reads, False)
        return Sop(values, kind, probe, local, key, free, reads, total, numerical, False, at, same, code)


def _code(kind: Kind, values: Values, numerical: bool, total: bool, reads_tokens: bool, is_map: bool) -> int:
    return open_code(kind, min(len(values), 3), numerical, total, reads_tokens, is_map)
