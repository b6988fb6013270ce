"""Where everything goes: half-layers, heads, neurons and residual dimensions, before any array exists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.ladders import (
    Ladder,
    are_widths_readable,
    is_map_readable,
    map_ladder,
    width_ladder,
)
from inverse_tracr.compile.layers import allocate_layers
from inverse_tracr.compile.mode import CompileError, Mode
from inverse_tracr.errors import CapExceededError
from inverse_tracr.model import ModelConfig
from inverse_tracr.rasp.caching import cached_by_type
from inverse_tracr.rasp.fusion import Built, build
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
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
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.rasp.tabulated import selection_table
from inverse_tracr.rasp.value_sets import GrowingValueSets
from inverse_tracr.rasp.values import Value, as_number, ordered

DEFAULT_CAP = 10_000_000
Dims = NDArray[np.int64]
Selection = NDArray[np.bool_]


class Inputs(NamedTuple):
    """Rows of W_E in Tracr's order, BOS and PAD among them, and which of them are those of the vocabulary."""

    rows: tuple[Value, ...]
    tokens: tuple[int, ...]
    bos: int


@cached_by_type(maxsize=4_096)
def _inputs(vocab: tuple[Value, ...]) -> Inputs:
    rows = ordered((*vocab, BOS, PAD))
    row_of = {token: row for row, token in enumerate(rows)}
    return Inputs(rows, tuple(row_of[token] for token in vocab), row_of[BOS])


@dataclass(frozen=True)
class Plan:
    """The layout of a compiled model.

    The first residual dimensions are those of the tokens, in the order of `inputs`; `spans[ref]` are those
    of any other s-op, one a value for categorical s-ops; `scratch` those of the attention outputs of
    selector widths; `heads[position]` and `neurons[position]` say where in its layer a line lies:
    (layer, head) and (layer, first neuron, number of neurons).
    """

    built: Built
    signature: Signature
    mode: Mode
    values: GrowingValueSets
    inputs: Inputs
    config: ModelConfig
    spans: dict[Ref, range]
    scratch: dict[int, int]
    one: int | None
    heads: dict[int, tuple[int, int]]
    neurons: dict[int, tuple[int, int, int]]
    cleaners: dict[int, int]

    @property
    def program(self) -> Program:
        """The fused program that the weights implement."""
        return self.built.program

    @property
    def rows(self) -> tuple[Value, ...]:
        """What the rows of W_E stand for."""
        return self.inputs.rows

    @property
    def bos(self) -> int:
        """Residual dimension of the BOS token."""
        return self.inputs.bos

    @cached_property
    def dims(self) -> dict[Ref, Dims]:
        """The residual dimensions of every s-op, the tokens among them."""
        spans = {ref: np.arange(span.start, span.stop) for ref, span in self.spans.items()}
        return {TOKENS: np.array(self.inputs.tokens)} | spans

    def selection(self, select: Select) -> Selection:
        """Which keys each query selects, as `selection_table` has it."""
        return selection_table(select.predicate, self.values[select.keys], self.values[select.queries])

    def ladder(self, position: int) -> Ladder:
        """How a map of a number, or a selector width, reads its number."""
        line = self.program.lines[position]
        categorical = self.program.encodings[position] is Encoding.CATEGORICAL
        if isinstance(line, SelectorWidth):
            return width_ladder(self.signature.max_seq_len, categorical=categorical, mode=self.mode)
        assert isinstance(line, Map)
        numbers = self.values[line.operand]
        return map_ladder(line.function, numbers, categorical=categorical, mode=self.mode)


