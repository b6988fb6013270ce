"""Names of residual dimensions and neurons, as Tracr's CRAFT stage has them, without its unique ids."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.compile.plan import Plan
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.values import Maybe


@dataclass(frozen=True)
class Label:
    """A basis direction: the name of an s-op or of a helper, and the value that it stands for, if any."""

    name: str
    value: Maybe = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"


ONE = Label("one")
CLEAN_BOS = Label("_hidden_clean_bos_")


def dim_labels(plan: Plan) -> tuple[Label, ...]:
    """The label of every dimension of the residual stream."""
    labels = [ONE] * plan.config.d_model
    for row, token in enumerate(plan.rows):
        labels[row] = Label("tokens", token)
    for ref, dims in plan.dims.items():
        if ref == TOKENS:
            continue
        name = plan.program.name(ref)
        numerical = plan.program.encoding(ref) is Encoding.NUMERICAL
        values = (None,) if numerical else plan.values[ref]
        if ref == INDICES:
            values = range(plan.signature.max_seq_len)
        for dim, value in zip(dims.tolist(), values, strict=True):
            labels[dim] = Label(name, value)
    for position, dim in plan.scratch.items():
        labels[dim] = Label(f"{plan.program.names[position]}_selector_width_attn_output")
    return tuple(labels)


def neuron_labels(plan: Plan, layer: int) -> tuple[Label | None, ...]:
    """The label of every neuron of a layer; None for neurons that only fill it up."""
    labels: list[Label | None] = [None] * plan.config.d_mlp
    for position, (where, start, count) in plan.neurons.items():
        if where == layer:
            labels[start : start + count] = _neurons_of(plan, position, count)
    if layer in plan.cleaners:
        labels[plan.cleaners[layer]] = CLEAN_BOS
    return tuple(labels)


def _neurons_of(plan: Plan, position: int, count: int) -> list[Label]:
    line = plan.program.lines[position]
    name = plan.program.names[position]
    hidden = f"_hidden_{name}_"
    if isinstance(line, LinearSequenceMap):
        return [Label(hidden + operand, sign) for operand in "xy" for sign in (1, -1)]
    if isinstance(line, SequenceMap) and line.first != line.second:
        x, y = plan.program.name(line.first), plan.program.name(line.second)
        xs, ys = plan.values[line.first], plan.values[line.second]
        return [Label(hidden, (x, a, y, b)) for a in xs for b in ys]
    if _reads_a_number(plan, line):
        return [Label(hidden + "start"), *(Label(hidden, (1 + i // 2, i % 2)) for i in range(count - 1))]
    if plan.program.encoding(position) is Encoding.CATEGORICAL:
        return [Label(name, value) for value in plan.values[position]]
    return [Label(name)] if count == 1 else [Label(name, sign) for sign in (1, -1)]


def _reads_a_number(plan: Plan, line: Line) -> bool:
    """Whether a line's MLP is a ladder of thresholds."""
    assert not isinstance(line, Select)
    if isinstance(line, Map):
        return plan.program.encoding(line.operand) is Encoding.NUMERICAL
    return isinstance(line, SelectorWidth)
