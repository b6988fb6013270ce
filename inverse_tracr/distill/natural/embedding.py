"""W_emb of a natural student, trained before its half-layers.

A half-layer that is trained from nothing can read any linear function of the student's stream, so what heads
read of the teacher's residuals x (directions R) is lost only as far as no linear function of W_emb x gives
it: tr(Rᵀ (C - C Wᵀ (W C Wᵀ)⁻¹ W C) R), with C the covariance of x before that half-layer. The sum over
half-layers is lowered by Adam, W kept orthonormal. What is written later takes no room: C knows of nothing
that is not there yet. MLPs read nonlinearly and count little. Uniform residuals count by the best linear
prediction of what is written on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.adam import Adam
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import loss_share
from inverse_tracr.distill.natural.school import School
from inverse_tracr.distill.output_code import output_code
from inverse_tracr.distill.teacher import Stream, Task

HEADS, NEURONS = 1e4, 0.05
"""Weight of what heads and MLPs read: heads multiply scores by ten or more, and many keys weigh the same."""

CODE = 3
"""Dimensions that the output takes at most."""

NOISE = 1e-6
"""Variance of the student's stream that is taken for lost."""

UNIFORM_NOISE = 1e-3
"""The same on uniform residuals."""

LEAST_SPREAD = 0.004
"""Variance of what is written on uniform residuals, in units of the loss, from which it counts."""

VANISHING = 1e-6
"""Variance below which an output never goes in a direction."""


@dataclass(frozen=True)
class Aim:
    """What W_emb is to keep: `covariance` and `reads`, the second moment of directions that are read, both
    [levels, d_full, d_full]; of uniform residuals the covariance, that with what is written, the variance of
    what is written, and the weight, for each half-layer that counts.
    """

    covariance: Tensor
    reads: Tensor
    uniform: list[tuple[Tensor, Tensor, float, float]]

    @classmethod
    def of(cls, task: Task, teacher: Sequence[Half], school: School, options: HalfByHalf) -> Aim:
        """Of a teacher, on what its student learns from."""
        loud = [level for level, half in enumerate(teacher) if not half.silent]
        parts = [_covariance_and_reads(task, teacher[n], school.residuals[n][school.taught]) for n in loud]
        covariance, reads = (torch.stack(part) for part in zip(*parts, strict=True))
        share = loss_share(task)
        uniform: list[tuple[Tensor, Tensor, float, float]] = []
        for level in loud:
            written = school.outputs[level]
            assert written is not None
            centred = _centred(written[school.drawn])
            spread = float(centred.square().sum()) / len(centred)
            if spread * share >= LEAST_SPREAD:
                own = _centred(school.residuals[level][school.drawn])
                second = own.T @ own / len(own) + UNIFORM_NOISE * torch.eye(own.shape[1], dtype=torch.double)
                joint = own.T @ centred / len(own)
                uniform.append((second, joint, spread, options.emb_uniform * share))
        return cls(covariance, reads, uniform)

    def loss(self, rows: Tensor) -> Tensor:
        """What orthonormal `rows` [rows, d_full] lose."""
        inner = rows @ self.covariance @ rows.T + NOISE * torch.eye(len(rows), dtype=torch.double)
        seen = rows @ self.covariance
        kept = seen.transpose(1, 2) @ torch.linalg.solve(inner, seen)
        lost = ((self.covariance - kept) * self.reads).sum()
        for second, joint, spread, weight in self.uniform:
            found = rows @ joint
            predicted = (found * torch.linalg.solve(rows @ second @ rows.T, found)).sum()
            lost = lost + weight * (spread - predicted)
        return lost


