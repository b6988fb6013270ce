"""Runs of a model and a program on the same few inputs, from which names of dimensions are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.inputs import comparison_inputs
from inverse_tracr.rasp.interpreter import Trace
from inverse_tracr.rasp.program import Program

WORK = 4_000_000_000
"""Multiplications that all probes together may take."""
MOST, FEWEST = 256, 16


@dataclass(frozen=True)
class Probe:
    """Inputs of one length: the program's trace, and the residual stream at some ranks.

    `residual[rank]` is the stream after that half-layer and `written[rank]` what the half-layer adds, BOS
    left out: [inputs, positions, d_model].
    """

    trace: Trace
    residual: dict[int, NDArray[np.float32]]
    written: dict[int, NDArray[np.float32]]


def probe(model: TransformerProgram, program: Program, ranks: set[int]) -> Iterator[Probe]:
    """Run model and program on up to 256 inputs, fewer where the model is large."""
    count = max(FEWEST, min(MOST, WORK // (model.config.parameter_count * model.config.n_ctx)))
    rows = torch.tensor([model.input_encoder.row(token) for token in model.signature.vocab])
    for batch in comparison_inputs(model.signature, limit=count, samples=count):
        bos = torch.full((len(batch), 1), model.input_encoder.bos)
        ids = torch.cat([bos, rows[torch.from_numpy(np.ascontiguousarray(batch))]], dim=1)
        yield _run(model, ids, Trace(program, model.signature, batch), ranks)


def _run(model: TransformerProgram, ids: torch.Tensor, trace: Trace, ranks: set[int]) -> Probe:
    residual: dict[int, NDArray[np.float32]] = {}
    written: dict[int, NDArray[np.float32]] = {}
    homes = {residual_name(rank): (residual, rank) for rank in ranks}
    homes |= {_written_name(rank): (written, rank) for rank in ranks}

    def record(name: str, value: torch.Tensor) -> None:
        if name in homes:
            kept, rank = homes[name]
            kept[rank] = value[:, 1:].numpy()

    with torch.inference_mode():
        model.forward(ids, record)
    return Probe(trace, residual, written)


def residual_name(rank: int) -> str:
    """TransformerLens's name of the residual stream after a half-layer."""
    return f"blocks.{rank // 2}.hook_resid_{'post' if rank % 2 else 'mid'}"


def _written_name(rank: int) -> str:
    return f"blocks.{rank // 2}.hook_{'mlp' if rank % 2 else 'attn'}_out"