def plan(program: Program, signature: Signature, *, mode: Mode = Mode.TRACR, cap: int = DEFAULT_CAP) -> Plan:
    """Lay a program out.

    Raises CompileError or ProgramError where it cannot be compiled, and CapExceededError, before anything
    large is allocated, when the model would have more than `cap` parameters.
    """
    built = build(program, signature, exact_means=mode is Mode.FIXED, max_parameters=cap)
    values = built.values
    _check_mode(built.program, values, mode)
    layers = allocate_layers(built.program)
    inputs = _inputs(signature.vocab)
    neurons, cleaners, widths = _place_neurons(built.program, values, layers.mlp, mode)
    heads, key_sizes, value_sizes = _place_heads(built.program, values, layers.attention)
    d_head = _head_size(key_sizes, value_sizes, mode)
    spans, scratch, one, d_model = _place_dims(built.program, values, signature, len(inputs.rows))
    config = ModelConfig(
        n_layers=layers.count,
        n_heads=max([head + 1 for _, head in heads.values()], default=1),
        d_model=d_model,
        d_head=d_head,
        d_mlp=max([1, *widths]),
        n_ctx=signature.max_seq_len + 1,
        d_vocab=len(inputs.rows),
        d_vocab_out=len(spans[built.program.output]),
        causal=signature.causal,
    )
    if config.parameter_count > cap:
        raise CapExceededError(
            f"the model would have {config.parameter_count} parameters",
            expected=f"at most {cap}",
            advice="Raise the cap, or shorten chains of sequence_map, which multiply value sets.",
        )
    return Plan(built, signature, mode, values, inputs, config, spans, scratch, one, heads, neurons, cleaners)


def _check_mode(program: Program, values: GrowingValueSets, mode: Mode) -> None:
    """Raise CompileError for lines that Tracr refuses, or, in mode `fixed`, that cannot be mended."""
    if mode is Mode.TRACR and not any(TOKENS in operands(line) for line in program.lines):
        raise CompileError("Tracr compiles only programs that use `tokens`; mode `fixed` compiles others too")
    for position, line in enumerate(program.lines):
        problem = _problem(program, values, position, line, mode)
        if problem:
            raise CompileError(problem, where=f"line {position + 1} ({program.names[position]})")


def _problem(program: Program, values: GrowingValueSets, position: int, line: Line, mode: Mode) -> str:
    """What keeps a line from being compiled; empty when nothing does."""
    numerical = program.encodings[position] is Encoding.NUMERICAL
    match line:
        case Map() if program.encoding(line.operand) is Encoding.NUMERICAL:
            if not values[position]:
                return "no number gives this map a value"
            if mode is Mode.FIXED and not is_map_readable(line.function, values[line.operand]):
                return _TOO_CLOSE
        case Map() if numerical and mode is Mode.TRACR:
            if values.table(position).is_partial:
                return (
                    "Tracr compiles a map to numbers only where every value has a number; "
                    "mode `fixed` takes 0 for the others"
                )
        case Aggregate() if numerical and mode is Mode.FIXED:
            if not set(values[line.values]) <= {0, 1}:
                return (
                    "means of values other than 0 and 1 are not known beforehand; mode `tracr` compiles "
                    "the line without their thresholds"
                )
        case SelectorWidth() if mode is Mode.FIXED:
            if not are_widths_readable(len(values[position]) - 1):
                return _TOO_CLOSE
        case _:
            pass
    if position == program.output and not numerical and not values[position]:
        return "no input gives the output a value"
    return ""


_TOO_CLOSE = "the numbers that it reads lie too close together to be told apart in float32"


def _place_heads(
    program: Program, values: GrowingValueSets, layer_of: dict[int, int]
) -> tuple[dict[int, tuple[int, int]], list[int], list[int]]:
    """(layer, head) of every attending line, and its number of key and value dimensions."""
    heads: dict[int, tuple[int, int]] = {}
    used: dict[int, int] = {}
    key_sizes: list[int] = []
    value_sizes: list[int] = []
    for position, layer in layer_of.items():
        line = program.lines[position]
        assert isinstance(line, Aggregate | SelectorWidth)
        select = program.lines[line.selector]
        assert isinstance(select, Select)
        heads[position] = (layer, used.get(layer, 0))
        used[layer] = used.get(layer, 0) + 1
        key_sizes.append(max(len(values[select.queries]) + 2, len(values[select.keys]) + 1))
        categorical = isinstance(line, Aggregate) and program.encoding(position) is Encoding.CATEGORICAL
        value_sizes.append(len(values[position]) if categorical else 1)
    return heads, key_sizes, value_sizes


