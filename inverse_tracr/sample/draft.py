"""A program that grows line by line."""

from __future__ import annotations

from collections.abc import Callable

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
from inverse_tracr.sample.budget import lines_needed, unpacked
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.facts import Selector, Sop
from inverse_tracr.sample.operations import Operations, inputs


class Draft:
    """Lines so far, what is known of each, and which of them nothing uses yet.

    `remaining` counts the lines still to be added, `open_code` those that nothing uses yet, packed (see
    `budget`); every select must have been used. `sops` holds what is known of every s-op, the inputs
    among them; `categorical`, `numerical` and `selectors` list the references of each kind.
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
        self._known: list[Sop | Selector] = [tokens, indices]
        self._read: list[tuple[Ref, ...]] = []
        self._uses: list[int] = []
        self.open_code = 0
        self.remaining = length

    # -- what is there ---------------------------------------------------------------------------------------

    def open_among(self, refs: list[Ref]) -> list[Ref]:
        """Those of `refs` that are lines which nothing uses yet."""
        uses = self._uses
        return [ref for ref in refs if ref >= 0 and not uses[ref]]

    def feasible(self) -> bool:
        """Whether the lines still to be added can use every open line, and end in a proper output."""
        if self.remaining:
            return self.remaining >= lines_needed(self.open_code)
        unused = unpacked(self.open_code)
        return unused.total == 1 and not (unused.partial or unused.token_free)

    def program(self) -> Program:
        """The lines as a program that returns the last one."""
        return Program(tuple(self.lines), len(self.lines) - 1)

    # -- adding and taking back ------------------------------------------------------------------------------

    def offer(self, line: Line) -> Ref | None:
        """Add a line and return its reference; None where a law of `Operations` forbids it or no line
        remains.
        """
        if not self.remaining:
            return None
        ref, refs = len(self.lines), operands(line)
        known = [self._known[above + 2] for above in refs]
        found = _EVALUATE[type(line)](self._operations, line, *known, ref)
        if found is None:
            return None
        self.remaining -= 1
        for above in refs:
            self._use(above)
        if isinstance(found, Selector):
            self.selectors.append(ref)
        else:
            self.sops[ref] = found
            self.open_code += found.open_code
            (self.numerical if found.numerical else self.categorical).append(ref)
        if not ref:
            self.categorical.insert(1, INDICES)
        self._operations.seen.add(found.key)
        self._known.append(found)
        self.lines.append(line)
        self._read.append(refs)
        self._uses.append(0)
        return ref

    def take_back(self, count: int) -> None:
        """Remove lines from the end until `count` are left."""
        while len(self.lines) > count:
            self.lines.pop()
            self._uses.pop()
            self.remaining += 1
            self._forget(len(self.lines))
            for above in self._read.pop():
                self._unuse(above)

    def _forget(self, ref: Ref) -> None:
        found = self._known.pop()
        if isinstance(found, Selector):
            self.selectors.pop()
        else:
            del self.sops[ref]
            self.open_code -= found.open_code
            (self.numerical if found.numerical else self.categorical).pop()
        if not ref:
            self.categorical.remove(INDICES)
        self._operations.seen.discard(found.key)

    def _use(self, ref: Ref) -> None:
        if ref >= 0:
            if not self._uses[ref] and ref in self.sops:
                self.open_code -= self.sops[ref].open_code
            self._uses[ref] += 1

    def _unuse(self, ref: Ref) -> None:
        if ref >= 0:
            self._uses[ref] -= 1
            if not self._uses[ref] and ref in self.sops:
                self.open_code += self.sops[ref].open_code


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
