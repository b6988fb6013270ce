"""Value sets of lines, by Tracr's own inference. They fix the weights."""

from __future__ import annotations

from copy import copy
from functools import lru_cache

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.functions import MAX_NUMBER
from inverse_tracr.rasp.program import (
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
from inverse_tracr.rasp.tabulated import Tabulated, tabulated_binary, tabulated_unary
from inverse_tracr.rasp.values import Value, is_number, numbers_of, ordered

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
        self._max_seq_len = signature.max_seq_len
        self._exact_means = exact_means
        self._sets: list[Values] = [signature.vocab, _up_to(signature.max_seq_len)]
        self._numerical: list[bool] = [False, False]
        self._tables: dict[int, Tabulated] = {}

    def __getitem__(self, ref: Ref) -> Values:
        return self._sets[ref + 2]

    def table(self, position: int) -> Tabulated:
        """The function of a map, or of a sequence map, on the value sets of its operands."""
        return self._tables[position]

    def append(self, line: Line, name: str) -> None:
        """Infer the set of the next line; `name` is for messages.

        Raises ProgramError where Tracr cannot compile the line, CapExceededError where the set explodes.
        """
        values, numerical = self._infer(line, name)
        self._sets.append(values)
        self._numerical.append(numerical)

    def copy(self) -> GrowingValueSets:
        """The same sets, growing apart from now on."""
        twin = copy(self)
        twin._sets = self._sets.copy()
        twin._numerical = self._numerical.copy()
        twin._tables = self._tables.copy()
        return twin

    def _infer(self, line: Line, name: str) -> tuple[Values, bool]:
        """The set of the next line, and whether it is numerical."""
        match line:
            case Map():
                return self._map(line, name)
            case SequenceMap():
                return self._sequence_map(line, name), False
            case Select():
                return (), False
            case Aggregate():
                values, numerical = self[line.values], self._numerical[line.values + 2]
                return self._means(values, name) if numerical else values, numerical
            case SelectorWidth():
                return _up_to(self._max_seq_len + 1), line.encoding is Encoding.NUMERICAL
            case LinearSequenceMap():
                self._check_pairs(line.first, line.second, name)
                return self._linear(line, name), True

    def _map(self, line: Map, name: str) -> tuple[Values, bool]:
        table = tabulated_unary(line.function, self._sets[line.operand + 2])
        numerical = line.encoding is Encoding.NUMERICAL
        if numerical:
            _check_numbers(table.values, self._where(name))
        self._tables[len(self._sets) - 2] = table
        return table.values, numerical

    def _sequence_map(self, line: SequenceMap, name: str) -> Values:
        self._check_pairs(line.first, line.second, name)
        self._check_neurons(line, name)
        table = tabulated_binary(line.function, self._sets[line.first + 2], self._sets[line.second + 2])
        self._tables[len(self._sets) - 2] = table
        return table.values

    def _where(self, name: str) -> str:
        return f"line {len(self._sets) - 1} ({name})"

    def _check_pairs(self, first: Ref, second: Ref, name: str) -> None:
        pairs = len(self[first]) * len(self[second])
        if pairs > MAX_PAIRS:
            raise CapExceededError(
                f"{self._where(name)}: the operands take {pairs} pairs of values, more than {MAX_PAIRS}"
            )

    def _check_neurons(self, line: SequenceMap, name: str) -> None:
        """Raise CapExceededError when what the pairs' neurons read, and write, is too much: a lower bound."""
        first, second = len(self[line.first]), len(self[line.second])
        needed = 2 * first * second * (first + second)
        if self._max_parameters is not None and line.first != line.second and needed > self._max_parameters:
            raise CapExceededError(
                f"{self._where(name)}: the model would have more than {needed} parameters",
                expected=f"at most {self._max_parameters}",
                advice="Raise the cap, or shorten chains of sequence_map, which multiply value sets.",
            )

    def _linear(self, line: LinearSequenceMap, name: str) -> Values:
        a, b = line.first_factor, line.second_factor
        reach = max(reach_of(a, self[line.first]), reach_of(b, self[line.second]))
        if 2 * reach > MAX_NUMBER:
            raise ProgramError(
                f"{self._where(name)}: the sums leave the range of numbers that is computed with, ±2^53"
            )
        # Adding 0 makes 0.0 of -0.0, which no cache tells apart from it.
        firsts, seconds = numbers_of(self[line.first]), numbers_of(self[line.second])
        return ordered(a * x + b * y + 0 for x in firsts for y in seconds)

    def _means(self, values: Values, name: str) -> Values:
        if any(int(v) not in (0, 1) for v in numbers_of(values)):
            raise ProgramError(
                f"{self._where(name)}: a numerical aggregate takes the mean of 0s and 1s only, "
                f"got values {list(values)[:8]}"
            )
        if self._exact_means and set(values) <= {0, 1}:
            return exact_means(self._max_seq_len) if 1 in values else (0.0,)
        return _tracr_means(values, self._max_seq_len)


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
    return abs(float(factor)) * max((abs(float(v)) for v in numbers_of(values)), default=0.0)


@lru_cache(maxsize=1_024)
def _up_to(count: int) -> Values:
    return tuple(range(count))


@lru_cache(maxsize=1_024)
def exact_means(max_seq_len: int) -> tuple[float, ...]:
    """Every k/n: what the mean of 0s and 1s can be over up to `max_seq_len` positions."""
    return tuple(sorted({k / n for n in range(1, max_seq_len + 1) for k in range(n + 1)}))


@lru_cache(maxsize=1_024)
def _tracr_means(values: Values, max_seq_len: int) -> Values:
    return ordered(v / n for v in numbers_of(values) for n in range(1, max_seq_len + 1))


def _check_numbers(values: Values, where: str) -> None:
    for value in values:
        if not is_number(value):
            raise ProgramError(f"{where}: a numerical map gives numbers, got {value!r}")