def natural_w_emb(
    task: Task, teacher: Sequence[Half], school: School, options: HalfByHalf
) -> NDArray[np.float32]:
    """W_emb [d_model, d_full] in a random basis of the student's stream; numbers are spread by a gain."""
    random = task.random(Stream.BASIS)
    d_full = task.config.d_model
    output = np.flatnonzero(task.compiled.weights.W_U.any(axis=1))
    code = _output_rows(task, output, school, random)
    elsewhere = torch.ones(d_full, dtype=torch.double)
    elsewhere[torch.from_numpy(output)] = 0
    aim = Aim.of(task, teacher, school, options)
    rows = _trained(aim, code, elsewhere, task.d_model - len(code), options, random)
    rotation, _ = np.linalg.qr(random.standard_normal((task.d_model, task.d_model)))
    gain = np.clip(options.gain / task.resolution, 1, options.largest_gain)
    return (rotation @ np.concatenate([code, rows]) * gain).astype(np.float32)


def _output_rows(
    task: Task, output: NDArray[np.int64], school: School, random: np.random.Generator
) -> NDArray[np.float64]:
    """Rows that hold the output alone: W_U reads them through the same W_emb that they were written by."""
    own = np.eye(task.config.d_model)[:, output]
    if not task.categorical:
        return own.T
    values = _centred(school.residuals[-1][school.taught])[:, torch.from_numpy(output)]
    sizes, directions = torch.linalg.eigh(values.T @ values / len(values))
    live = own @ directions[:, sizes > VANISHING].numpy()
    return output_code(live, task.compiled.weights.W_U.astype(np.float64), random, CODE)


def _trained(
    aim: Aim,
    code: NDArray[np.float64],
    elsewhere: Tensor,
    count: int,
    options: HalfByHalf,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """`count` orthonormal rows that lie `elsewhere` than the output and lose little of the aim."""
    own = torch.from_numpy(code / np.maximum(np.linalg.norm(code, axis=1, keepdims=True), 1e-9))
    d_full = len(elsewhere)
    most = (aim.covariance @ aim.reads @ aim.covariance).sum(dim=0) * torch.outer(elsewhere, elsewhere)
    _, directions = torch.linalg.eigh(most)
    rows = directions[:, d_full - count :].T + 0.1 * d_full**-0.5 * torch.from_numpy(
        random.standard_normal((count, d_full))
    )
    rows = rows[None].contiguous()
    adam = Adam([rows], epsilon=1e-12)
    for step in range(options.emb_steps):
        rows.requires_grad_()
        (gradient,) = torch.autograd.grad(
            aim.loss(torch.cat([own, _orthonormal(rows[0] * elsewhere)])), [rows]
        )
        rows.requires_grad_(False)
        rate = options.emb_rate * (0.5 + 0.5 * np.cos(np.pi * (step + 1) / options.emb_steps))
        adam.step([gradient], torch.tensor([rate], dtype=torch.double))
        rows.copy_(_orthonormal(rows[0] * elsewhere)[None])
    return _orthonormal(rows[0] * elsewhere).numpy()


def _orthonormal(rows: Tensor) -> Tensor:
    return torch.linalg.qr(rows.T)[0].T


def _covariance_and_reads(task: Task, half: Half, places: Tensor) -> tuple[Tensor, Tensor]:
    """Covariance of the residuals at `places`, and the second moment of what the half-layer reads of them."""
    centred = _centred(places)
    covariance = centred.T @ centred / len(centred)
    read = torch.from_numpy(half.read).double()
    if not half.attends:
        rows = read[0, 0]
        left, sizes, _ = torch.linalg.svd(rows.T / rows.norm(dim=1).clamp_min(1e-6), full_matrices=False)
        directions = left[:, sizes > 1e-3]
        return covariance, NEURONS * directions @ directions.T
    exact = places.double()
    second = exact.T @ exact / len(exact)
    reads = torch.zeros_like(covariance)
    for query, key, value in read:
        scores = query.T @ key * (task.config.d_head**-0.5 / 100)
        reads += scores.T @ second @ scores + scores @ covariance @ scores.T + value.T @ value
    return covariance, HEADS * reads


def _centred(places: Tensor) -> Tensor:
    return places.double() - places.double().mean(dim=0)
