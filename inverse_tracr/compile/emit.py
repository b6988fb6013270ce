"""Weights written straight into place, line by line, from a plan."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.plan import Plan
from inverse_tracr.model import Weights
from inverse_tracr.rasp.functions import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.program import (
    INDICES,
    Aggregate,
    Encoding,
    LinearSequenceMap,
    Map,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.values import Maybe

COLDNESS = 100.0
"""Attention logit of a selected key, as in Tracr (before the division by sqrt(d_head))."""
Array = NDArray[np.float32]


def emit(plan: Plan) -> Weights:
    """The weights of a planned program; every bias is zero."""
    return _Emitter(plan).weights()


class _Emitter:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        config = plan.config
        heads = (config.n_layers, config.n_heads)
        self._w_q = np.zeros((*heads, config.d_model, config.d_head), dtype=np.float32)
        self._w_k = np.zeros_like(self._w_q)
        self._w_v = np.zeros_like(self._w_q)
        self._w_o = np.zeros((*heads, config.d_head, config.d_model), dtype=np.float32)
        self._w_in = np.zeros((config.n_layers, config.d_model, config.d_mlp), dtype=np.float32)
        self._w_out = np.zeros((config.n_layers, config.d_mlp, config.d_model), dtype=np.float32)

    def weights(self) -> Weights:
        plan = self._plan
        for position in plan.heads:
            self._head(position)
        for position in plan.neurons:
            self._mlp(position)
        if plan.mode is Mode.FIXED:
            self._w_q *= np.float32(math.sqrt(plan.config.d_head))
        rows, d_model = len(plan.rows), plan.config.d_model
        w_e = np.zeros((rows, d_model), dtype=np.float32)
        w_e[np.arange(rows), np.arange(rows)] = 1
        if plan.one is not None:
            w_e[:, plan.one] = 1
        w_pos = np.zeros((plan.config.n_ctx, d_model), dtype=np.float32)
        w_pos[np.arange(1, plan.config.n_ctx), plan.dims[INDICES]] = 1
        out = plan.dims[plan.program.output]
        w_u = np.zeros((d_model, len(out)), dtype=np.float32)
        w_u[out, np.arange(len(out))] = 1
        return Weights(w_e, w_pos, self._w_q, self._w_k, self._w_v, self._w_o, self._w_in, self._w_out, w_u)

    # -- attention -------------------------------------------------------------------------------

    def _head(self, position: int) -> None:
        plan = self._plan
        line = plan.program.lines[position]
        assert isinstance(line, Aggregate | SelectorWidth)
        select = plan.program.lines[line.selector]
        assert isinstance(select, Select)
        layer, head = plan.heads[position]
        keys, queries = plan.values[select.keys], plan.values[select.queries]
        chosen = np.array(tabulate_predicate(select.predicate, keys, queries), dtype=np.float32)
        w_q, w_k = self._w_q[layer, head], self._w_k[layer, head]
        count = len(keys)
        w_q[plan.dims[select.queries], :count] = COLDNESS * chosen.reshape(len(queries), count)
        w_q[plan.one, count] = COLDNESS * (0.5 if isinstance(line, Aggregate) else 1.0)
        w_k[plan.dims[select.keys], np.arange(count)] = 1
        w_k[plan.bos, count] = 1
        if isinstance(line, SelectorWidth):
            self._w_v[layer, head, plan.bos, 0] = 1
            self._w_o[layer, head, 0, plan.scratch[position]] = 1
        else:
            moved = np.arange(len(plan.dims[position]))
            self._w_v[layer, head, plan.dims[line.values], moved] = 1
            self._w_o[layer, head, moved, plan.dims[position]] = 1

    # -- MLPs ------------------------------------------------------------------------------------

    def _mlp(self, position: int) -> None:
        plan = self._plan
        line = plan.program.lines[position]
        match line:
            case Map() if plan.program.encoding(line.operand) is Encoding.NUMERICAL:
                self._ladder(
                    position, int(plan.dims[line.operand][0]), keep_bos_clean=plan.mode is Mode.FIXED
                )
            case Map():
                results = tabulate_unary(line.function, plan.values[line.operand])
                self._lookup(position, plan.dims[line.operand], results)
            case SequenceMap() if line.first == line.second:
                values = plan.values[line.first]
                results = tuple(line.function(x, x) for x in values)
                self._lookup(position, plan.dims[line.first], results)
            case SequenceMap():
                self._pairs(position, line)
            case LinearSequenceMap():
                self._linear(position, line)
            case SelectorWidth():
                self._width(position)
            case _:
                raise AssertionError(f"{line} has no MLP")

    def _lookup(self, position: int, dims: NDArray[np.int64], results: tuple[Maybe, ...]) -> None:
        """A map of a categorical s-op: one neuron an output value; to a number: one neuron in all."""
        plan = self._plan
        layer, start, count = plan.neurons[position]
        w_in, w_out = self._w_in[layer], self._w_out[layer]
        if plan.program.encoding(position) is Encoding.NUMERICAL:
            numbers = np.array([0.0 if r is None else r for r in results], dtype=np.float64)
            w_in[dims, start] = numbers
            w_out[start, plan.dims[position]] = 1
            if count == 2:
                w_in[dims, start + 1] = -numbers
                w_out[start + 1, plan.dims[position]] = -1
            return
        column = {value: start + i for i, value in enumerate(plan.values[position])}
        for dim, result in zip(dims.tolist(), results, strict=True):
            if result is not None:
                w_in[dim, column[result]] = 1
        neurons = np.arange(start, start + count)
        w_out[neurons, plan.dims[position]] = 1

    def _pairs(self, position: int, line: SequenceMap) -> None:
        """A sequence map: one neuron a pair of values, the AND of both."""
        plan = self._plan
        layer, start, count = plan.neurons[position]
        xs, ys = plan.values[line.first], plan.values[line.second]
        neurons = np.arange(start, start + count)
        self._w_in[layer, np.repeat(plan.dims[line.first], len(ys)), neurons] = 1
        self._w_in[layer, np.tile(plan.dims[line.second], len(xs)), neurons] = 1
        self._w_in[layer, plan.one, neurons] = -1
        dims = dict(zip(plan.values[position], plan.dims[position].tolist(), strict=True))
        results = tabulate_binary(line.function, xs, ys)
        defined = np.array([r is not None for r in results], dtype=np.bool_)
        targets = [dims[r] for r in results if r is not None]
        self._w_out[layer, neurons[defined], targets] = 1

    def _linear(self, position: int, line: LinearSequenceMap) -> None:
        plan = self._plan
        layer, start, _ = plan.neurons[position]
        out = plan.dims[position][0]
        for offset, operand, factor in (
            (0, line.first, line.first_factor),
            (2, line.second, line.second_factor),
        ):
            dim = plan.dims[operand][0]
            self._w_in[layer, dim, start + offset] = 1
            self._w_in[layer, dim, start + offset + 1] = -1
            self._w_out[layer, start + offset, out] = factor
            self._w_out[layer, start + offset + 1, out] = -factor

    def _width(self, position: int) -> None:
        """The number of selected keys from 1/(number + 1), and the BOS position cleaned of both."""
        plan = self._plan
        scratch, dims = plan.scratch[position], plan.dims[position]
        self._ladder(position, scratch, keep_bos_clean=False)
        layer = plan.neurons[position][0]
        cleaner = plan.cleaners[layer]
        # Tracr joins the cleaning neurons of a layer by adding them up.
        self._w_in[layer, plan.bos, cleaner] += 1 if plan.mode is Mode.TRACR else 0
        if plan.mode is Mode.FIXED:
            self._w_in[layer, plan.bos, cleaner] = 1
        self._w_out[layer, cleaner, scratch] = -1
        if plan.program.encoding(position) is Encoding.CATEGORICAL:
            self._w_out[layer, cleaner, dims[0]] = -1

    def _ladder(self, position: int, dim: int, *, keep_bos_clean: bool) -> None:
        """A function of the number at `dim`, step by step: two neurons a threshold."""
        plan = self._plan
        layer, start, count = plan.neurons[position]
        read = plan.ladder(position)
        low = np.arange(start + 1, start + count, 2)
        w_in, w_out = self._w_in[layer], self._w_out[layer]
        w_in[plan.one, start] = 1
        w_in[dim, start + 1 : start + count] = read.slope
        w_in[plan.one, low] = 1 + read.offsets
        w_in[plan.one, low + 1] = read.offsets
        if keep_bos_clean:
            w_in[plan.bos, start : start + count] = -w_in[plan.one, start : start + count]
        out, rises = plan.dims[position], read.rises
        w_out[start, out] = read.heights[0]
        w_out[low[:, None], out] = rises
        w_out[low[:, None] + 1, out] = -rises
