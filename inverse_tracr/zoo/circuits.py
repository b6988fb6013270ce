"""Ground-truth circuits of the models of a zoo, as far as their kind pins them down."""

from __future__ import annotations

from dataclasses import replace

from inverse_tracr.compile import Mode, Plan, plan
from inverse_tracr.compile.circuit import Circuit, LineCircuit, circuit
from inverse_tracr.rasp import Program, Signature
from inverse_tracr.zoo.config import Kind

_CAP = 2**40
_FINEST = {Kind.STANDARD: "subspaces", Kind.COMPRESSED: "neurons", Kind.NATURAL: "half-layers"}


def circuit_json(kind: Kind, program: Program, signature: Signature) -> dict[str, object]:
    """The circuit of a model of this kind; `granularity` says what it names at its finest.

    Compiled models: heads, neurons and residual dimensions. Compressed ones have the heads and neurons of
    their teachers, but no dimensions of their own for a line. Of natural ones only the half-layers are known.
    """
    layout = plan(program, signature, mode=Mode.FIXED, cap=_CAP)
    found = _blurred(kind, layout)
    data = {"granularity": _FINEST[kind], **found.to_json()}
    if kind is not Kind.STANDARD:
        del data["inputs"], data["bos"], data["pad"], data["one"]
    return data


def _blurred(kind: Kind, layout: Plan) -> Circuit:
    found = circuit(layout)
    match kind:
        case Kind.STANDARD:
            return found
        case Kind.COMPRESSED:
            lines = [replace(line, subspace=None, scratch=None) for line in found.lines]
        case Kind.NATURAL:
            lines = [_half_layers_only(line) for line in found.lines]
    return replace(found, lines=tuple(lines))


def _half_layers_only(line: LineCircuit) -> LineCircuit:
    """Heads and neurons unknown: -1 for a head, none for neurons."""
    heads = tuple(dict.fromkeys(replace(head, head=-1) for head in line.heads))
    mlp = None if line.mlp is None else replace(line.mlp, neurons=(), cleans_bos=None)
    return replace(line, heads=heads, mlp=mlp, subspace=None, scratch=None)
