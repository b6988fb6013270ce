"""How much of what the machine can multiply the steps of a training use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from inverse_tracr.metamodel.network import Batch, MetaModel

SIDE = 1024
ROUNDS = 5


@dataclass
class Throughput:
    """Programs, floating-point operations of matrix products, and seconds of the steps since the last line.

    `peak`: operations a second of a product of two square matrices, measured at the beginning.
    """

    peak: float
    programs: int = 0
    operations: float = 0.0
    seconds: float = 0.0

    def taken(self) -> dict[str, float]:
        """Programs a second and the share of the peak, as fields of the log; counting begins again."""
        seconds = max(self.seconds, 1e-9)
        found = {
            "programs_per_second": round(self.programs / seconds, 1),
            "peak_share": round(self.operations / seconds / self.peak, 4),
        }
        self.programs, self.operations, self.seconds = 0, 0.0, 0.0
        return found


def matrix_peak(device: torch.device, kind: torch.dtype) -> float:
    """Operations a second of a product of two matrices of `SIDE` rows and columns: the best of `ROUNDS`."""
    matrix = torch.ones(SIDE, SIDE, device=device, dtype=kind)
    best = float("inf")
    for _ in range(ROUNDS):
        settle(device)
        start = time.perf_counter()
        torch.mm(matrix, matrix)
        settle(device)
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def settle(device: torch.device) -> None:
    """Wait for what a GPU was asked to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def operations(network: MetaModel, batches: Sequence[Batch]) -> float:
    """Operations of the matrix products of one step, forwards and backwards."""
    total = 0
    for batch in batches:
        scorer = network.operands if batch.kinds is None else network.fillings
        total += _weights(scorer.embed, scorer.score) * len(batch.features)
        total += _weights(scorer.leave) * len(batch.contexts)
    return 6.0 * total


def _weights(*parts: nn.Module | None) -> int:
    """Entries of the matrices of some modules."""
    linear = [m for part in parts if part is not None for m in part.modules() if isinstance(m, nn.Linear)]
    return sum(m.weight.numel() for m in linear)
