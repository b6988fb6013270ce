"""Value sets of lines, by Tracr's own inference. They fix the weights."""

from __future__ import annotations

from copy import copy

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import MAX_NUMBER, tabulate_binary, tabulate_unary
from inverse_tracr.rasp.program import (
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    ProgramError,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Maybe, Value, is_number, ordered

MAX_PAIRS = 1_000_000

Values = tuple[Value, ...]


class GrowingValueSets:
    """Value sets of lines that are appended one by one; operands refer to lines appended before.

    `exact_means` takes all k/n as values of the mean of 0s and 1s; Tracr takes v/n only. `max_parameters`
    refuses sequence maps whose neurons alone, one a pair of values, would have more parameters.
    """

    def __init__(
        self, signature: Signature, *, exact_means: bool = False, max_parameters: int | None = None
    ) -> None:
        self._max_parameters = max_parameters
        self._inputs = (signature.vocab, tuple(range(signature.max_seq_len)))
        self._max_seq_len = signature.max_seq_len
        self._exact_means = exact_means
        self._lines: list[Values] = []
        self._numerical: list[bool] = []

    def __getitem__(self, ref: Ref) -> Values:
        if ref < 0:
            return self._inputs[0 if ref == TOKENS else 1]
        return self._lines[ref]

    def append(self, line: Line, name: str) -> None:
        """Infer the set of the next line; `name` is for messages.

        Raises ProgramError where Tracr cannot compile the line, CapExceededError where the set explodes.
        """
        self._lines.append(self._infer(line, f"line {len(self._lines) + 1} ({name})"))
        self._numerical.append(self._is_numerical(line))

    def copy(self) -> GrowingValueSets:
        """The same sets, growing apart from now on."""
        twin = copy(self)
        twin._lines = self._lines.copy()
        twin._numerical = self._numerical.copy()
        return twin

    def _is_numerical(self, line: Line) -> bool:
        if isinstance(line, Aggregate):
            return line.values >= 0 and self._numerical[line.values]
        return isinstance(line, LinearSequenceMap) or (
            isinstance(line, Map | SelectorWidth) and line.encoding is Encoding.NUMERICAL
        )

    def _infer(self, line: Line, where: str) -> Values:
        match line:
            case Map():
                found = _defined(tabulate_unary(line.function, self[line.operand]))
                if line.encoding is Encoding.NUMERICAL:
                    _check_numbers(found, where)
                return found
            case SequenceMap():
                self._check_pairs(line.first, line.second, where)
                self._check_neurons(line, where)
                return _defined(tabulate_binary(line.function, self[line.first], self[line.second]))
            case LinearSequenceMap():
                self._check_pairs(line.first, line.second, where)
                return self._linear(line, where)
            case Select():
                return ()
            case Aggregate():
                if self._is_numerical(line):
                    return self._means(self[line.values], where)
                return self[line.values]
            case SelectorWidth():
                return tuple(range(self._max_seq_len + 1))

    def _check_pairs(self, first: Ref, second: Ref, where: str) -> None:
        pairs = len(self[first]) * len(self[second])
        if pairs > MAX_PAIRS:
            raise CapExceededError(
                f"{where}: the operands take {pairs} pairs of values, more than {MAX_PAIRS}"
            )

    def _check_neurons(self, line: SequenceMap, where: str) -> None:
        """Raise CapExceededError when what the pairs' neurons read, and write, is too much: a lower bound."""
        first, second = len(self[line.first]), len(self[line.second])
        needed = 2 * first * second * (first + second)
        if self._max_parameters is not None and line.first != line.second and needed > self._max_parameters:
            raise CapExceededError(
                f"{where}: the model would have more than {needed} parameters",
                expected=f"at most {self._max_parameters}",
                advice="Raise the cap, or shorten chains of sequence_map, which multiply value sets.",
            )

    def _linear(self, line: LinearSequenceMap, where: str) -> Values:
        a, b = line.first_factor, line.second_factor
        reach = max(reach_of(a, self[line.first]), reach_of(b, self[line.second]))
        if 2 * reach > MAX_NUMBER:
            raise ProgramError(f"{where}: the sums leave the range of numbers that is computed with, ±2^53")
        # Adding 0 makes 0.0 of -0.0, which no cache tells apart from it.
        sums = (a * x + b * y + 0 for x in self[line.first] for y in self[line.second])  # pyright: ignore[reportOperatorIssue]
        return ordered(sums)

    def _means(self, values: Values, where: str) -> Values:
        if any(int(v) not in (0, 1) for v in values):  # pyright: ignore[reportArgumentType]
            raise ProgramError(
                f"{where}: a numerical aggregate takes the mean of 0s and 1s only, "
                f"got values {list(values)[:8]}"
            )
        lengths = range(1, self._max_seq_len + 1)
        if self._exact_means and set(values) <= {0, 1}:
            if 1 not in values:
                return (0.0,)
            return ordered(k / n for n in lengths for k in range(n + 1))
        return ordered(v / n for v in values for n in lengths)  # pyright: ignore[reportOperatorIssue]


class ValueSets(GrowingValueSets):
    """Value set of every operand of a program under a signature, in Tracr's order; `()` for selectors.

    `exact_means` as in GrowingValueSets. Raises ProgramError where Tracr cannot compile a line,
    CapExceededError where a set explodes.
    """

    def __init__(self, program: Program, signature: Signature, *, exact_means: bool = False) -> None:
        super().__init__(signature, exact_means=exact_means)
        for line, name in zip(program.lines, program.names, strict=True):
            self.append(line, name)


def reach_of(factor: int | float, values: Values) -> float:
    """Largest size of a product of `factor` with one of `values`, which are numbers."""
    return abs(float(factor)) * max((abs(float(v)) for v in values), default=0.0)  # pyright: ignore[reportArgumentType]


def _defined(results: tuple[Maybe, ...]) -> Values:
    return ordered(r for r in results if r is not None)


def _check_numbers(values: Values, where: str) -> None:
    for value in values:
        if not is_number(value):
            raise ProgramError(f"{where}: a numerical map gives numbers, got {value!r}")
