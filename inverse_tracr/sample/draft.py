"""A program that grows line by line."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.program import (
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
from inverse_tracr.sample.operations import Operations


@dataclass(frozen=True, slots=True)
class State:
    """What decides how a draft may go on: the open lines, and the lines to spare once they are used."""

    open: tuple[Ref, ...]
    unused: Open
    slack: int


class Draft:
    """Lines so far, what is known of each, and which of them nothing uses yet."""

    def __init__(self, signature: Signature, length: int, config: SamplerConfig) -> None:
        self.signature = signature
        self.config = config
        self.lines: list[Line] = []
        self.categorical: list[Ref] = [-2, -1]
        self.numerical: list[Ref] = []
        self.selectors: list[Ref] = []
        self._operations = Operations(signature, config)
        self._inputs = (self._operations.indices(), self._operations.tokens())
        self._operations.seen.update(sop.key for sop in self._inputs)
        self._found: list[Sop | Selector] = []
        self._uses: list[int] = []
        self._length = length
        self._state: State | None = None

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

    def _selector(self, ref: Ref) -> Selector:
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
        unused = self.state().unused
        if self.remaining:
            return self.state().slack >= 0
        return unused.count == 1 and not (unused.partial or unused.token_free)

    def program(self) -> Program:
        """The lines as a program that returns the last one."""
        return Program(tuple(self.lines), len(self.lines) - 1)

    # -- adding and taking back ------------------------------------------------------------------------------

    def offer(self, line: Line) -> Ref | None:
        """Add a line and return its reference; None where a law of `Operations` forbids it or no line
        remains.
        """
        found = self._evaluate(line) if self.remaining else None
        if found is None:
            return None
        for above in operands(line):
            if above >= 0:
                self._uses[above] += 1
        ref = len(self.lines)
        self._list_of(found).append(ref)
        self._operations.seen.add(found.key)
        self.lines.append(line)
        self._found.append(found)
        self._uses.append(0)
        self._state = None
        return ref

    def take_back(self, count: int) -> None:
        """Remove lines from the end until `count` are left."""
        while len(self.lines) > count:
            for above in operands(self.lines.pop()):
                if above >= 0:
                    self._uses[above] -= 1
            found = self._found.pop()
            self._uses.pop()
            self._list_of(found).pop()
            self._operations.seen.discard(found.key)
            self._state = None

    def _list_of(self, found: Sop | Selector) -> list[Ref]:
        if isinstance(found, Selector):
            return self.selectors
        return self.numerical if found.numerical else self.categorical

    def _evaluate(self, line: Line) -> Sop | Selector | None:
        known, at = self._operations, len(self.lines)
        match line:
            case Map():
                return known.map(line, self.sop(line.operand))
            case SequenceMap():
                return known.sequence_map(line, self.sop(line.first), self.sop(line.second), at)
            case LinearSequenceMap():
                return known.linear_sequence_map(line, self.sop(line.first), self.sop(line.second), at)
            case Select():
                return known.select(line, self.sop(line.keys), self.sop(line.queries))
            case Aggregate():
                return known.aggregate(self._selector(line.selector), self.sop(line.values), at)
            case SelectorWidth():
                return known.selector_width(line, self._selector(line.selector), at)


def _count(sops: list[Sop]) -> Open:
    numbers = others = numerical = partial = token_free = 0
    for sop in sops:
        if sop.numerical:
            numerical += 1
        elif sop.kind is Kind.NUMBER:
            numbers += 1
        else:
            others += 1
        partial += not sop.total
        token_free += not sop.reads_tokens
    return Open(numbers, others, numerical, partial, token_free)
