"""A program that grows line by line, with what is known of every line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.rasp.functions import Comparison, NamedPredicate
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value
from inverse_tracr.sample.budget import Open, lines_needed
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.grid import Grid, Index, local_grid, probe_grid
from inverse_tracr.sample.tables import binary_table, mean_table, predicate_table, unary_table

Values = tuple[Value, ...]
_EVERYTHING = NamedPredicate(Comparison.TRUE)


@dataclass(frozen=True, slots=True)
class Sop:
    """An s-op: its value set and what it is on the probes and, where it is local, on every local entry.

    Columns hold indices into `values`, `len(values)` where there is no value. `local` is None for an s-op that
    depends on tokens of other positions. `key` tells s-ops apart. `token_free`: a function of position and
    length alone; `reads_tokens`: seen on the probes to be none. `total`: has a value on every input. `root` and `root_table` write it as a function of the
    value of another s-op (itself, unless it is a map).
    """

    values: Values
    probe: Index
    local: Index | None
    key: bytes
    token_free: bool
    reads_tokens: bool
    total: bool
    numerical: bool
    is_map: bool
    is_text: bool
    root: Ref
    root_table: Index


@dataclass(frozen=True, slots=True)
class Selector:
    """A select: its operands, the table of its predicate and what it chooses on the probes."""

    line: Select
    table: Index
    chosen: Index
    widths: Index
    key: bytes


@dataclass(frozen=True, slots=True)
class State:
    """What decides how a draft may go on: the open lines, and the lines to spare once they are used."""

    open: tuple[Ref, ...]
    unused: Open
    slack: int


class Draft:
    """Lines so far. Every `try_…` method returns the new s-op or selector, or None where a law forbids it.

    The laws: not (almost) constant nor mostly without value, and different from every other line, on the probes; value sets within the
    caps, no function without a value.
    """

    def __init__(self, signature: Signature, length: int, config: SamplerConfig) -> None:
        size = (len(signature.vocab), signature.max_seq_len, signature.causal)
        self.signature = signature
        self.config = config
        self.probes: Grid = probe_grid(*size)
        self.locals: Grid = local_grid(*size)
        self.lines: list[Line] = []
        self.categorical: list[Ref] = [TOKENS, INDICES]
        self.numerical: list[Ref] = []
        self.selectors: list[Ref] = []
        self._found: list[Sop | Selector] = []
        self._uses: list[int] = []
        self._length = length
        self._most = int(config.max_share * len(self.probes.tokens))
        self._most_empty = int(config.max_empty * len(self.probes.tokens))
        self._seen: set[bytes] = set()
        self._state: State | None = None
        positions = tuple(range(signature.max_seq_len))
        self._inputs = (
            self._input(INDICES, positions, self.probes.positions, self.locals.positions),
            self._input(TOKENS, signature.vocab, self.probes.tokens, self.locals.tokens),
        )

    def _input(self, ref: Ref, values: Values, probe: Index, local: Index) -> Sop:
        key = _partition(probe, len(values))
        self._seen.add(key)
        same = np.arange(len(values) + 1)
        text = isinstance(values[0], str)
        free = ref == INDICES
        return Sop(values, probe, local, key, free, not free, True, False, False, text, ref, same)

    # -- what is there ---------------------------------------------------------------------------------------

    @property
    def remaining(self) -> int:
        """Lines still to be added."""
        return self._length - len(self.lines)

    def sop(self, ref: Ref) -> Sop:
        """What is known of an s-op."""
        found = self._found[ref] if ref >= 0 else self._inputs[ref + 1]
        assert isinstance(found, Sop)
        return found

    def selector(self, ref: Ref) -> Selector:
        """What is known of a select."""
        found = self._found[ref]
        assert isinstance(found, Selector)
        return found

    def state(self) -> State:
        """Open lines and slack; every select must have been used."""
        if self._state is None:
            refs = tuple(ref for ref, uses in enumerate(self._uses) if not uses)
            unused = _count([self.sop(ref) for ref in refs])
            self._state = State(refs, unused, self.remaining - lines_needed(unused))
        return self._state

    def feasible(self) -> bool:
        """Whether the lines still to be added can use every open line, and end in a proper output."""
        if self.remaining:
            return self.state().slack >= 0
        unused = self.state().unused
        return unused.count == 1 and not (unused.partial or unused.token_free)

    def _reads_tokens(self, probe: Index, none: int, *, free: bool) -> bool:
        return not free and depends(self.probes.places, probe, none + 1)

    # -- adding and taking back ------------------------------------------------------------------------------

    def add(self, line: Line, found: Sop | Selector) -> Ref:
        """Add a line that was tried, and return its reference."""
        for ref in operands(line):
            if ref >= 0:
                self._uses[ref] += 1
        ref = len(self.lines)
        self._list_of(found).append(ref)
        self._seen.add(found.key)
        self.lines.append(line)
        self._found.append(found)
        self._uses.append(0)
        self._state = None
        return ref

    def take_back(self, count: int) -> None:
        """Remove lines from the end until `count` are left."""
        while len(self.lines) > count:
            for ref in operands(self.lines.pop()):
                if ref >= 0:
                    self._uses[ref] -= 1
            found = self._found.pop()
            self._uses.pop()
            self._list_of(found).pop()
            self._seen.discard(found.key)
            self._state = None

    def program(self) -> Program:
        """The lines as a program that returns the last one."""
        return Program(tuple(self.lines), len(self.lines) - 1)

    def _list_of(self, found: Sop | Selector) -> list[Ref]:
        if isinstance(found, Selector):
            return self.selectors
        return self.numerical if found.numerical else self.categorical

    def _new_key(self, values: Values, probe: Index, *, numerical: bool) -> bytes | None:
        """What tells an s-op apart: its partition of the probes, or its numbers; None against the laws."""
        counts = np.bincount(probe)
        if counts.max() > self._most or (len(counts) > len(values) and counts[-1] > self._most_empty):
            return None
        if numerical:
            key = np.array(values, dtype=np.float64).take(probe).tobytes()
        else:
            key = _partition(probe, len(values))
        return None if key in self._seen else key

    # -- the operations --------------------------------------------------------------------------------------

    def try_map(self, line: Map) -> Sop | None:
        """A map of a categorical or numerical s-op that is no map."""
        operand = self.sop(line.operand)
        numerical = line.encoding is Encoding.NUMERICAL
        found = unary_table(line.function, operand.values)
        values, table = found.values, found.table
        if found.partial or not 2 <= len(values) <= self.config.max_values:
            return None
        probe = table.take(operand.probe)
        key = self._new_key(values, probe, numerical=numerical)
        if key is None:
            return None
        local = None if operand.local is None else table.take(operand.local)
        text = isinstance(values[0], str)
        root_table = table.take(operand.root_table)
        free = operand.token_free
        reads = self._reads_tokens(probe, len(values), free=free)
        total, root = operand.total, operand.root
        return Sop(values, probe, local, key, free, reads, total, numerical, True, text, root, root_table)

    def try_sequence_map(self, line: SequenceMap) -> Sop | None:
        """A function of two categorical s-ops that ignores neither of them on the probes."""
        first, second = self.sop(line.first), self.sop(line.second)
        if len(first.values) * len(second.values) > self.config.max_pairs:
            return None
        found = binary_table(line.function, first.values, second.values)
        values, table, width = found.values, found.table, len(second.values) + 1
        if found.partial or not 2 <= len(values) <= self.config.max_values:
            return None
        probe = table.take(first.probe * width + second.probe)
        key = self._new_key(values, probe, numerical=False)
        size = len(values) + 1
        if key is None or not (depends(first.probe, probe, size) and depends(second.probe, probe, size)):
            return None
        local = None
        if first.local is not None and second.local is not None:
            local = table.take(first.local * width + second.local)
        total = first.total and second.total
        return self._fresh(values, probe, local, key, [first, second], total=total)

    def try_select(self, line: Select) -> Selector | None:
        """A select that chooses neither everything nor nothing, unless its predicate is `True`."""
        keys, queries = self.sop(line.keys), self.sop(line.queries)
        table = predicate_table(line.predicate, keys.values, queries.values)
        chosen = self.probes.chosen(table, queries.probe, keys.probe)
        widths = self.probes.widths(chosen)
        count = int(widths.sum())
        if not count or (count == len(chosen) and line.predicate != _EVERYTHING):
            return None
        key = chosen.astype(np.bool_).tobytes()
        return None if key in self._seen else Selector(line, table, chosen, widths, key)

    def try_width(self, line: SelectorWidth) -> Sop | None:
        """The number of chosen keys."""
        selector = self.selector(line.selector)
        values = tuple(range(self.signature.max_seq_len + 1))
        numerical = line.encoding is Encoding.NUMERICAL
        key = self._new_key(values, selector.widths, numerical=numerical)
        if key is None:
            return None
        local = self.local_pairs(selector)
        widths = None if local is None else self.locals.widths(local)
        above = self._operands(selector)
        return self._fresh(values, selector.widths, widths, key, above, total=True, numerical=numerical)

    def try_move(self, line: Aggregate, *, total: bool) -> Sop | None:
        """A categorical aggregate; None too where the probes show that it mixes values."""
        selector, moved = self.selector(line.selector), self.sop(line.values)
        none = len(moved.values)
        probe = self.probes.gather(selector.chosen, moved.probe, none)
        key = None if probe is None else self._new_key(moved.values, probe, numerical=False)
        if probe is None or key is None:
            return None
        local = None
        pairs = self.local_pairs(selector) if moved.token_free else None
        if pairs is not None and moved.local is not None:
            local = self.locals.gather(pairs, moved.local, none)
        above = [moved, *self._operands(selector)]
        return self._fresh(moved.values, probe, local, key, above, total=total)

    def try_mean(self, line: Aggregate) -> Sop | None:
        """The mean of a numerical s-op of zeros and ones."""
        selector, counted = self.selector(line.selector), self.sop(line.values)
        found = mean_table(self.signature.max_seq_len)
        sums = self.probes.sums(selector.chosen, counted.probe)
        probe = found.table[sums, selector.widths]
        key = self._new_key(found.values, probe, numerical=True)
        if key is None:
            return None
        above = [counted, *self._operands(selector)]
        return self._fresh(found.values, probe, None, key, above, total=True, numerical=True)

    def local_pairs(self, selector: Selector) -> Index | None:
        """What a selector chooses on the local grid, where that does not depend on other tokens."""
        keys, queries = self._operands(selector)
        if not keys.token_free or keys.local is None or queries.local is None:
            return None
        return self.locals.chosen(selector.table, queries.local, keys.local)

    def _operands(self, selector: Selector) -> tuple[Sop, Sop]:
        return self.sop(selector.line.keys), self.sop(selector.line.queries)

    def _fresh(
        self,
        values: Values,
        probe: Index,
        local: Index | None,
        key: bytes,
        above: list[Sop] | tuple[Sop, Sop],
        *,
        total: bool,
        numerical: bool = False,
    ) -> Sop:
        free = all(sop.token_free for sop in above)
        reads = self._reads_tokens(probe, len(values), free=free)
        text = isinstance(values[0], str)
        same = np.arange(len(values) + 1)
        at = len(self.lines)
        return Sop(values, probe, local, key, free, reads, total, numerical, False, text, at, same)


def depends(given: Index, result: Index, size: int) -> bool:
    """Whether `result`, with values below `size`, is no function of `given`."""
    pairs = np.bincount(given * size + result)
    return bool(np.count_nonzero(pairs) > np.count_nonzero(np.bincount(given)))


def _partition(column: Index, none: int) -> bytes:
    """For each entry the first entry with the same value: the column up to relabelling."""
    first = np.empty(none + 1, dtype=np.intp)
    first[column[::-1]] = _descending(len(column))
    return first.take(column).tobytes()


def _descending(count: int) -> Index:
    return np.arange(count - 1, -1, -1)


def _count(sops: list[Sop]) -> Open:
    text = other = numerical = partial = token_free = 0
    for sop in sops:
        numerical += sop.numerical
        text += sop.is_text
        other += not (sop.is_text or sop.numerical)
        partial += not sop.total
        token_free += not sop.reads_tokens
    return Open(text, other, numerical, partial, token_free)
