"""Programs as section 4 of the thesis samples them; kept for comparison, they may be unsound.

Operations are drawn one by one with operands of matching type, later variables preferred; the end of the
longest path from `tokens` is returned and what it does not use is pruned; programs of another length than
wanted are thrown away, here also those that no model of moderate size computes (the thesis let these time
out). What the text leaves open follows its code: weights of operations, ranges of constants, acceptance of
lengths. Of its functions only those are drawn that read their operand: `x and c` and `x or c` where the
code's order makes them constant or the identity, and `not x` where it negates the constant.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from inverse_tracr.compile import CompileError, Mode, plan
from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import (
    BinaryOp,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    UnaryOp,
)
from inverse_tracr.rasp.fusion import live_positions, select_lines
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Line,
    Map,
    Program,
    ProgramError,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_unary
from inverse_tracr.rasp.values import Value, ordered
from inverse_tracr.sample.config import SamplerConfig
from inverse_tracr.sample.draws import Draws

OVERSAMPLING = 1.8
"""Operations drawn for each line that is wanted at most; unused ones are pruned."""

# The constant stands on the left: LAM_LT of the thesis's code is c < x.
_BOOLEAN = (
    (UnaryOp.GT, True),
    (UnaryOp.GE, True),
    (UnaryOp.LT, True),
    (UnaryOp.LE, True),
    (UnaryOp.NE, True),
    (UnaryOp.EQ, True),
    (UnaryOp.NOT, False),
)
_ARITHMETIC = (UnaryOp.ADD, UnaryOp.MULTIPLY, UnaryOp.SUBTRACT_FROM, UnaryOp.AND, UnaryOp.OR)
_PAIRS = (BinaryOp.ADD, BinaryOp.MULTIPLY, BinaryOp.SUBTRACT, BinaryOp.AND, BinaryOp.OR)

TEXT, NUMBER, TRUTH, SELECTOR = range(4)
"""Types of variables: strings, numbers, truth values (which are no numbers here), selectors."""


def thesis_signature(draws: Draws, config: SamplerConfig) -> Signature:
    """Numbers from 0, or strings t0, t1, …, with equal chance."""
    size = draws.between(*config.vocab_size)
    text = draws.chance(0.5)
    vocab: tuple[Value, ...] = tuple(f"t{i}" if text else i for i in range(size))
    return Signature(config.vocab or vocab, draws.between(*config.max_seq_len))


def thesis_length(draws: Draws, config: SamplerConfig) -> int:
    """A wanted length; its weight grows linearly from 1 to 3 over the range."""
    lengths = range(config.length[0], config.length[1] + 1)
    span = max(len(lengths) - 1, 1)
    return draws.weighted(lengths, list(accumulate(1.0 + 2 * i / span for i in range(len(lengths)))))


def thesis_program(draws: Draws, signature: Signature, length: int, config: SamplerConfig) -> Program | None:
    """A program of about `length` lines (as the thesis accepts them), or None when this draft is rejected."""
    low, high = max(config.length[0], length - 1), min(length + 2, config.length[1])
    scope = _Scope(draws, signature, config)
    count = int(OVERSAMPLING * high)
    for done in range(count):
        scope.sample_operation(last=done == count - 1)
    output = scope.longest_path()
    if output < 0:
        return None
    live = live_positions(scope.lines, output)
    if not low <= len(live) <= high:
        return None
    program = select_lines(scope.lines, live, output)
    return program if _compiles(program, signature, config.max_pairs) else None


Typed = tuple[Line, int]
"""A line and the type of its variable."""


class _Scope:
    """Lines so far, the type of every variable and the longest path that leads from `tokens` to it."""

    def __init__(self, draws: Draws, signature: Signature, config: SamplerConfig) -> None:
        self.lines: list[Line] = []
        self._draws = draws
        self._vocab = signature.vocab
        self._constants = config.constants
        self._types = {TOKENS: TEXT if isinstance(signature.vocab[0], str) else NUMBER}
        self._weights = {TOKENS: 1}
        self._paths = {TOKENS: 0}
        self._before: dict[Ref, Ref] = {}

    def sample_operation(self, *, last: bool) -> None:
        """Add one operation, no select as the last; `indices` come into scope after the first."""
        found: Typed | None = None
        while found is None:
            make = self._draws.weighted(_MAKERS, _MAKER_SUMS)
            found = None if last and make is _Scope.select else make(self)
        ref = len(self.lines)
        self.lines.append(found[0])
        self._enter(ref, found[1])
        reached = [above for above in operands(found[0]) if above in self._paths]
        if reached:
            self._before[ref] = max(reached, key=self._paths.__getitem__)
            self._paths[ref] = self._paths[self._before[ref]] + 1
        if not ref:
            self._enter(INDICES, NUMBER)

    def longest_path(self) -> Ref:
        """The end of the longest path from `tokens`, stepping back from a select."""
        ref = max(self._paths, key=self._paths.__getitem__)
        while self._types[ref] == SELECTOR:
            ref = self._before[ref]
        return ref

    def _enter(self, ref: Ref, kind: int) -> None:
        """Put a variable into scope; its weight grows with its place among all variables (1, 1, 1, 2, 4, 7,
        …).
        """
        earlier = list(self._weights.values())
        self._weights[ref] = 1 if len(earlier) < 3 else 2 * earlier[-1] - earlier[-2] + 1
        self._types[ref] = kind

    # -- operations; None where nothing in scope fits
    # ----------------------------------------------------------

    def map(self) -> Typed | None:
        """A comparison with a constant, or arithmetic with one."""
        if self._draws.chance(0.5):
            operand = self._variable(TEXT, NUMBER, TRUTH)
            assert operand is not None
            op, takes_constant = self._draws.choose(_BOOLEAN)
            constant = self._constant(operand) if takes_constant else None
            return Map(operand, NamedUnary(op, constant)), TRUTH
        operand = self._variable(NUMBER)
        if operand is None:
            return None
        number: int | float = self._draws.between(*self._constants)
        if self._draws.chance(1 / 3):
            number += self._draws.between(0, 100) / 100
        return Map(operand, NamedUnary(self._draws.choose(_ARITHMETIC), number)), NUMBER

    def sequence_map(self) -> Typed | None:
        """Arithmetic of two numbers."""
        first, second = self._variable(NUMBER), self._variable(NUMBER)
        if first is None or second is None:
            return None
        return SequenceMap(first, second, NamedBinary(self._draws.choose(_PAIRS))), NUMBER

    def select(self) -> Typed:
        """Any predicate of two variables of one type."""
        keys = self._variable(TEXT, NUMBER, TRUTH)
        assert keys is not None
        queries = self._variable(self._types[keys])
        assert queries is not None
        return Select(keys, queries, NamedPredicate(self._draws.choose(tuple(Comparison)))), SELECTOR

    def aggregate(self) -> Typed | None:
        """The mean of numbers."""
        selector, values = self._variable(SELECTOR), self._variable(NUMBER)
        if selector is None or values is None:
            return None
        return Aggregate(selector, values), NUMBER

    def selector_width(self) -> Typed | None:
        """The width of a selector."""
        selector = self._variable(SELECTOR)
        return None if selector is None else (SelectorWidth(selector), NUMBER)

    def _variable(self, *types: int) -> Ref | None:
        fitting = [ref for ref, kind in self._types.items() if kind in types]
        sums = list(accumulate(self._weights[ref] for ref in fitting))
        return self._draws.weighted(fitting, sums) if fitting else None

    def _constant(self, operand: Ref) -> Value:
        kind = self._types[operand]
        if operand == TOKENS or kind == TEXT:
            return self._draws.choose(self._vocab)
        return self._draws.chance(0.5) if kind == TRUTH else self._draws.between(*self._constants)


_WEIGHTS: dict[Callable[[_Scope], Typed | None], int] = {
    _Scope.map: 4,
    _Scope.select: 3,
    _Scope.sequence_map: 2,
    _Scope.aggregate: 2,
    _Scope.selector_width: 2,
}
_MAKERS = tuple(_WEIGHTS)
_MAKER_SUMS = tuple(accumulate(_WEIGHTS.values()))


def _compiles(program: Program, signature: Signature, max_pairs: int) -> bool:
    """Whether a model of moderate size computes the program; value sets are followed no further than they
    may.
    """
    inputs: dict[Ref, tuple[Value, ...]] = {
        TOKENS: signature.vocab,
        INDICES: tuple(range(signature.max_seq_len)),
    }
    for position, line in enumerate(program.lines):
        match line:
            case Map():
                results = tabulate_unary(line.function, inputs[line.operand])
            case SequenceMap():
                first, second = inputs[line.first], inputs[line.second]
                if len(first) * len(second) > max_pairs:
                    return False
                results = tabulate_binary(line.function, first, second)
            case Aggregate():
                results = inputs[line.values]
            case _:
                results = range(signature.max_seq_len + 1)
        inputs[position] = ordered(value for value in results if value is not None)
    try:
        plan(program, signature, mode=Mode.FIXED)
    except (CompileError, ProgramError, CapExceededError):
        return False
    return True
