"""The proposer `lift`: a program read off weights whose residual dimensions each hold one thing."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.decompile.lift.attention import Widths, read_head
from inverse_tracr.decompile.lift.clues import Clues, gather_clues
from inverse_tracr.decompile.lift.draft import Basis, Draft, MapDraft, Variable, new_draft
from inverse_tracr.decompile.lift.liveness import without_dead
from inverse_tracr.decompile.lift.mlp import MlpReader
from inverse_tracr.decompile.lift.stream import NotReadableError, Stream, read_stream
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.program import Encoding, Program
from inverse_tracr.rasp.values import Value


@dataclass(frozen=True)
class Lifted:
    """A lifted program with the basis of each line, or what was understood before the lift failed."""

    program: Program | None
    bases: tuple[Basis, ...]
    unexplained: tuple[str, ...]


def lift(model: TransformerProgram) -> Lifted:
    """Read a program off the weights: truth tables of heads, functions of MLPs, values of the encoders.

    Uses neither labels nor the order of dimensions, heads or neurons.
    """
    try:
        stream = without_dead(read_stream(model))
    except NotReadableError as error:
        return Lifted(None, (), (str(error),))
    numerical = not isinstance(model.output_encoder, CategoricalOutput)
    clues = gather_clues(stream, numerical)
    draft = new_draft(model.signature, stream.token_dims, stream.index_dims)
    unexplained = _read_layers(stream, draft, clues)
    try:
        output = _output(model, stream, draft)
    except NotReadableError as error:
        return Lifted(None, tuple(draft.bases), (*unexplained, str(error)))
    return Lifted(draft.finish(output), tuple(draft.bases), tuple(unexplained))


def _read_layers(stream: Stream, draft: Draft, clues: Clues) -> list[str]:
    unexplained: list[str] = []
    widths: Widths = {}
    for mlp in stream.mlps:
        for head in stream.heads:
            if head.layer == mlp.layer:
                try:
                    read_head(stream, head, draft, widths)
                except NotReadableError as error:
                    unexplained.append(str(error))
        reader = MlpReader(stream, mlp, draft, widths, clues)
        reader.read()
        unexplained += reader.unexplained
    return unexplained


def _output(model: TransformerProgram, stream: Stream, draft: Draft) -> Variable:
    """The variable that W_U reads, its values named by the output encoder; dead dimensions left out."""
    encoder = model.output_encoder
    columns = [c for c, d in enumerate(stream.output_dims) if d in draft.owner]
    dims = [stream.output_dims[c] for c in columns]
    owners = {id(draft.owner[d][0]): draft.owner[d][0] for d in dims}
    if len(owners) != 1:
        raise NotReadableError("W_U reads dimensions that are not the values of one line")
    variable = next(iter(owners.values()))
    if not isinstance(encoder, CategoricalOutput):
        return variable
    if set(dims) != set(variable.dims):
        raise NotReadableError("W_U reads only some of the values of a line")
    named = {d: encoder.values[c] for c, d in zip(columns, dims, strict=True)}
    values = tuple(named[d] for d in variable.dims)
    if variable.ref < 0 or not _take_values(variable, values):
        return _renamed(draft, variable, values)
    return variable


def _take_values(variable: Variable, values: tuple[Value, ...]) -> bool:
    """Give a variable, and what it was moved from, the values of the output; False where they have others."""
    chain = [variable]
    while chain[-1].source is not None:
        chain.append(chain[-1].source)
    if any(v.values is not None and v.values != values for v in chain):
        return False
    for v in chain:
        v.values = values
    return True


def _renamed(draft: Draft, variable: Variable, values: tuple[Value, ...]) -> Variable:
    """A map that gives the values of the output to a variable that has others."""
    ref = draft.add_line(MapDraft(variable, tuple(range(len(values)))), Basis(-1))
    renamed = Variable(ref, variable.dims, Encoding.CATEGORICAL, values)
    draft.variables.append(renamed)
    return renamed
