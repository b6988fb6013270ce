"""Scores of one head, trained by L-BFGS on the divergence from the teacher's pattern."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.bearing import LEAST_HEARD
from inverse_tracr.distill.natural.cases import cases
from inverse_tracr.distill.natural.lbfgs import lowered
from inverse_tracr.distill.natural.school import School
from inverse_tracr.distill.natural.solve import Root, with_one

NOTHING = 1e-7
"""Weight of a key below which a pattern is taken for 0."""

LEAST_TOP = 0.03
"""Smallest largest weight of a query's keys that errors are measured by."""

YIELDING = 0.2
"""Factor on the weight of uniform residuals after a round that left places of the vocabulary wrong."""

STEADY = 1e-3
"""Share of the largest variance of queries or keys below which a direction is not stretched any further."""


@dataclass(frozen=True)
class Form:
    """Scores of a head as a bilinear form, `matrix` [features + 1, features], of queries with a one appended
    and keys less their `mean` [features].

    Patterns are convex in it, as they are not in queries and keys, whose product it is.
    """

    matrix: Tensor
    mean: Tensor

    @classmethod
    def of(cls, query: Tensor, key: Tensor, bias: Tensor, places: Tensor) -> Form:
        """Of queries x Q + b and keys x K, `query`, `key` [features, d_head], `bias` [d_head], scaled down so
        that scores between `places` [places, features] differ by about 1 at most.
        """
        size = query.shape[1] ** -0.5
        form = cls(torch.cat([query, bias[None]]) @ key.T * size, places.mean(dim=0))
        return cls(form.matrix / max(1.0, float(form.between(places, places).std())), form.mean)

    def between(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Scores [..., queries, keys] of `queries` and `keys` [..., places, features]."""
        return (queries @ self.matrix[:-1] + self.matrix[-1]) @ (keys - self.mean).transpose(-1, -2)

    def patterns(self, stream: Tensor, mask: Tensor) -> Tensor:
        """Attention [sequences, positions, positions] on a `stream` [sequences, positions, features]."""
        return (self.between(stream, stream) + mask).softmax(dim=-1)

    def factors(self, first: tuple[Tensor, Tensor], places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys [features, d_head] and the queries' bias [d_head] whose product is the form, or,
        where d_head is too small, nearest to it between `places` [places, features]; of all those, the ones
        nearest to the `first` queries and keys.
        """
        size = first[0].shape[1]
        left, right = (Root.of(part, STEADY) for part in (with_one(places), places - self.mean))
        outer, sizes, inner = torch.linalg.svd(left.back @ self.matrix.double() @ right.back)
        kept = min(size, len(inner))
        roots = (sizes[:kept] * size**0.5).sqrt()
        queries, keys = left.into @ outer[:, :kept] * roots, right.into @ inner[:kept].T * roots
        turned, _, back = torch.linalg.svd(
            torch.cat([queries[:-1], keys]).T @ torch.cat(first).double(), full_matrices=False
        )
        queries, keys = (queries @ turned @ back).float(), (keys @ turned @ back).float()
        return queries[:-1].contiguous(), keys.contiguous(), queries[-1].contiguous()


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


def train_form(
    start: Form,
    stream: Tensor,
    school: School,
    pattern: Tensor,
    weights: Tensor,
    bears: float,
    options: HalfByHalf,
    random: torch.Generator,
) -> Form:
    """A form whose pattern on `stream` [sequences, positions, features] is the teacher's `pattern`.

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
        found = start.patterns(stream[vocabulary], school.mask[vocabulary])
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
    start: Form, stream: Tensor, mask: Tensor, target: Tensor, weights: Tensor, options: HalfByHalf
) -> Form:
    """Some steps of L-BFGS on the weighted divergence from the teacher's patterns, its gradient written out.

    Queries and keys are taken in coordinates in which they are even. The divergence is summed from terms that
    are small where errors are: rounded like the cross-entropy, it would stand still long before its least.
    """
    weights = weights / weights.sum()
    places, size = stream.reshape(-1, stream.shape[2]), stream.shape[:2]
    left = Root.of(with_one(places), STEADY, weights.flatten())
    right = Root.of(places - start.mean, STEADY, weights.sum(dim=1, keepdim=True).expand(size).flatten())
    queries = left.even(with_one(places)).view(*size, -1)
    keys = right.even(places - start.mean).view(*size, -1)
    flat, upright = queries.flatten(0, 1).T.contiguous(), keys.transpose(1, 2).contiguous()
    mask = mask.expand(-1, size[1], -1)
    weights = weights[..., None]
    known = target.clamp_min(NOTHING).log()

    def evaluate(matrix: Tensor) -> tuple[Tensor, Tensor]:
        logs = torch.baddbmm(mask, queries @ matrix, upright).log_softmax(dim=-1)
        found = logs.exp()
        by_query = ((found - target) * weights @ keys).flatten(0, 1)
        slope = torch.addmm(matrix, flat, by_query, beta=options.head_ridge)
        change = logs - known
        lost = torch.where(target > 0, target * (change.expm1() - change), found) * weights
        return lost.sum(dtype=torch.double) + options.head_ridge / 2 * matrix.square().sum(), slope

    first = (left.back @ start.matrix.double() @ right.back).float()
    matrix = lowered(first, evaluate, options.head_steps)
    return Form((left.into @ matrix.double() @ right.into).float(), start.mean)
