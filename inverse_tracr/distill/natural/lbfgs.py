"""L-BFGS on one tensor, whose loss and slope are written out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

HISTORY = 10
"""Steps that are remembered."""


def lowered(start: Tensor, evaluate: Callable[[Tensor], tuple[Tensor, Tensor]], steps: int) -> Tensor:
    """What `steps` steps make of `start`, at most; `evaluate` gives the loss there and its slope."""
    found = torch.nn.Parameter(start)
    optimiser = torch.optim.LBFGS(
        [found],
        max_iter=steps,
        max_eval=steps * 5 // 4,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )

    # The type that PyTorch declares for a closure is a float, though it takes the tensor of one too.
    def closure() -> float:
        with torch.no_grad():
            loss, found.grad = evaluate(found)
            return float(loss)

    optimiser.step(closure)
    return found.detach()
