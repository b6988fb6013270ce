"""The lift: a program read off weights whose residual dimensions each hold one thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.decompile.lift.attention import Widths, completed, read_head
from inverse_tracr.decompile.lift.clues import Clues, gather_clues
from inverse_tracr.decompile.lift.draft import Basis, Draft, MapDraft, UnknownDraft, Variable, new_draft
from inverse_tracr.decompile.lift.liveness import Rough, without_dead, without_rough
from inverse_tracr.decompile.lift.mlp import MlpReader
from inverse_tracr.decompile.lift.stream import NotReadableError, Stream, read_stream
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.rasp.fusion import live_positions
from inverse_tracr.rasp.program import TOKENS, Encoding, Program
from inverse_tracr.rasp.values import Maybe, Value


@dataclass(frozen=True)
class Lifted:
    """A lifted program with the basis of each line.

    `unknown` says of lines that could not be read which part of the model they stand for and why; in the
    program these have no value. The program is None where the embeddings could not be read: `problem`
    says why.
    """

    program: Program | None
    bases: tuple[Basis, ...]
    unknown: dict[int, UnknownDraft]
    problem: str = ""

    @property
    def whole(self) -> bool:
        """Whether the output depends on no unknown line."""
        return self.program is not None and self.unknown.keys().isdisjoint(
            live_positions(self.program.lines, self.program.output)
        )


def lift(model: TransformerProgram, *, exact: bool = False) -> Lifted:
    """Read a program off the weights: truth tables of heads, functions of MLPs, values of the encoders.

    Uses neither labels nor the order of dimensions, heads or neurons. Neurons are read as the steps that
    they stand for; `exact`, as they are executed: what lies on a ramp between two values is a value then.
    """
    try:
        stream, rough = without_rough(read_stream(model))
    except NotReadableError as error:
        return Lifted(None, (), {}, str(error))
    stream = without_dead(stream, rough)
    clues = gather_clues(stream, not isinstance(model.output_encoder, CategoricalOutput))
    draft = new_draft(model.signature, stream.token_dims, stream.index_dims)
    _read_layers(stream, draft, clues, rough, exact)
    output = _output(model, stream, draft)
    unknown = {i: line for i, line in enumerate(draft.lines) if isinstance(line, UnknownDraft)}
    return Lifted(draft.finish(output), tuple(draft.bases), unknown)


def _read_layers(stream: Stream, draft: Draft, clues: Clues, rough: tuple[Rough, ...], exact: bool) -> None:
    widths: Widths = {}
    for part in rough:
        _add_unknown(draft, clues, part, "it writes over tokens or positions")
    for mlp in stream.mlps:
        waiting = [head for head in stream.heads if head.layer == mlp.layer]
        while waiting:
            head = completed(stream, waiting[0], waiting[1:], draft)
            waiting = [h for h in waiting if not set(h.heads) <= set(head.heads)]
            try:
                read_head(stream, head, draft, widths, exact=exact)
            except NotReadableError as error:
                own = tuple(sorted(d for d in head.written if d not in draft.owner))
                _add_unknown(draft, clues, Rough(head.name, head.half_layer, head.labels, own), str(error))
        MlpReader(stream, mlp, draft, widths, clues, exact=exact).read()


def _add_unknown(draft: Draft, clues: Clues, part: Rough, problem: str) -> None:
    for dims, encoding in clues.variables(part.dims) or [((), Encoding.CATEGORICAL)]:
        basis = Basis(part.half_layer, part.heads, (), dims)
        draft.add_unknown(UnknownDraft(part.name, problem, encoding), basis)


def _output(model: TransformerProgram, stream: Stream, draft: Draft) -> Variable:
    """The variable that W_U reads, its values named by the output encoder; dead dimensions left out."""
    encoder = model.output_encoder
    named = {d: c for c, d in enumerate(stream.output_dims) if d in stream.live}
    if not named:
        return _add_nothing(draft, isinstance(encoder, CategoricalOutput))
    try:
        owners = draft.owners(named)
        if len(owners) != 1 or not set(named) <= set(owners[0].dims):
            raise NotReadableError(f"the output is read from {len(owners)} variables")
    except NotReadableError as error:
        return _add_unknown_output(draft, tuple(named), str(error), isinstance(encoder, CategoricalOutput))
    variable = owners[0]
    if not isinstance(encoder, CategoricalOutput):
        return variable
    if variable.states is not None:
        return _renamed(draft, variable, _decoded(variable, encoder, named))
    values = tuple(encoder.values[named[d]] if d in named else None for d in variable.dims)
    whole = tuple(v for v in values if v is not None)
    if variable.ref < 0 or len(whole) < len(values) or not _take_values(variable, whole):
        return _renamed(draft, variable, values)
    return variable


def _add_nothing(draft: Draft, categorical: bool) -> Variable:
    """The output of a model in which nothing writes it: no value, or the number 0."""
    tokens = draft.variable(TOKENS)
    results = tuple(None if categorical else 0 for _ in tokens.dims)
    ref = draft.add_line(MapDraft(tokens, results), Basis(-1))
    return draft.own(Variable(ref, (), _encoding(categorical), ()))


def _add_unknown_output(draft: Draft, dims: tuple[int, ...], problem: str, categorical: bool) -> Variable:
    unknown = UnknownDraft("output", problem, _encoding(categorical))
    return draft.own(Variable(draft.add_line(unknown, Basis(-1, (), (), dims)), (), unknown.encoding, ()))


def _encoding(categorical: bool) -> Encoding:
    return Encoding.CATEGORICAL if categorical else Encoding.NUMERICAL


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


def _decoded(variable: Variable, encoder: CategoricalOutput, named: dict[int, int]) -> tuple[Maybe, ...]:
    """What the output encoder says of each value of a variable."""
    logits = np.zeros((len(variable.grid), len(encoder.values)), dtype=np.float32)
    for place, dim in enumerate(variable.dims):
        if dim in named:
            logits[:, named[dim]] = variable.grid[:, place]
    return tuple(None if i < 0 else encoder.values[i] for i in encoder.indices(logits).tolist())


def _renamed(draft: Draft, variable: Variable, values: tuple[Maybe, ...]) -> Variable:
    """A map that gives the values of the output to a variable that has others; None for those not read."""
    kept = tuple(dict.fromkeys(v for v in values if v is not None))
    results = tuple(None if v is None else kept.index(v) for v in values)
    ref = draft.add_line(MapDraft(variable, results), Basis(-1))
    return draft.own(Variable(ref, (), Encoding.CATEGORICAL, kept))
