"""Alignment: W_emb fitted to what half-layers read, each fed with its teacher's own inputs.

A student reads x P where its teacher reads x, with P = W_embᵀ W_emb. Half-layer i reads through a matrix
R_i, so that its first error is x (P - 1) R_i; summed over inputs, the squared error is tr(E C_i E K_i) with
E = P - 1, C_i the second moment of the teacher's residuals before half-layer i, and K_i = R_i R_iᵀ. That is
exact for small errors, costs matrix products of the size of d_full whatever the number of inputs, and has
none of the stiffness of the whole network: scores are 100 times a truth table, and numbers are read by steps
of slope 100. For the score of a head, R is the matrix of the scores times the other side's residuals. The
output's cross-entropy is taken on the teacher's last residuals.
"""

from __future__ import annotations

import torch
from torch import Tensor

from inverse_tracr.distill.adam import Adam
from inverse_tracr.distill.held import Held
from inverse_tracr.distill.moments import Moments
from inverse_tracr.distill.recipe import Recipe
from inverse_tracr.distill.stack import Stack

UNIFORM_GOAL = 0.02
"""Error on uniform residuals at which it has half its weight: the logarithm of the error is what is lowered,
so that a teacher whose outputs there are a hundred times larger gives up no more of the vocabulary for it."""


def align(recipe: Recipe, moments: Moments, teachers: Stack, held: Held, w_emb: Tensor) -> Tensor:
    """W_emb [students, d_model, d_full] after `recipe.align_steps` steps from `w_emb`; held rows stay."""
    w_emb = w_emb.clone()
    adam = Adam([w_emb], epsilon=1e-12)
    for step in range(recipe.align_steps):
        progress = step / recipe.align_steps
        gradient = _gradient(recipe, moments, teachers, w_emb, min(1.0, progress / 0.8))
        rate = recipe.align_rate * 0.01**progress * min(1.0, (step + 1) / 20)
        adam.step([held.free(gradient)], torch.full_like(teachers.scale, rate))
        w_emb.copy_(held.rows + held.free(w_emb))
    return w_emb


def _gradient(recipe: Recipe, moments: Moments, teachers: Stack, w_emb: Tensor, progress: float) -> Tensor:
    """Gradient of the weighted sum of the three errors; their weights move with `progress`."""
    error = torch.bmm(w_emb.transpose(1, 2), w_emb)
    error.diagonal(dim1=1, dim2=2).sub_(1)
    by_p = _moment_gradient(moments.vocabulary, error)
    uniform = _moment_gradient(moments.uniform, error)
    size = (uniform * error).sum(dim=(1, 2), keepdim=True)
    by_p += _between(recipe.residual_weights, progress) / (UNIFORM_GOAL + size) * uniform
    by_p += 0.5 * _between(recipe.output_weights, progress) * _output_gradient(moments, teachers, w_emb)
    return 2 * torch.bmm(w_emb, by_p + by_p.transpose(1, 2))


def _between(ends: tuple[float, float], progress: float) -> float:
    first, last = ends
    return first * (last / first) ** progress if first > 0 else 0.0


def _moment_gradient(moments: tuple[Tensor, Tensor], error: Tensor) -> Tensor:
    second, reads = moments
    return torch.matmul(torch.matmul(second, error[:, None]), reads).sum(dim=1)


def _output_gradient(moments: Moments, teachers: Stack, w_emb: Tensor) -> Tensor:
    """Gradient by P of the mean cross-entropy (squared error) of the output."""
    unembed = torch.bmm(w_emb, teachers.unembed.transpose(1, 2))
    logits = torch.bmm(torch.bmm(moments.last, w_emb.transpose(1, 2)), unembed)
    shares = (logits + teachers.columns[:, None]).softmax(dim=2)
    chosen = torch.where(moments.categorical[:, None], moments.targets, 0).clamp_min(0).long()
    entropy = shares.scatter_add(2, chosen[..., None], -torch.ones_like(shares[..., :1]))
    square = 2 * (logits - moments.targets[..., None]) * (teachers.columns[:, None] == 0)
    by_logits = torch.where(moments.categorical[:, None, None], entropy, square) / logits.shape[1]
    return torch.bmm(moments.last.transpose(1, 2), torch.bmm(by_logits, teachers.unembed))
