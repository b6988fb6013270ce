"""The ground truth of a compiled model: which heads, neurons and residual dimensions each line has.

The JSON form is written down in docs/circuits.md.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass

from inverse_tracr.compile.plan import Plan
from inverse_tracr.rasp.program import INDICES, TOKENS, Encoding, Line, Program, Ref, Select, operands
from inverse_tracr.rasp.signature import BOS, PAD
from inverse_tracr.rasp.values import Value, values_to_json

SCHEMA_VERSION = 1


class Status(enum.Enum):
    """What became of a source line."""

    COMPUTED = "computed"
    SELECTS = "selects"
    FUSED = "fused"
    DEAD = "dead"


@dataclass(frozen=True)
class Head:
    """A head; `half_layer` counts attention and MLP half-layers alike, attention of layer k being 2 k."""

    half_layer: int
    layer: int
    head: int


@dataclass(frozen=True)
class Neurons:
    """Neurons of one MLP, by index; `cleans_bos` is the neuron that cleans BOS of a selector width."""

    half_layer: int
    layer: int
    neurons: tuple[int, ...]
    cleans_bos: int | None = None


@dataclass(frozen=True)
class Subspace:
    """Residual dimensions; of a categorical s-op the value of each, of a numerical one None."""

    dims: tuple[int, ...]
    values: tuple[Value, ...] | None


@dataclass(frozen=True)
class LineCircuit:
    """Where a source line lies.

    A select has the heads of the lines that read it; a line that is fused into others names them and has
    nothing of its own; a dead line has nothing. `scratch` is the dimension that a selector width's head
    writes for its MLP.
    """

    name: str
    operation: str
    operands: tuple[str, ...]
    status: Status
    heads: tuple[Head, ...] = ()
    mlp: Neurons | None = None
    subspace: Subspace | None = None
    scratch: int | None = None
    fused_into: tuple[str, ...] = ()


@dataclass(frozen=True)
class Circuit:
    """All source lines, and the subspaces that the embeddings write: inputs, BOS, PAD and the constant 1."""

    lines: tuple[LineCircuit, ...]
    output: str
    tokens: Subspace
    indices: Subspace
    bos: int
    pad: int
    one: int | None

    def to_json(self) -> dict[str, object]:
        """The JSON form, schema version first."""
        return {
            "schema_version": SCHEMA_VERSION,
            "output": self.output,
            "lines": [_line_json(line) for line in self.lines],
            "inputs": {"tokens": _subspace_json(self.tokens), "indices": _subspace_json(self.indices)},
            "bos": self.bos,
            "pad": self.pad,
            "one": self.one,
        }


def circuit(plan: Plan) -> Circuit:
    """The ground truth of the model of a plan, for the lines of the program as it was written."""
    source = plan.built.source
    return Circuit(
        lines=tuple(_line_circuit(plan, position) for position in range(len(source))),
        output=source.names[source.output],
        tokens=Subspace(tuple(plan.dims[TOKENS].tolist()), plan.signature.vocab),
        indices=Subspace(tuple(plan.dims[INDICES].tolist()), tuple(range(plan.signature.max_seq_len))),
        bos=plan.rows.index(BOS),
        pad=plan.rows.index(PAD),
        one=plan.one,
    )


def _line_circuit(plan: Plan, source: int) -> LineCircuit:
    program = plan.built.source
    line, name = program.lines[source], program.names[source]
    operation, reads = operation_name(line), tuple(program.name(ref) for ref in operands(line))
    origin = plan.built.origin
    if source in origin:
        return _computed(plan, origin.index(source), name, operation, reads)
    into = tuple(program.names[chain[0]] for chain in plan.built.chains if source in chain)
    return LineCircuit(name, operation, reads, Status.FUSED if into else Status.DEAD, fused_into=into)


def _computed(plan: Plan, position: int, name: str, operation: str, reads: tuple[str, ...]) -> LineCircuit:
    if isinstance(plan.program.lines[position], Select):
        heads = tuple(_head(plan, reader) for reader in _readers(plan.program, position))
        return LineCircuit(name, operation, reads, Status.SELECTS, heads)
    categorical = plan.program.encoding(position) is Encoding.CATEGORICAL
    values = plan.values[position] if categorical else None
    return LineCircuit(
        name,
        operation,
        reads,
        Status.COMPUTED,
        heads=(_head(plan, position),) if position in plan.heads else (),
        mlp=_neurons(plan, position) if position in plan.neurons else None,
        subspace=Subspace(tuple(plan.dims[position].tolist()), values),
        scratch=plan.scratch.get(position),
    )


def _readers(program: Program, selector: Ref) -> list[int]:
    return [position for position, line in enumerate(program.lines) if selector in operands(line)]


def _head(plan: Plan, position: int) -> Head:
    layer, head = plan.heads[position]
    return Head(2 * layer, layer, head)


def _neurons(plan: Plan, position: int) -> Neurons:
    layer, start, count = plan.neurons[position]
    cleaner = plan.cleaners[layer] if position in plan.scratch else None
    return Neurons(2 * layer + 1, layer, tuple(range(start, start + count)), cleaner)


def operation_name(line: Line) -> str:
    """The operation of a line as the text form writes it."""
    letters = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(line).__name__)
    return letters.removeprefix("_")


def _line_json(line: LineCircuit) -> dict[str, object]:
    return {
        "name": line.name,
        "operation": line.operation,
        "operands": list(line.operands),
        "status": line.status.value,
        "heads": [asdict(head) for head in line.heads],
        "mlp": None if line.mlp is None else asdict(line.mlp) | {"neurons": list(line.mlp.neurons)},
        "subspace": None if line.subspace is None else _subspace_json(line.subspace),
        "scratch": line.scratch,
        "fused_into": list(line.fused_into),
    }


def _subspace_json(subspace: Subspace) -> dict[str, object]:
    values = None if subspace.values is None else values_to_json(subspace.values)
    return {"dims": list(subspace.dims), "values": values}
