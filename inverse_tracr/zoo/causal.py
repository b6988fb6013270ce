"""Causal validity of ground-truth circuits, by patching.

The part of a half-layer's output that a line is said to write is taken from a run on other inputs. The model
must then say what the program says when the line takes the values that it has on those inputs.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from inverse_tracr.compile import Plan
from inverse_tracr.compile.circuit import Circuit, LineCircuit
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Select, Trace
from inverse_tracr.rasp.interpreter import Indices
from inverse_tracr.zoo.interchange import InterchangedTrace
from inverse_tracr.zoo.outputs import agreement

PAIRS = 24
"""Pairs of inputs for every line."""


@dataclass(frozen=True)
class Effect:
    """What patching one line did: inputs compared, and those where model and program said the same.

    Inputs that lead the program where sound programs never get are not compared.
    """

    line: str
    compared: int
    agreed: int


def causal_effects(model: TransformerProgram, layout: Plan, truth: Circuit, *, seed: int) -> list[Effect]:
    """Patch every line that has a place of its own in the compiled model, where `truth` says that it lies.

    `truth` is the circuit of the source of `layout`.
    """
    random = np.random.default_rng([seed, model.config.d_model])
    shape = (2, PAIRS, layout.signature.max_seq_len)
    base, source = random.integers(0, len(layout.signature.vocab), size=shape)
    return [
        _effect(model, layout, truth.lines[layout.built.origin[ref]], ref, base, source)
        for ref, line in enumerate(layout.program.lines)
        if not isinstance(line, Select)
    ]


def _effect(
    model: TransformerProgram, layout: Plan, place: LineCircuit, ref: int, base: Indices, source: Indices
) -> Effect:
    program, signature = layout.program, layout.signature
    given = {ref: Trace(program, signature, source).column(ref)}
    said = InterchangedTrace(program, signature, base, given)
    dims = [] if place.subspace is None else list(place.subspace.dims)
    with _patched(_writer(model, place), dims, model, source):
        logits = model.logits_for(base)
    right = agreement(model, logits, said.output).all(axis=1)
    return Effect(place.name, int(said.inside.sum()), int((right & said.inside).sum()))


def _writer(model: TransformerProgram, place: LineCircuit) -> nn.Module:
    """The half-layer that writes a line."""
    if place.mlp is not None:
        return model.get_submodule(f"blocks.{place.mlp.layer}.mlp")
    return model.get_submodule(f"blocks.{place.heads[0].layer}.attn")


@contextmanager
def _patched(
    half_layer: nn.Module, dims: list[int], model: TransformerProgram, source: Indices
) -> Generator[None]:
    """While this lasts, `half_layer` writes to `dims` what it writes there on `source`."""
    taken: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        taken.append(output[..., dims])

    def replace(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        changed = output.clone()
        changed[..., dims] = taken[0]
        return changed

    handle = half_layer.register_forward_hook(keep)
    with torch.inference_mode():
        model.logits_for(source)
    handle.remove()
    handle = half_layer.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()
