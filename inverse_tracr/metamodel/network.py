"""The network: it scores what a program can say next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from inverse_tracr.metamodel.candidates import KIND_COUNT
from inverse_tracr.metamodel.context import CONTEXT_SIZE
from inverse_tracr.metamodel.fillings import FILL_SIZE
from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.metamodel.operands import PAIR_SIZE
from inverse_tracr.model.shapes import Float

NEVER = -1e4
"""The logit of what cannot be."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes: `width` of hidden layers, `kind_width` of the embedding of a kind of line."""

    width: int = 160
    kind_width: int = 16


@dataclass(frozen=True)
class Batch:
    """Choices of one step, their possibilities one behind the other.

    `features` [possibilities, size], `contexts` [choices, CONTEXT_SIZE], `owners` [possibilities]: the choice
    of each; `kinds` [possibilities] or None; `grades` [possibilities] and `leave` [choices] as in `Decision`.
    """

    features: Tensor
    contexts: Tensor
    owners: Tensor
    kinds: Tensor | None
    grades: Tensor
    leave: Tensor

    @staticmethod
    def of(decisions: Sequence[Decision], device: torch.device | str = "cpu") -> Batch:
        """Choices of one step as tensors; there must be at least one."""
        operands = decisions[0].kinds is None
        sizes = [len(d.features) for d in decisions]
        kinds = None
        if not operands:
            kinds = np.concatenate([d.kinds for d in decisions if d.kinds is not None])
        grades = np.concatenate([d.grades[: len(d.features)] for d in decisions])
        leave = np.array([int(d.grades[-1]) * operands for d in decisions])
        return Batch(
            torch.from_numpy(np.concatenate([d.features for d in decisions])).to(device),
            torch.from_numpy(np.stack([d.context for d in decisions])).to(device),
            torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(device),
            None if kinds is None else torch.from_numpy(kinds).to(device),
            torch.from_numpy(grades).to(device),
            torch.from_numpy(leave).to(device),
        )


class Scorer(nn.Module):
    """Scores possibilities given all of them: each is embedded, the largest of each unit is what all see."""

    def __init__(self, size: int, config: NetworkConfig, *, kinds: int, leave: bool) -> None:
        super().__init__()
        width = config.width
        self.kinds = nn.Embedding(kinds, config.kind_width) if kinds else None
        size += CONTEXT_SIZE + (config.kind_width if kinds else 0)
        self.embed = nn.Sequential(
            nn.Linear(size, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.score = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 1))
        self.leave = (
            nn.Sequential(nn.Linear(width + CONTEXT_SIZE, width), nn.GELU(), nn.Linear(width, 1))
            if leave
            else None
        )

    def forward(
        self,
        features: Float[Tensor, "possibilities size"],
        contexts: Float[Tensor, "choices context"],
        owners: Tensor,
        kinds: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Logits of the possibilities [possibilities], and of leaving [choices].

        `owners`, `kinds` [possibilities] are whole numbers, see `Batch`.
        """
        parts = [features, contexts[owners]]
        if self.kinds is not None and kinds is not None:
            parts.append(self.kinds(kinds))
        embedded = self.embed(torch.cat(parts, dim=1))
        seen = torch.full(
            (len(contexts), embedded.shape[1]), -10.0, dtype=embedded.dtype, device=embedded.device
        )
        index = owners[:, None].expand_as(embedded)
        seen = seen.scatter_reduce(0, index, embedded, "amax")
        logits = self.score(torch.cat([embedded, seen[owners]], dim=1)).squeeze(1)
        if self.leave is None:
            return logits, None
        return logits, self.leave(torch.cat([seen, contexts], dim=1)).squeeze(1)


class MetaModel(nn.Module):
    """Both steps of writing a line."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.operands = Scorer(PAIR_SIZE, config, kinds=0, leave=True)
        self.fillings = Scorer(FILL_SIZE, config, kinds=KIND_COUNT, leave=False)

    def log_probabilities(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Log-probabilities of the possibilities [possibilities], and of leaving [choices]."""
        scorer = self.operands if batch.kinds is None else self.fillings
        logits, leave = scorer(batch.features, batch.contexts, batch.owners, batch.kinds)
        total = _log_sums(logits, batch.owners, len(batch.contexts), leave)
        return logits - total[batch.owners], None if leave is None else leave - total

    def losses(self, batch: Batch) -> Tensor:
        """Minus the log-probabilities of grade 1 or better, of 2 among these, of 3 among these [choices, 3].

        Where no possibility has a grade, the entry is 0.
        """
        scorer = self.operands if batch.kinds is None else self.fillings
        logits, leave = scorer(batch.features, batch.contexts, batch.owners, batch.kinds)
        count = len(batch.contexts)
        sums = _log_sums(logits, batch.owners, count, leave)
        found: list[Tensor] = []
        for grade in (1, 2, 3):
            own = logits.masked_fill(batch.grades < grade, NEVER)
            kept = None if leave is None else leave.masked_fill(batch.leave < grade, NEVER)
            inner = _log_sums(own, batch.owners, count, kept)
            there = inner > NEVER / 2
            found.append(torch.where(there, sums - inner, 0.0))
            sums = torch.where(there, inner, sums)
        return torch.stack(found, dim=1)


def _log_sums(logits: Tensor, owners: Tensor, count: int, leave: Tensor | None) -> Tensor:
    """Log of the sum of exponentials over the possibilities of each choice [choices]."""
    top = torch.full((count,), NEVER, dtype=logits.dtype, device=logits.device)
    top = top.scatter_reduce(0, owners, logits.detach(), "amax")
    if leave is not None:
        top = torch.maximum(top, leave.detach())
    sums = torch.zeros_like(top).index_add(0, owners, (logits - top[owners]).exp())
    if leave is not None:
        sums = sums + (leave - top).exp()
    return top + sums.clamp_min(1e-30).log()
