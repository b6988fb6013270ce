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


@dataclass(frozen=True, slots=True)
class Sop:
    """An s-op: its value set and what it is on the probes and, where it is local, on every local entry.

    Columns hold indices into `values`, `len(values)` where there is no value. `local` is None for an s-op that
    depends on tokens of other positions. `token_free`: a function of position and length alone. `total`: has a
    value on every input. `root` and `root_table` write it as a function of the value of another s-op (itself,
    unless it is a map).
    """

    values: Values
    probe: Index
    local: Index | None
    token_free: bool
    total: bool
    numerical: bool
    is_map: bool
    root: Ref
    root_table: Index

    @property
    def is_text(self) -> bool:
        """Whether its values are strings."""
        return isinstance(self.values[0], str)


@dataclass(frozen=True, slots=True)
class Selector:
    """A select: its operands, the table of its predicate and what it chooses on the probes."""

    line: Select
    table: Index
    chosen: Index
    widths: Index


class Draft:
    """Lines so far. Every `try_…` method returns the new s-op or selector, or None where a law forbids it.

    The laws: not constant and different from every other line on the probes, value sets within the caps, no
    result without value from a function.
    """

    def __init__(self, signature: Signature, length: int, config: SamplerConfig) -> None:
        size = (len(signature.vocab), signature.max_seq_len, signature.causal)
        self.signature = signature
        self.config = config
        self.probes: Grid = probe_grid(*size)
        self.locals: Grid = local_grid(*size)
        self.lines: list[Line] = []
        self.found: list[Sop | Selector] = []
        self.uses: list[int] = []
        self._length = length
        self._keys: list[bytes] = []
        self._seen: set[bytes] = set()
        positions = tuple(range(signature.max_seq_len))
        self._tokens = self._input(TOKENS, signature.vocab, self.probes.tokens, self.locals.tokens)
        self._indices = self._input(INDICES, positions, self.probes.positions, self.locals.positions)

    def _input(self, ref: Ref, values: Values, probe: Index, local: Index) -> Sop:
        self._seen.add(_partition(probe, len(values)).tobytes())
        return Sop(values, probe, local, ref == INDICES, True, False, False, ref, np.arange(len(values) + 1))

    # -- what is there ---------------------------------------------------------------------------------------

    @property
    def remaining(self) -> int:
        """Lines still to be added."""
        return self._length - len(self.lines)

    def sop(self, ref: Ref) -> Sop:
        """What is known of an s-op."""
        if ref < 0:
            return self._tokens if ref == TOKENS else self._indices
        found = self.found[ref]
        assert isinstance(found, Sop)
        return found

    def selector(self, ref: Ref) -> Selector:
        """What is known of a select."""
        found = self.found[ref]
        assert isinstance(found, Selector)
        return found

    def categorical(self) -> list[Ref]:
        """References of all categorical s-ops, the inputs first."""
        kept = (i for i, f in enumerate(self.found) if isinstance(f, Sop) and not f.numerical)
        return [TOKENS, INDICES, *kept]

    def numerical(self) -> list[Ref]:
        """References of all numerical s-ops."""
        return [i for i, f in enumerate(self.found) if isinstance(f, Sop) and f.numerical]

    def selectors(self) -> list[Ref]:
        """References of all selects."""
        return [i for i, f in enumerate(self.found) if isinstance(f, Selector)]

    def is_open(self, ref: Ref) -> bool:
        """Whether `ref` is a line that nothing uses yet."""
        return ref >= 0 and not self.uses[ref]

    def feasible(self) -> bool:
        """Whether the lines still to be added can use every open line, and end in an output of every input."""
        unused = [self.found[i] for i, uses in enumerate(self.uses) if not uses]
        sops = [f for f in unused if isinstance(f, Sop)]
        if len(sops) < len(unused):
            return False
        if not self.remaining:
            return len(sops) == 1 and sops[0].total and self._depends_on_tokens(sops[0])
        return lines_needed(_open(sops)) <= self.remaining

    def slack(self) -> int:
        """Lines left over after every open line is used."""
        unused = [f for f, uses in zip(self.found, self.uses, strict=True) if not uses and isinstance(f, Sop)]
        return self.remaining - lines_needed(_open(unused))

    def _depends_on_tokens(self, sop: Sop) -> bool:
        return not sop.token_free and depends(self.probes.places, sop.probe, len(sop.values) + 1)

    # -- adding and taking back ------------------------------------------------------------------------------

    def add(self, line: Line, found: Sop | Selector) -> Ref:
        """Add a line that was tried, and return its reference."""
        for ref in operands(line):
            if ref >= 0:
                self.uses[ref] += 1
        key = self._key(found)
        self._seen.add(key)
        self._keys.append(key)
        self.lines.append(line)
        self.found.append(found)
        self.uses.append(0)
        return len(self.lines) - 1

    def take_back(self, count: int) -> None:
        """Remove lines from the end until `count` are left."""
        while len(self.lines) > count:
            for ref in operands(self.lines.pop()):
                if ref >= 0:
                    self.uses[ref] -= 1
            self.found.pop()
            self.uses.pop()
            self._seen.discard(self._keys.pop())

    def program(self) -> Program:
        """The lines as a program that returns the last one."""
        return Program(tuple(self.lines), len(self.lines) - 1)

    def _key(self, found: Sop | Selector) -> bytes:
        if isinstance(found, Selector):
            return b"s" + found.chosen.tobytes()
        if found.numerical:
            return b"n" + np.array(found.values, dtype=np.float64).take(found.probe).tobytes()
        return _partition(found.probe, len(found.values)).tobytes()

    def _admitted(self, sop: Sop) -> Sop | None:
        """The s-op, unless it is (almost) constant or equal to another line."""
        counts = np.bincount(sop.probe)
        if counts.max() > self.config.max_share * len(sop.probe) or self._key(sop) in self._seen:
            return None
        return sop

    # -- the operations --------------------------------------------------------------------------------------

    def try_map(self, line: Map) -> Sop | None:
        """A map of a categorical or numerical s-op."""
        operand = self.sop(line.operand)
        values, table = unary_table(line.function, operand.values)
        numerical = line.encoding is Encoding.NUMERICAL
        if not 2 <= len(values) <= self.config.max_values or len(values) in table[:-1]:
            return None
        if operand.is_map or (numerical and not operand.total):
            return None
        return self._admitted(
            Sop(
                values,
                table.take(operand.probe),
                None if operand.local is None else table.take(operand.local),
                operand.token_free,
                operand.total,
                numerical,
                True,
                operand.root,
                table.take(operand.root_table),
            )
        )

    def try_sequence_map(self, line: SequenceMap) -> Sop | None:
        """A function of two categorical s-ops that ignores neither of them on the probes."""
        first, second = self.sop(line.first), self.sop(line.second)
        if line.first == line.second or len(first.values) * len(second.values) > self.config.max_pairs:
            return None
        values, table = binary_table(line.function, first.values, second.values)
        if not 2 <= len(values) <= self.config.max_values or len(values) in table[:-1, :-1]:
            return None
        flat = table.ravel()
        probe = flat.take(first.probe * table.shape[1] + second.probe)
        width = len(values) + 1
        if not (depends(first.probe, probe, width) and depends(second.probe, probe, width)):
            return None
        local = None
        if first.local is not None and second.local is not None:
            local = flat.take(first.local * table.shape[1] + second.local)
        return self._admitted(
            self._fresh(values, probe, local, [first, second], total=first.total and second.total)
        )

    def try_select(self, line: Select) -> Selector | None:
        """A select that chooses neither everything nor nothing, unless its predicate is `True`."""
        keys, queries = self.sop(line.keys), self.sop(line.queries)
        table = predicate_table(line.predicate, keys.values, queries.values)
        chosen = self.probes.chosen(table, queries.probe, keys.probe)
        count = int(chosen.sum())
        everything = line.predicate == NamedPredicate(Comparison.TRUE)
        if not count or (count == len(chosen) and not everything) or b"s" + chosen.tobytes() in self._seen:
            return None
        return Selector(line, table, chosen, self.probes.widths(chosen))

    def try_width(self, line: SelectorWidth) -> Sop | None:
        """The number of chosen keys."""
        selector = self.selector(line.selector)
        local = self.local_pairs(selector)
        values = tuple(range(self.signature.max_seq_len + 1))
        return self._admitted(
            self._fresh(
                values,
                selector.widths,
                None if local is None else self.locals.widths(local),
                [self.sop(selector.line.keys), self.sop(selector.line.queries)],
                total=True,
                numerical=line.encoding is Encoding.NUMERICAL,
            )
        )

    def try_move(self, line: Aggregate, *, total: bool) -> Sop | None:
        """A categorical aggregate; None too where the probes show that it mixes values."""
        selector, moved = self.selector(line.selector), self.sop(line.values)
        none = len(moved.values)
        probe = self.probes.gather(selector.chosen, moved.probe, none)
        if probe is None:
            return None
        local = self.local_pairs(selector) if moved.token_free and moved.local is not None else None
        above = [moved, self.sop(selector.line.keys), self.sop(selector.line.queries)]
        found = None
        if local is not None and moved.local is not None:
            found = self.locals.gather(local, moved.local, none)
        return self._admitted(self._fresh(moved.values, probe, found, above, total=total))

    def try_mean(self, line: Aggregate) -> Sop | None:
        """The mean of a numerical s-op of zeros and ones."""
        selector, counted = self.selector(line.selector), self.sop(line.values)
        if counted.values != (0, 1):
            return None
        values, table = mean_table(self.signature.max_seq_len)
        sums = self.probes.sums(selector.chosen, counted.probe)
        probe = table[sums, selector.widths]
        above = [counted, self.sop(selector.line.keys), self.sop(selector.line.queries)]
        return self._admitted(self._fresh(values, probe, None, above, total=True, numerical=True))

    def local_pairs(self, selector: Selector) -> Index | None:
        """What a selector chooses on the local grid, where that does not depend on other tokens."""
        keys, queries = self.sop(selector.line.keys), self.sop(selector.line.queries)
        if not keys.token_free or keys.local is None or queries.local is None:
            return None
        return self.locals.chosen(selector.table, queries.local, keys.local)

    def _fresh(
        self,
        values: Values,
        probe: Index,
        local: Index | None,
        above: list[Sop],
        *,
        total: bool,
        numerical: bool = False,
    ) -> Sop:
        token_free = all(sop.token_free for sop in above)
        root_table = np.arange(len(values) + 1)
        return Sop(values, probe, local, token_free, total, numerical, False, len(self.lines), root_table)


def depends(given: Index, result: Index, size: int) -> bool:
    """Whether `result`, with values below `size`, is no function of `given`."""
    pairs = np.bincount(given * size + result)
    return np.count_nonzero(pairs) > np.count_nonzero(np.bincount(given))


def _partition(column: Index, none: int) -> Index:
    """For each entry the first entry with the same value: the column up to relabelling."""
    first = np.empty(none + 1, dtype=np.intp)
    first[column[::-1]] = np.arange(len(column) - 1, -1, -1)
    return first.take(column)


def _open(sops: list[Sop]) -> Open:
    return Open(
        text=sum(sop.is_text for sop in sops),
        other=sum(not (sop.is_text or sop.numerical) for sop in sops),
        numerical=sum(sop.numerical for sop in sops),
        partial=any(not sop.total for sop in sops),
    )