def _head_size(key_sizes: list[int], value_sizes: list[int], mode: Mode) -> int:
    d_key, d_value = max(key_sizes, default=1), max(value_sizes, default=1)
    if mode is Mode.FIXED:
        return max(d_key, d_value)
    if d_value > d_key:
        raise CompileError(
            f"Tracr cannot assemble a head whose values take {d_value} dimensions where keys and queries "
            f"take {d_key}; mode `fixed` can"
        )
    return d_key


def _place_neurons(
    program: Program, values: GrowingValueSets, layer_of: dict[int, int], mode: Mode
) -> tuple[dict[int, tuple[int, int, int]], dict[int, int], list[int]]:
    """(layer, first neuron, count) of every line with an MLP; the BOS-cleaning neuron and size of layers."""
    neurons: dict[int, tuple[int, int, int]] = {}
    used: dict[int, int] = {}
    for position, layer in layer_of.items():
        count = _neuron_count(program, values, position, mode)
        neurons[position] = (layer, used.get(layer, 0), count)
        used[layer] = used.get(layer, 0) + count
    cleaners: dict[int, int] = {}
    for position, layer in layer_of.items():
        if isinstance(program.lines[position], SelectorWidth) and layer not in cleaners:
            cleaners[layer] = used[layer]
            used[layer] += 1
    return neurons, cleaners, list(used.values())


def _neuron_count(program: Program, values: GrowingValueSets, position: int, mode: Mode) -> int:
    line = program.lines[position]
    match line:
        case Map() if program.encoding(line.operand) is Encoding.NUMERICAL:
            results = values.table(position).results
            return 2 * (len(results) - results.count(None)) - 1
        case Map() if line.encoding is Encoding.NUMERICAL:
            return 2 if mode is Mode.FIXED and any(as_number(v) < 0 for v in values[position]) else 1
        case Map():
            return len(values[position])
        case SequenceMap() if line.first == line.second:
            return len(values[position])
        case SequenceMap():
            return len(values[line.first]) * len(values[line.second])
        case LinearSequenceMap():
            return 4
        case SelectorWidth():
            return 2 * len(values[position]) - 1
        case _:
            raise AssertionError(f"{line} has no MLP")


def _place_dims(
    program: Program, values: GrowingValueSets, signature: Signature, rows: int
) -> tuple[dict[Ref, range], dict[int, int], int | None, int]:
    """Residual dimensions: tokens (BOS and PAD among them), indices, `one` if read, then line by line."""
    size = rows + signature.max_seq_len
    spans = {INDICES: range(rows, size)}
    one = None
    if any(_reads_one(program, values, position) for position in range(len(program))):
        one, size = size, size + 1
    scratch: dict[int, int] = {}
    for position, encoding in enumerate(program.encodings):
        if encoding is None:
            continue
        width = 1 if encoding is Encoding.NUMERICAL else len(values[position])
        spans[position] = range(size, size + width)
        size += width
        if isinstance(program.lines[position], SelectorWidth):
            scratch[position] = size
            size += 1
    return spans, scratch, one, size


def _reads_one(program: Program, values: GrowingValueSets, position: int) -> bool:
    line = program.lines[position]
    match line:
        case Aggregate() | SelectorWidth():
            return True
        case SequenceMap():
            # Tracr takes two operands without values for one and the same.
            return line.first != line.second and bool(values[line.first] or values[line.second])
        case Map():
            return program.encoding(line.operand) is Encoding.NUMERICAL
        case _:
            return False
