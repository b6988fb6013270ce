"""Queries and keys of one head, trained by L-BFGS on the cross-entropy with the teacher's pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.bearing import LEAST_HEARD
from inverse_tracr.distill.natural.cases import cases
from inverse_tracr.distill.natural.school import School

NOTHING = 1e-7
"""Weight of a key below which a pattern is taken for 0."""

LEAST_TOP = 0.03
"""Smallest largest weight of a query's keys that errors are measured by."""

YIELDING = 0.2
"""Factor on the weight of uniform residuals after a round that left places of the vocabulary wrong."""

HISTORY = 20
"""Steps that L-BFGS remembers."""


@dataclass(frozen=True)
class Scores:
    """Queries x Q + b and keys x K of a head: `query`, `key` [features, d_head], `bias` [d_head]."""

    query: Tensor
    key: Tensor
    bias: Tensor

    def of(self, stream: Tensor, mask: Tensor) -> Tensor:
        """Scores [sequences, positions, positions] with the mask, scaled."""
        scores = (stream @ self.query + self.bias) @ (stream @ self.key).transpose(1, 2)
        return scores * self.query.shape[1] ** -0.5 + mask

    def calmed(self, places: Tensor) -> Scores:
        """Scaled down so that scores between `places` [places, features] differ by about 1 at most."""
        scores = (places @ self.query + self.bias) @ (places @ self.key).T * self.query.shape[1] ** -0.5
        factor = min(1.0, float(scores.std()) ** -0.5)
        return Scores(self.query * factor, self.key * factor, self.bias * factor)


def rarity(reads: Tensor, school: School) -> Tensor:
    """Weight [sequences, positions] of every query of the vocabulary: the rarer what it `reads`, the larger.

    `reads` [places, d_head] is what the teacher's head reads at the places taught.
    """
    kinds, sizes = cases(reads, 1)
    weights = torch.zeros(school.there.shape)
    weights[school.taught] = sizes[kinds].float().rsqrt()
    return weights


def taught_on_uniform(weights: Tensor, school: School, share: float, options: HalfByHalf) -> Tensor:
    """`weights` [sequences, positions] with some queries of uniform residuals, that weigh the more the larger
    the `share` of the loss is at which they are heard, and nothing below a bound.
    """
    if share < LEAST_HEARD:
        return weights
    found = weights.clone()
    some = (~school.over_vocabulary).nonzero()[: options.head_uniform, 0]
    total = min(share * options.head_each, options.head_most) * float(weights.sum())
    found[some] = total / weights[some].numel()
    return found


def train_scores(
    start: Scores,
    stream: Tensor,
    school: School,
    pattern: Tensor,
    weights: Tensor,
    bears: float,
    options: HalfByHalf,
    random: torch.Generator,
) -> Scores:
    """Scores whose pattern on `stream` [sequences, positions, features] is the teacher's `pattern`.

    Errors that are larger than `bears` times a query's largest weight count twice in the next round, and the
    sequences with the largest join those that are learned from.
    """
    target = torch.where(pattern < NOTHING, 0.0, pattern)
    top = target.amax(dim=-1).clamp_min(LEAST_TOP)
    active = _first_sequences(weights, school, options, random)
    weights = torch.where(school.over_vocabulary[:, None], weights / top.square(), weights)
    vocabulary = school.over_vocabulary
    best, fewest = start, -1
    for _ in range(options.head_rounds):
        start = _descend(start, stream[active], school.mask[active], target[active], weights[active], options)
        found = start.of(stream[vocabulary], school.mask[vocabulary]).softmax(dim=-1)
        error = (found - target[vocabulary]).abs().amax(dim=-1) / top[vocabulary] * school.there[vocabulary]
        wrong = error > bears
        count, before = int(wrong.sum()), fewest
        if before < 0 or count <= before:
            best, fewest = start, count
        if fewest <= options.enough * int(school.taught.sum()):
            break
        weights = weights.clone()
        if 0 <= before * (1 - options.better) < count:
            if not weights[~vocabulary].any():
                break
            weights[~vocabulary] = 0
            active &= vocabulary
        weights[vocabulary] *= torch.where(wrong, 2.0, 1.0)
        weights[~vocabulary] *= YIELDING
        worst = torch.zeros(len(stream))
        worst[vocabulary] = error.amax(dim=1)
        worst[active] = 0
        joining = worst.argsort(descending=True)[: options.head_sequences // 3]
        active[joining[worst[joining] > bears]] = True
    return best


def _first_sequences(rarity: Tensor, school: School, options: HalfByHalf, random: torch.Generator) -> Tensor:
    """Those with the rarest queries, as many others, and uniform residuals that have weights, [sequences]."""
    half = options.head_sequences // 2
    jitter = float(rarity[school.taught].median()) * torch.rand(len(rarity), generator=random)
    rank = torch.where(school.over_vocabulary, rarity.amax(dim=1) + jitter, -1.0)
    active = torch.zeros(len(rank), dtype=torch.bool)
    active[rank.argsort(descending=True)[:half]] = True
    others = (school.over_vocabulary & ~active).nonzero()[:, 0]
    active[others[torch.randperm(len(others), generator=random)[:half]]] = True
    active |= ~school.over_vocabulary & (rarity.amax(dim=1) > 0)
    return active


def _descend(
    start: Scores, stream: Tensor, mask: Tensor, target: Tensor, weights: Tensor, options: HalfByHalf
) -> Scores:
    """Some steps of L-BFGS on the weighted cross-entropy, its gradient written out: half of the cost."""
    weights = weights / weights.sum()
    flat = stream.reshape(-1, stream.shape[2]).T.contiguous()
    scale = start.query.shape[1] ** -0.5
    query, key, bias = (torch.nn.Parameter(t.clone()) for t in (start.query, start.key, start.bias))
    optimiser = torch.optim.LBFGS(
        [query, key, bias],
        max_iter=options.head_steps,
        max_eval=options.head_steps * 5 // 4,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )

    def closure() -> Any:
        with torch.no_grad():
            queries, keys = stream @ query + bias, stream @ key
            logs = (queries @ keys.transpose(1, 2) * scale + mask).log_softmax(dim=-1)
            by_score = (logs.exp() - target) * (weights[..., None] * scale)
            by_query = (by_score @ keys).reshape(-1, query.shape[1])
            by_key = (by_score.transpose(1, 2) @ queries).reshape(-1, query.shape[1])
            query.grad, key.grad, bias.grad = flat @ by_query, flat @ by_key, by_query.sum(dim=0)
            return -(torch.where(target > 0, target * logs, 0.0).sum(dim=-1) * weights).sum()

    optimiser.step(closure)
    return Scores(query.data, key.data, bias.data)
