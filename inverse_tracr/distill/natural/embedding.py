"""W_emb of a natural student, trained before its half-layers.

A half-layer that is trained from nothing can read any linear function of the student's stream, so what heads
read of the teacher's residuals x (directions R) is lost only as far as no linear function of W_emb x gives
it: tr(Rᵀ (C - C Wᵀ (W (C + E) Wᵀ)⁻¹ W C) R), with C the covariance of x before that half-layer and E that of
the errors which those before it will have left, in all that was written so far. The sum over half-layers is
lowered by L-BFGS. What is written later takes no room: C knows of nothing that is not there yet. MLPs read
nonlinearly and count little. Uniform residuals count by the best linear prediction of what is written on
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import LEAST_HEARD, bearable, heard
from inverse_tracr.distill.natural.lbfgs import lowered
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

ERRORS = 0.3
"""Usual error of what half-layers write, in units of what its readers bear."""

PATTERNS = 3e3
"""Weight of what heads read of uniform residuals, for each unit of the loss that they are heard there."""

LEAST_SPREAD = 0.004
"""Variance of what is written on uniform residuals, in units of the loss, from which it counts."""

RANK = 1e-12
"""Share of the largest size below which a direction is none."""

VANISHING = 1e-6
"""Variance below which an output never goes in a direction."""


Problem = tuple[Tensor, Tensor, float]
"""A covariance, a second moment of directions, and noise: see Aim."""


@dataclass(frozen=True)
class Aim:
    """What W_emb is to keep, for each of some problems.

    `covariance` [problems, d_full, d_full] is that of residuals. `wanted` [problems, d_full, directions] is
    to be had from the student's stream; it has zeros where there are fewer. `noise` [problems] is the
    variance of the stream that is taken for lost, `errors` [problems, d_full] that of the errors in what
    half-layers have written. `gain` [d_full] multiplies W_emb.
    """

    covariance: Tensor
    wanted: Tensor
    noise: Tensor
    errors: Tensor
    gain: Tensor

    @classmethod
    def of(
        cls,
        task: Task,
        teacher: Sequence[Half],
        school: School,
        importance: Sequence[Tensor],
        gain: Tensor,
        options: HalfByHalf,
    ) -> Aim:
        """Of a teacher, on what its student learns from."""
        found: list[Problem] = []
        errors: list[Tensor] = []
        written = torch.zeros(task.config.d_model, dtype=torch.double)
        for level, half in enumerate(teacher):
            if half.silent:
                continue
            dims = torch.from_numpy(half.dims)
            known = importance[level][dims]
            outputs = school.outputs[level]
            assert outputs is not None
            problems = _problems(task, half, school.residuals[level], outputs, known, school, options)
            found += problems
            errors += [written.clone()] * len(problems)
            borne = torch.from_numpy(task.resolution)[dims] * bearable(task, level)[dims]
            written[dims] += (ERRORS * borne.double()).square()
        covariance = torch.stack([problem[0] for problem in found])
        wanted = roots_of(torch.stack([problem[1] for problem in found]))
        noise = torch.tensor([problem[2] for problem in found], dtype=torch.double)
        return cls(covariance, wanted, noise, torch.stack(errors), gain)

    @cached_property
    def told(self) -> Tensor:
        """What residuals tell of the wanted directions, [problems, d_full, directions]."""
        return self.covariance @ self.wanted

    @cached_property
    def blurred(self) -> Tensor:
        """The covariance with errors, [problems, d_full, d_full]."""
        return self.covariance + torch.diag_embed(self.errors)

    @cached_property
    def whole(self) -> Tensor:
        """The variance in the wanted directions, of all problems."""
        return (self.wanted * self.told).sum()

    def lost(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """What `rows` [rows, d_full] lose, tr(Rᵀ (C - C Wᵀ (W (C + E) Wᵀ + noise)⁻¹ W C) R), and its slope.

        The noise is that of orthonormal rows, so that it depends on the span of the rows alone.
        """
        w_emb = rows * self.gain
        seen, blurred = w_emb @ self.told, w_emb @ self.blurred
        inner = blurred @ w_emb.T + self.noise[:, None, None] * (rows @ rows.T)
        solved = torch.cholesky_solve(seen, torch.linalg.cholesky(inner))
        square = solved @ solved.transpose(1, 2)
        slope = (square @ blurred - solved @ self.told.transpose(1, 2)).sum(dim=0) * self.gain
        by_noise = (self.noise[:, None, None] * square).sum(dim=0) @ rows
        return self.whole - (seen * solved).sum(), 2 * (slope + by_noise)


def roots_of(moments: Tensor) -> Tensor:
    """Matrices [problems, d_full, directions] that times their transposes are the second `moments`."""
    sizes, axes = torch.linalg.eigh(moments)
    rank = int((sizes > RANK * sizes[:, -1:]).sum(dim=1).amax())
    return (axes * sizes.clamp_min(0).sqrt()[:, None])[:, :, -rank:].contiguous()


def _problems(
    task: Task,
    half: Half,
    residuals: Tensor,
    outputs: Tensor,
    importance: Tensor,
    school: School,
    options: HalfByHalf,
) -> list[Problem]:
    """What one half-layer of the teacher reads of the `residuals` before it, for its `outputs`."""
    places, drawn, written = residuals[school.taught], residuals[school.drawn], outputs[school.drawn]
    weight = options.emb_uniform * importance.double()
    if half.attends:
        share = heard(task, written, importance, options.followed)
        return _heads(task, half, places, drawn, float(weight.mean())) + _patterns_on_uniform(
            task, half, drawn, share
        )
    return [(_covariance(places), _neurons(half), NOISE), *_on_uniform(half, drawn, written, weight)]


def _heads(task: Task, half: Half, places: Tensor, drawn: Tensor, weight: float) -> list[Problem]:
    """What heads read: scores of vocabulary inputs; values by one map of these and of uniform residuals."""
    covariance = _covariance(places)
    values = torch.from_numpy(half.read[:, 2]).double()
    moved = (values.transpose(1, 2) @ values).sum(dim=0)
    both = covariance + weight / HEADS * _covariance(drawn)
    return [(covariance, HEADS * _scored(task, half, places), NOISE), (both, HEADS * moved, NOISE)]


def _scored(task: Task, half: Half, places: Tensor) -> Tensor:
    """Second moment of the directions in which scores between `places` change."""
    covariance, exact = _covariance(places), places.double()
    second = exact.T @ exact / len(exact)
    found = torch.zeros_like(covariance)
    for query, key, _ in torch.from_numpy(half.read).double():
        scores = query.T @ key * (task.config.d_head**-0.5 / 100)
        found += scores.T @ second @ scores + scores @ covariance @ scores.T
    return found


def _patterns_on_uniform(task: Task, half: Half, drawn: Tensor, share: float) -> list[Problem]:
    """What scores read of uniform residuals, where heads are heard there at all."""
    if share < LEAST_HEARD:
        return []
    return [(_covariance(drawn), PATTERNS * share * _scored(task, half, drawn), UNIFORM_NOISE)]


def _neurons(half: Half) -> Tensor:
    """What neurons read of vocabulary inputs, each direction alike."""
    rows = torch.from_numpy(half.read).double()[0, 0]
    left, sizes, _ = torch.linalg.svd(rows.T / rows.norm(dim=1).clamp_min(1e-6), full_matrices=False)
    directions = left[:, sizes > 1e-3]
    return NEURONS * directions @ directions.T


def _on_uniform(half: Half, places: Tensor, written: Tensor, weight: Tensor) -> list[Problem]:
    """What neurons make of uniform residuals: half by the best linear prediction of it, half by its slopes.

    The linear prediction C⁻¹ J, with J the covariance with what is written, knows the mean slope alone; the
    second moment of the slopes, scaled to the same variance, has all directions in which outputs change.
    """
    centred = _centred(written) * weight.sqrt()
    spread = float(centred.square().sum()) / len(centred)
    if spread < LEAST_SPREAD:
        return []
    own = _centred(places)
    covariance = own.T @ own / len(own)
    steady = covariance + UNIFORM_NOISE * torch.eye(len(covariance), dtype=torch.double)
    linear = torch.linalg.solve(steady, own.T @ centred / len(own))
    read, write = (torch.from_numpy(w).double() for w in (half.read[0, 0], half.write[:, 0]))
    fires = (places.double() @ read.T > 0).double()
    slopes = read.T @ ((fires.T @ fires) * (write.T @ (weight[:, None] * write))) @ read
    slopes *= spread / float((slopes * covariance).sum())
    return [(covariance, (linear @ linear.T + slopes) / 2, UNIFORM_NOISE)]


def natural_w_emb(
    task: Task,
    teacher: Sequence[Half],
    school: School,
    importance: Sequence[Tensor],
    options: HalfByHalf,
) -> NDArray[np.float32]:
    """W_emb [d_model, d_full] in a random basis of the student's stream; numbers are spread by a gain.

    `importance` [half-layers][d_full] is what errors on uniform residuals add to the student's loss.
    """
    random = task.random(Stream.BASIS)
    d_full = task.config.d_model
    output = np.flatnonzero(task.compiled.weights.W_U.any(axis=1))
    code = _output_rows(task, output, school, random)
    elsewhere = torch.ones(d_full, dtype=torch.double)
    elsewhere[torch.from_numpy(output)] = 0
    gain = np.clip(options.gain / task.resolution, 1, options.largest_gain)
    aim = Aim.of(task, teacher, school, importance, torch.from_numpy(gain).double(), options)
    rows = _trained(aim, code, elsewhere, task.d_model - len(code), options, random)
    rotation, _ = np.linalg.qr(random.standard_normal((task.d_model, task.d_model)))
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
    kept = torch.outer(elsewhere, elsewhere)
    most = (aim.told @ aim.told.transpose(1, 2)).sum(dim=0) * kept
    _, directions = torch.linalg.eigh(most)
    rows = directions[:, d_full - count :].T + 0.1 * d_full**-0.5 * torch.from_numpy(
        random.standard_normal((count, d_full))
    )

    def evaluate(rows: Tensor) -> tuple[Tensor, Tensor]:
        lost, slope = aim.lost(torch.cat([own, rows]))
        return lost, slope[len(own) :] * elsewhere

    first = _orthonormal(rows * elsewhere).contiguous()
    return _orthonormal(lowered(first, evaluate, options.emb_steps)).numpy()


def _orthonormal(rows: Tensor) -> Tensor:
    return torch.linalg.qr(rows.T)[0].T


def _covariance(places: Tensor) -> Tensor:
    centred = _centred(places)
    return centred.T @ centred / len(centred)


def _centred(places: Tensor) -> Tensor:
    return places.double() - places.double().mean(dim=0)
