"""What the weights of each line compute, line by line: the compiled model's view of a program.

The interpreter knows values; a shadow knows what stands in the residual stream in their place: a vector over
the values of a categorical s-op, a number for a numerical one, at BOS too, with softmax, ramps and float32 as
the model has them. Where all is well the vector is one-hot, and zero at BOS. No weights are made.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.emit import COLDNESS
from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.plan import Plan
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
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.values import Maybe, Value

Array = NDArray[np.float32]


class Shadow:
    """What stands in the residual stream for every line of a plan, on a batch of inputs of one length.

    `inputs` are indices into `signature.vocab`, shape [inputs, positions].
    """

    def __init__(self, plan: Plan, inputs: NDArray[Any]) -> None:
        self._plan = plan
        count, length = inputs.shape
        self._shape = (count, length + 1)
        root = math.sqrt(plan.config.d_head) if plan.mode is Mode.TRACR else 1.0
        self._coldness = np.float32(COLDNESS / root)
        tokens = np.eye(len(plan.signature.vocab), dtype=np.float32)[inputs]
        indices = np.eye(plan.signature.max_seq_len, dtype=np.float32)[:length]
        self._held: dict[Ref, Array] = {
            TOKENS: np.pad(tokens, ((0, 0), (1, 0), (0, 0))),
            INDICES: np.broadcast_to(
                np.pad(indices, ((1, 0), (0, 0))), (count, length + 1, indices.shape[1])
            ),
        }
        for position, line in enumerate(plan.program.lines):
            if not isinstance(line, Select):
                self._held[position] = self._run(position)

    def held(self, ref: Ref) -> Array:
        """What stands for an s-op, BOS first; shape [inputs, positions + 1, values], or 1 for a number."""
        return self._held[ref]

    @property
    def output(self) -> Array:
        """Logits of the model, BOS left out."""
        return self._held[self._plan.program.output][:, 1:]

    def _run(self, position: int) -> Array:
        plan, line = self._plan, self._plan.program.lines[position]
        match line:
            case Aggregate():
                return self._attend(line.selector, 0.5) @ self._held[line.values]
            case SelectorWidth():
                return self._width(position, line)
            case Map() if plan.program.encoding(line.operand) is Encoding.NUMERICAL:
                return self._climb(position, self._held[line.operand], keep_bos_clean=plan.mode is Mode.FIXED)
            case Map():
                results = tabulate_unary(line.function, plan.values[line.operand])
                return self._look_up(position, self._held[line.operand], results)
            case SequenceMap() if line.first == line.second:
                results = tuple(line.function(x, x) for x in plan.values[line.first])
                return self._look_up(position, self._held[line.first], results)
            case SequenceMap():
                results = tabulate_binary(line.function, plan.values[line.first], plan.values[line.second])
                both = self._held[line.first][..., :, None] + self._held[line.second][..., None, :] - 1
                return _relu(both.reshape(*self._shape, -1)) @ _one_hot(results, plan.values[position])
            case LinearSequenceMap():
                x, y = self._held[line.first], self._held[line.second]
                a, b = np.float32(line.first_factor), np.float32(line.second_factor)
                return (a * x + b * y).astype(np.float32, copy=False)
            case Select():
                raise AssertionError("a select holds nothing")

    def _attend(self, selector: Ref, to_bos: float) -> Array:
        """The attention pattern, shape [inputs, queries, keys]."""
        plan, select = self._plan, self._plan.program.lines[selector]
        assert isinstance(select, Select)
        keys, queries = plan.values[select.keys], plan.values[select.queries]
        chosen = np.array(tabulate_predicate(select.predicate, keys, queries), dtype=np.float32)
        reads = self._held[select.queries] @ chosen.reshape(len(queries), len(keys))
        scores = self._coldness * (reads @ self._held[select.keys].transpose(0, 2, 1))
        scores[:, :, 0] += self._coldness * np.float32(to_bos)
        if plan.signature.causal:
            scores[:, np.triu(np.ones(scores.shape[1:], dtype=np.bool_), 1)] = -np.inf
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        return weights

    def _width(self, position: int, line: SelectorWidth) -> Array:
        share = self._attend(line.selector, 1.0)[:, :, :1]
        held = self._climb(position, share, keep_bos_clean=False)
        if line.encoding is Encoding.CATEGORICAL:
            held[:, 0, 0] -= self._cleanings(position)
        return held

    def _cleanings(self, position: int) -> int:
        """How often BOS is cleaned: once for every selector width of the layer in Tracr."""
        layer = self._plan.neurons[position][0]
        if self._plan.mode is Mode.FIXED:
            return 1
        return sum(1 for other in self._plan.scratch if self._plan.neurons[other][0] == layer)

    def _climb(self, position: int, numbers: Array, *, keep_bos_clean: bool) -> Array:
        """A ladder, with the rounding of its neurons."""
        read = self._plan.ladder(position)
        lifted = np.float32(read.slope) * numbers
        low = _relu(lifted + (1 + read.offsets).astype(np.float32))
        high = _relu(lifted + read.offsets.astype(np.float32))
        heights, rises = read.heights.astype(np.float32), read.rises.astype(np.float32)
        held: Array = heights[0] + (low - high) @ rises
        if keep_bos_clean:
            held[:, 0] = 0
        return held

    def _look_up(self, position: int, operand: Array, results: tuple[Maybe, ...]) -> Array:
        plan = self._plan
        if plan.program.encoding(position) is Encoding.CATEGORICAL:
            return _relu(operand @ _one_hot(results, plan.values[position]))
        numbers = np.array([0.0 if r is None else r for r in results], dtype=np.float32)
        held = operand @ numbers[:, None]
        return _relu(held) if plan.neurons[position][2] == 1 else held


def _relu(array: Array) -> Array:
    return np.maximum(array, 0)


def _one_hot(results: tuple[Maybe, ...], values: tuple[Value, ...]) -> Array:
    """A row for each result, with a 1 in the column of its value."""
    column = {value: i for i, value in enumerate(values)}
    table = np.zeros((len(results), len(values)), dtype=np.float32)
    for row, result in enumerate(results):
        if result is not None:
            table[row, column[result]] = 1
    return table
