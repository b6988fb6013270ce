"""Weights written straight into place, line by line, from a plan."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.plan import Plan
from inverse_tracr.model import Weights
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
from inverse_tracr.rasp.values import Maybe

COLDNESS = 100.0
"""Attention logit of a selected key, as in Tracr (before the division by sqrt(d_head))."""
Array = NDArray[np.float32]
Places = NDArray[np.intp]


def emit(plan: Plan) -> Weights:
    """The weights of a planned program; every bias is zero."""
    return _Emitter(plan).weights()


class _Emitter:
    """Most of what is written are ones along diagonals."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        config = plan.config
        self._d_model, self._d_head, self._d_mlp = config.d_model, config.d_head, config.d_mlp
        reads = (config.n_layers, config.n_heads, config.d_model, config.d_head)
        self._w_q = np.zeros(reads, dtype=np.float32)
        self._w_k = np.zeros(reads, dtype=np.float32)
        self._w_v = np.zeros(reads, dtype=np.float32)
        self._w_o = np.zeros((*reads[:2], config.d_head, config.d_model), dtype=np.float32)
        self._w_in = np.zeros((config.n_layers, config.d_model, config.d_mlp), dtype=np.float32)
        self._w_out = np.zeros((config.n_layers, config.d_mlp, config.d_model), dtype=np.float32)
        # Mode `fixed` makes up for the division of the logits.
        root = math.sqrt(config.d_head) if plan.mode is Mode.FIXED else 1.0
        self._coldness = np.float32(COLDNESS) * np.float32(root)
        self._half_coldness = np.float32(COLDNESS / 2) * np.float32(root)

    def weights(self) -> Weights:
        plan, d_model = self._plan, self._d_model
        for position in plan.heads:
            self._head(position)
        for position in plan.neurons:
            self._mlp(position)
        w_e = np.zeros((len(plan.rows), d_model), dtype=np.float32)
        _write_diagonal(w_e, 0, 0, len(plan.rows))
        if plan.one is not None:
            w_e[:, plan.one] = 1
        w_pos = np.zeros((plan.config.n_ctx, d_model), dtype=np.float32)
        _write_diagonal(w_pos, 1, plan.spans[INDICES].start, plan.signature.max_seq_len)
        w_u = np.zeros((d_model, plan.config.d_vocab_out), dtype=np.float32)
        _write_diagonal(w_u, plan.spans[plan.program.output].start, 0, plan.config.d_vocab_out)
        return Weights(w_e, w_pos, self._w_q, self._w_k, self._w_v, self._w_o, self._w_in, self._w_out, w_u)

    def _dims(self, ref: Ref) -> Sequence[int]:
        """The residual dimensions of an s-op; those of the tokens may have others in between."""
        return self._plan.inputs.tokens if ref == TOKENS else self._plan.spans[ref]

    def _rows(self, ref: Ref) -> list[int] | slice:
        """The same as an index."""
        if ref == TOKENS:
            return list(self._plan.inputs.tokens)
        span = self._plan.spans[ref]
        return slice(span.start, span.stop)

    def _copy(self, matrix: Array, ref: Ref) -> None:
        """Read the dimensions of an s-op into the first columns of `matrix`."""
        if ref == TOKENS:
            for column, row in enumerate(self._plan.inputs.tokens):
                matrix[row, column] = 1
        else:
            span = self._plan.spans[ref]
            _write_diagonal(matrix, span.start, 0, len(span))

    # -- attention -------------------------------------------------------------------------------

    def _head(self, position: int) -> None:
        plan = self._plan
        line = plan.program.lines[position]
        assert isinstance(line, Aggregate | SelectorWidth)
        select = plan.program.lines[line.selector]
        assert isinstance(select, Select)
        place = plan.heads[position]
        w_q, w_k, w_v, w_o = self._w_q[place], self._w_k[place], self._w_v[place], self._w_o[place]
        count = len(plan.values[select.keys])
        w_q[self._rows(select.queries), :count] = self._coldness * plan.selection(select)[:-1, :-1]
        w_q[plan.one, count] = self._half_coldness if isinstance(line, Aggregate) else self._coldness
        self._copy(w_k, select.keys)
        w_k[plan.bos, count] = 1
        if isinstance(line, SelectorWidth):
            w_v[plan.bos, 0] = 1
            w_o[0, plan.scratch[position]] = 1
        else:
            self._copy(w_v, line.values)
            written = plan.spans[position]
            _write_diagonal(w_o, 0, written.start, len(written))

    # -- MLPs ------------------------------------------------------------------------------------

    def _mlp(self, position: int) -> None:
        plan = self._plan
        line = plan.program.lines[position]
        match line:
            case Map() if plan.program.encoding(line.operand) is Encoding.NUMERICAL:
                dim = plan.spans[line.operand].start
                self._ladder(position, dim, keep_bos_clean=plan.mode is Mode.FIXED)
            case Map() if line.encoding is Encoding.NUMERICAL:
                self._numbers(position, line.operand, plan.values.table(position).results)
            case Map():
                self._lookup(position, line.operand, plan.values.table(position).places[:-1])
            case SequenceMap() if line.first == line.second:
                size = len(plan.values[line.first])
                self._lookup(
                    position, line.first, plan.values.table(position).places[: size * size : size + 1]
                )
            case SequenceMap():
                self._pairs(position, line)
            case SelectorWidth():
                self._width(position)
            case LinearSequenceMap():
                self._linear(position, line)
            case _:
                raise AssertionError(f"{line} has no MLP")

    def _numbers(self, position: int, operand: Ref, results: tuple[Maybe, ...]) -> None:
        """A map of a categorical s-op to a number: one neuron, or one for either sign."""
        layer, start, count = self._plan.neurons[position]
        rows, out = self._rows(operand), self._plan.spans[position].start
        numbers = np.array([0.0 if r is None else r for r in results], dtype=np.float64)
        self._w_in[layer, rows, start] = numbers
        self._w_out[layer, start, out] = 1
        if count == 2:
            self._w_in[layer, rows, start + 1] = -numbers
            self._w_out[layer, start + 1, out] = -1

    def _lookup(self, position: int, operand: Ref, places: Places) -> None:
        """A map of a categorical s-op: one neuron an output value."""
        layer, start, count = self._plan.neurons[position]
        w_in = self._w_in[layer]
        for row, place in zip(self._dims(operand), places.tolist(), strict=True):
            if place >= 0:
                w_in[row, start + place] = 1
        _write_diagonal(self._w_out[layer], start, self._plan.spans[position].start, count)

    def _pairs(self, position: int, line: SequenceMap) -> None:
        """A sequence map: one neuron a pair of values, the AND of both."""
        plan = self._plan
        layer, start, count = plan.neurons[position]
        w_in, w_out, stop = self._w_in[layer], self._w_out[layer], start + count
        xs, ys = self._dims(line.first), self._dims(line.second)
        for i, x in enumerate(xs):
            w_in[x, start + i * len(ys) : start + (i + 1) * len(ys)] = 1
        for j, y in enumerate(ys):
            w_in[y, start + j : stop : len(ys)] = 1
        w_in[plan.one, start:stop] = -1
        table = plan.values.table(position)
        neurons, places = np.arange(start, stop), table.places[:-1]
        if table.is_partial:
            neurons, places = neurons[places >= 0], places[places >= 0]
        w_out[neurons, places + plan.spans[position].start] = 1

    def _linear(self, position: int, line: LinearSequenceMap) -> None:
        plan = self._plan
        layer, start, _ = plan.neurons[position]
        out = plan.spans[position].start
        for offset, operand, factor in (
            (0, line.first, line.first_factor),
            (2, line.second, line.second_factor),
        ):
            dim = plan.spans[operand].start
            self._w_in[layer, dim, start + offset] = 1
            self._w_in[layer, dim, start + offset + 1] = -1
            self._w_out[layer, start + offset, out] = factor
            self._w_out[layer, start + offset + 1, out] = -factor

    def _width(self, position: int) -> None:
        """The number of selected keys from 1/(number + 1), and the BOS position cleaned of both."""
        plan = self._plan
        scratch = plan.scratch[position]
        self._ladder(position, scratch, keep_bos_clean=False)
        layer = plan.neurons[position][0]
        cleaner = plan.cleaners[layer]
        # Tracr joins the cleaning neurons of a layer by adding them up.
        self._w_in[layer, plan.bos, cleaner] += 1 if plan.mode is Mode.TRACR else 0
        if plan.mode is Mode.FIXED:
            self._w_in[layer, plan.bos, cleaner] = 1
        self._w_out[layer, cleaner, scratch] = -1
        if plan.program.encodings[position] is Encoding.CATEGORICAL:
            self._w_out[layer, cleaner, plan.spans[position].start] = -1

    def _ladder(self, position: int, dim: int, *, keep_bos_clean: bool) -> None:
        """A function of the number at `dim`, step by step: two neurons a threshold."""
        plan = self._plan
        layer, start, count = plan.neurons[position]
        stop, read, span = start + count, plan.ladder(position), plan.spans[position]
        w_in, w_out = self._w_in[layer], self._w_out[layer, :, span.start : span.stop]
        w_in[plan.one, start] = 1
        w_in[dim, start + 1 : stop] = read.slope
        w_in[plan.one, start + 1 : stop : 2] = 1 + read.offsets
        w_in[plan.one, start + 2 : stop : 2] = read.offsets
        if keep_bos_clean:
            w_in[plan.bos, start:stop] = -w_in[plan.one, start:stop]
        w_out[start] = read.heights[0]
        w_out[start + 1 : stop : 2] = read.rises
        w_out[start + 2 : stop : 2] = -read.rises


def _write_diagonal(matrix: Array, row: int, column: int, count: int) -> None:
    """`count` ones in `matrix` from (`row`, `column`) on: every `width + 1`-th number once it lies flat."""
    width = matrix.shape[1]
    begin = row * width + column
    matrix.reshape(-1)[begin : begin + count * (width + 1) : width + 1] = 1
