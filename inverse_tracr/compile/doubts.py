"""Where the weights of a line may part from its values: bounds that hold on every input, found statically.

Every s-op is followed by what it holds in the residual stream, and by how far it may be off. Where the bounds
cannot exclude that something goes wrong there is a doubt. Without doubts model and interpreter agree on every
input; a doubt has to be settled by looking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inverse_tracr.compile.bounds import (
    CLEAN,
    ROUNDING,
    VECTOR_TOLERANCE,
    Attention,
    Fact,
    attention,
    ladder_error,
    rounding_of,
)
from inverse_tracr.compile.faults import FaultKind
from inverse_tracr.compile.ladders import RESOLUTION, Ladder
from inverse_tracr.compile.meaning import at_value, steps_of
from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.number_reading import NumberMap, reading_of_numbers
from inverse_tracr.compile.plan import Plan
from inverse_tracr.compile.proofs import Proofs
from inverse_tracr.compile.width_reading import reading_of_widths
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
from inverse_tracr.rasp.value_sets import exact_means
from inverse_tracr.rasp.values import as_number, is_number

NUMBER_TOLERANCE = 5e-5
"""How far a numerical output may be off, relative plus absolute: half of what counts as equal."""
MAX_SUMS = 2_000
"""Most sums that a linear sequence map is followed through."""


@dataclass(frozen=True)
class Doubt:
    """`line` may go wrong in the way `kind`, which shows first at `shows_at`; positions after fusing."""

    kind: FaultKind
    line: int
    shows_at: int


def doubts(plan: Plan) -> tuple[Doubt, ...]:
    """Every way in which the model of a plan may part from the interpreter; `()` when it cannot."""
    return _Inspection(plan).run()


class _Inspection:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._proofs = Proofs(plan)
        self._scale = 1 / math.sqrt(plan.config.d_head) if plan.mode is Mode.TRACR else 1.0
        self._longest = plan.signature.max_seq_len
        self._facts: dict[Ref, Fact] = {TOKENS: Fact(), INDICES: Fact()}
        self._doubts: dict[Doubt, None] = {}

    def run(self) -> tuple[Doubt, ...]:
        program = self._plan.program
        for position, line in enumerate(program.lines):
            if isinstance(line, Select):
                continue
            fact = self._inspect(position)
            if program.encoding(position) is Encoding.CATEGORICAL and fact.error > VECTOR_TOLERANCE:
                self._doubt(FaultKind.SOFTMAX_LEAK, position)
                fact = fact._replace(error=0.0)  # later lines are judged as if this one were right
            if fact.bos > CLEAN and fact.dirt is None:
                fact = fact._replace(dirt=(FaultKind.SOFTMAX_LEAK, position))
            self._facts[position] = fact
        output = self._facts[program.output]
        if program.encoding(program.output) is Encoding.NUMERICAL:
            self._check_numerical_output(output)
        return tuple(self._doubts)

    def _check_numerical_output(self, output: Fact) -> None:
        if output.may_be_none:
            self._doubt(FaultKind.NONE_AS_NUMBER, self._plan.program.output)
        smallest = min((abs(x) for x in output.numbers or ()), default=0.0)
        if output.error > NUMBER_TOLERANCE * (1 + smallest):
            self._doubt(FaultKind.SOFTMAX_LEAK, self._plan.program.output)

    def _doubt(self, kind: FaultKind, line: int, shows_at: int | None = None) -> None:
        self._doubts[Doubt(kind, line, line if shows_at is None else shows_at)] = None

    def _doubt_dirt(self, fact: Fact, shows_at: int) -> None:
        assert fact.dirt is not None
        self._doubt(*fact.dirt, shows_at)

    def _inspect(self, position: int) -> Fact:
        plan, line = self._plan, self._plan.program.lines[position]
        match line:
            case Map() if plan.program.encoding(line.operand) is Encoding.NUMERICAL:
                return self._map_of_number(position, line)
            case Map():
                return self._map(position, line)
            case SequenceMap():
                return self._sequence_map(position, line)
            case LinearSequenceMap():
                return self._linear(position, line)
            case Aggregate():
                return self._aggregate(position, line)
            case SelectorWidth():
                return self._width(position, line)
            case Select():
                raise AssertionError("a select is no s-op")

    # -- MLPs ----------------------------------------------------------------------------------------

    def _map(self, position: int, line: Map) -> Fact:
        plan, fact = self._plan, self._facts[line.operand]
        table = plan.values.table(position)
        if len(plan.built.chains[position]) > 1:
            steps = steps_of(plan.built, position)
            if any(
                at_value(steps, x) != y for x, y in zip(plan.values[line.operand], table.results, strict=True)
            ):
                self._doubt(FaultKind.FUSED_MAPS, position)
        if table.is_partial and not fact.may_be_none:
            fact = fact._replace(may_be_none=True)
        if line.encoding is Encoding.CATEGORICAL:
            return fact
        numbers = tuple(float(r) for r in table.results if is_number(r))
        if plan.mode is Mode.TRACR and min(numbers, default=0.0) < 0:
            self._doubt(FaultKind.CLIPPED, position)
        size = _largest(numbers)
        error = size * fact.error + rounding_of(numbers, size)
        return fact._replace(error=error, size=size, bos=size * fact.bos, numbers=numbers)

    def _sequence_map(self, position: int, line: SequenceMap) -> Fact:
        """What both vectors lack is lacking; what they have of other values makes other pairs."""
        first, second = self._facts[line.first], self._facts[line.second]
        partial = self._plan.values.table(position).is_partial
        may_be_none = first.may_be_none or second.may_be_none or partial
        if line.first == line.second:
            return first._replace(may_be_none=may_be_none)
        fires = first.bos + second.bos >= 1
        return Fact(
            error=first.error + second.error,
            bos=first.bos + second.bos if fires else 0.0,
            dirt=(first.dirt or second.dirt) if fires else None,
            may_be_none=may_be_none,
        )

    def _linear(self, position: int, line: LinearSequenceMap) -> Fact:
        first, second = self._facts[line.first], self._facts[line.second]
        a, b = line.first_factor, line.second_factor
        if first.may_be_none or second.may_be_none:
            self._doubt(FaultKind.NONE_AS_NUMBER, position)
        xs, ys = first.numbers, second.numbers
        numbers: tuple[float, ...] | None = None
        if xs is not None and ys is not None and len(xs) * len(ys) <= MAX_SUMS:
            numbers = tuple({a * x + b * y for x in xs for y in ys})
        size = abs(a) * first.size + abs(b) * second.size
        terms = (a, b, *(xs or ()), *(ys or ()), *(numbers or (math.inf,)))
        return Fact(
            error=abs(a) * first.error + abs(b) * second.error + rounding_of(terms, size),
            size=size,
            bos=abs(a) * first.bos + abs(b) * second.bos,
            dirt=first.dirt or second.dirt,
            numbers=numbers,
        )

    def _map_of_number(self, position: int, line: Map) -> Fact:
        plan, fact = self._plan, self._facts[line.operand]
        numerical = line.encoding is Encoding.NUMERICAL
        if fact.may_be_none:
            self._doubt(FaultKind.NONE_AS_NUMBER, position)
        number_map = NumberMap(
            steps_of(plan.built, position),
            line.function,
            plan.values[line.operand],
            categorical=not numerical,
            mode=plan.mode,
        )
        read = number_map.ladder
        if read.slope * fact.size > RESOLUTION:
            self._doubt(FaultKind.ROUNDING, position)
        error, numbers = 0.0, None
        if fact.numbers is None:
            self._doubt(FaultKind.MISSING_THRESHOLD, position)
        else:
            reading = reading_of_numbers(number_map, fact.numbers, fact.error)
            for kind in reading.wrong:
                self._doubt(kind, position)
            error = reading.error
            if numerical and reading.meant is not None:
                numbers = tuple(map(as_number, reading.meant))
        bos, dirt = self._at_bos(position, read, fact)
        size = float(np.abs(read.heights).max()) if numerical else 1.0
        return Fact(error, size, bos, dirt, may_be_none=False, numbers=numbers)

    def _at_bos(self, position: int, read: Ladder, fact: Fact) -> tuple[float, tuple[FaultKind, int] | None]:
        """What a map of a number leaves at BOS, where it reads 0, and why."""
        if fact.bos > CLEAN:
            return float(np.abs(read.heights).sum(axis=1).max()), fact.dirt
        if self._plan.mode is Mode.FIXED:
            return 0.0, None
        bos = float(np.abs(read.output(np.zeros(1))).sum()) + ladder_error(read, np.zeros(1), fact.bos)
        return bos, (FaultKind.BOS_WRITTEN, position) if bos > CLEAN else None

    # -- attention -----------------------------------------------------------------------------------

    def _aggregate(self, position: int, line: Aggregate) -> Fact:
        plan = self._plan
        select = plan.program.lines[line.selector]
        assert isinstance(select, Select)
        numerical = plan.program.encoding(position) is Encoding.NUMERICAL
        queries, values = self._facts[select.queries], self._facts[line.values]
        head = self._head(position, select, to_bos=0.5)
        pure = self._proofs.never_mixes(select, line.values)
        may_be_empty = not self._proofs.never_empty(select, lambda ref: self._facts[ref].may_be_none)
        if may_be_empty and values.bos > CLEAN:
            self._doubt_dirt(values, position)
        error = values.error + (2 if numerical else 1) * values.size * head.leak + head.leak * values.bos
        if may_be_empty:
            empty = min(values.bos, CLEAN) + head.empty_leak * (values.size + values.error)
            error = max(error, empty)
        bos, dirt = values.bos + head.into_bos * values.size, values.dirt
        if queries.bos > CLEAN:
            bos, dirt = values.bos + values.size, queries.dirt
        if not numerical:
            if not pure:
                self._doubt(FaultKind.MIXED_VALUES, position)
                if values.may_be_none:
                    self._doubt(FaultKind.PARTLY_NONE, position)
            return Fact(error, 1.0, bos, dirt, may_be_none=values.may_be_none or may_be_empty)
        pure = pure and not values.may_be_none
        error += values.size * (ROUNDING + (0.0 if pure else head.spread))
        return Fact(error, values.size, bos, dirt, numbers=self._means(values, pure, may_be_empty))

    def _means(self, values: Fact, pure: bool, may_be_empty: bool) -> tuple[float, ...] | None:
        """All that a mean can be: one of the values, or a fraction where these are 0 and 1."""
        if values.numbers is None:
            return None
        if pure:
            return tuple({*values.numbers, 0.0}) if may_be_empty else values.numbers
        if not set(values.numbers) <= {0.0, 1.0}:
            return None
        return exact_means(self._longest)

    def _width(self, position: int, line: SelectorWidth) -> Fact:
        plan = self._plan
        select = plan.program.lines[line.selector]
        assert isinstance(select, Select)
        head = self._head(position, select, to_bos=1.0)
        numerical = line.encoding is Encoding.NUMERICAL
        read = reading_of_widths(self._longest, numerical, plan.mode)
        if read.blurred:
            self._doubt(FaultKind.RAMP, position)
        error, bos, dirt = read.error(head), read.error_at_bos(head), None
        merged = self._merged(position)
        queries = self._facts[select.queries]
        if queries.bos > CLEAN:
            bos, dirt = float(self._longest + 1), queries.dirt
        elif merged and not numerical:
            bos, dirt = bos + merged, (FaultKind.MERGED_CLEANING, position)
        numbers = tuple(float(w) for w in range(self._longest + 1)) if numerical else ()
        return Fact(error, float(self._longest) if numerical else 1.0, bos, dirt, numbers=numbers)

    def _merged(self, position: int) -> int:
        """How often too much BOS is cleaned of a selector width."""
        plan = self._plan
        layer = plan.neurons[position][0]
        others = sum(1 for other in plan.scratch if plan.neurons[other][0] == layer) - 1
        return others if plan.mode is Mode.TRACR else 0

    def _head(self, position: int, select: Select, *, to_bos: float) -> Attention:
        keys, queries = self._facts[select.keys], self._facts[select.queries]
        if keys.bos > CLEAN:
            self._doubt_dirt(keys, position)
        return attention(
            keys,
            queries,
            longest=self._longest,
            scale=self._scale,
            to_bos=to_bos,
            causal=self._plan.signature.causal,
        )


def _largest(numbers: tuple[float, ...]) -> float:
    return max((abs(x) for x in numbers), default=0.0)
