"""A program that grows line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.budget import Open, lines_needed
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.facts import Kind, Selector, Sop
from inverse_tracr.sample.operations import Operations, inputs


class State(NamedTuple):
    """What decides how a draft may go on: the open lines, and the lines to spare once they are used."""

    open: tuple[Ref, ...]
    unused: Open
    slack: int


class Draft:
    """Lines so far, what is known of each, and which of them nothing uses yet.

    `sops` holds what is known of every s-op, the inputs among them; `categorical`, `numerical` and
    `selectors` list the references of each kind.
    """

    def __init__(self, signature: Signature, length: int, config: SamplerConfig) -> None:
        self.signature = signature
        self.config = config
        self.lines: list[Line] = []
        self.categorical: list[Ref] = [TOKENS]
        self.numerical: list[Ref] = []
        self.selectors: list[Ref] = []
        self._operations = Operations(signature, config)
        tokens, indices = inputs(signature)
        self.sops: dict[Ref, Sop] = {TOKENS: tokens, INDICES: indices}
        self._operations.seen |= {tokens.key, indices.key}
        self._selected: dict[Ref, Selector] = {}
        self._read: list[tuple[Ref, ...]] = []
        self._uses: list[int] = []
        self._length = length
        self._state: State | None = None

    # -- what is there ---------------------------------------------------------------------------------------

    @property
    def remaining(self) -> int:
        """Lines still to be added."""
        return self._length - len(self.lines)

    def state(self) -> State:
        """Open lines and slack; every select must have been used."""
        if self._state is None:
            refs = tuple(ref for ref, uses in enumerate(self._uses) if not uses)
            unused = _count([self.sops[ref] for ref in refs])
            self._state = State(refs, unused, self.remaining - lines_needed(unused))
        return self._state

    def feasible(self) -> bool:
        """Whether the lines still to be added can use every open line, and end in a proper output."""
        _, unused, slack = self.state()
        if self.remaining:
            return slack >= 0
        return unused.total == 1 and not (unused.partial or unused.token_free)

    def program(self) -> Program:
        """The lines as a program that returns the last one."""
        return Program(tuple(self.lines), len(self.lines) - 1)

    # -- adding and taking back ------------------------------------------------------------------------------

    def offer(self, line: Line) -> Ref | None:
        """Add a line and return its reference; None where a law of `Operations` forbids it or no line
        remains.
        """
        ref = len(self.lines)
        if ref == self._length:
            return None
        refs = operands(line)
        found = _EVALUATE[type(line)](self._operations, line, *(self._known(above) for above in refs), ref)
        if found is None:
            return None
        for above in refs:
            if above >= 0:
                self._uses[above] += 1
        if isinstance(found, Selector):
            self._selected[ref] = found
            self.selectors.append(ref)
        else:
            self.sops[ref] = found
            (self.numerical if found.numerical else self.categorical).append(ref)
        if not ref:
            self.categorical.insert(1, INDICES)
        self._operations.seen.add(found.key)
        self.lines.append(line)
        self._read.append(refs)
        self._uses.append(0)
        self._state = None
        return ref

    def take_back(self, count: int) -> None:
        """Remove lines from the end until `count` are left."""
        while len(self.lines) > count:
            self.lines.pop()
            self._uses.pop()
            for above in self._read.pop():
                if above >= 0:
                    self._uses[above] -= 1
            self._forget(len(self.lines))
            self._state = None

    def _forget(self, ref: Ref) -> None:
        found = self._selected.pop(ref, None)
        if found is not None:
            self.selectors.pop()
        else:
            found = self.sops.pop(ref)
            (self.numerical if found.numerical else self.categorical).pop()
        if not ref:
            self.categorical.remove(INDICES)
        self._operations.seen.discard(found.key)

    def _known(self, ref: Ref) -> Sop | Selector:
        return self.sops[ref] if ref in self.sops else self._selected[ref]


_EVALUATE: dict[type[Line], Callable[..., Sop | Selector | None]] = {
    Map: Operations.map,
    SequenceMap: Operations.sequence_map,
    LinearSequenceMap: Operations.linear_sequence_map,
    Select: Operations.select,
    Aggregate: Operations.aggregate,
    SelectorWidth: Operations.selector_width,
}
"""How each operation is evaluated: from the line, what is known of its operands in order, and its
reference.
"""


def _count(sops: list[Sop]) -> Open:
    numbers = others = numerical = partial = token_free = mappable = 0
    for sop in sops:
        if sop.numerical:
            numerical += 1
        elif sop.kind is Kind.NUMBER:
            numbers += 1
        else:
            others += 1
        partial += not sop.total
        token_free += not sop.reads_tokens
        mappable += not sop.is_map and len(sop.values) > 2
    return Open(numbers, others, numerical, partial, token_free, mappable)
