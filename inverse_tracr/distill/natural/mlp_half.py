"""An MLP half-layer of a natural student: neurons by Adam, with the best output matrix at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.adam import Adam, cosine
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import bearable, loss_share
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.solve import Gram, with_one
from inverse_tracr.distill.natural.uniform import Uniform, refit
from inverse_tracr.distill.teacher import Task

WARM_UP = 5
"""Steps of linear warm-up of a round."""

JOINING = 300
"""Places that join those that are learned from after a round, at most."""

GRAIN = 64
"""Reads of the teacher's neurons that agree to 1 / GRAIN are one case."""

TURNED_BY = 400
"""Places from which it is seen in which directions outputs change."""

LEAST_TURN = 1e-8
"""Smallest share that a direction keeps."""


@dataclass(frozen=True)
class Neurons:
    """`read` [features, neurons] and `bias` [neurons]."""

    read: Tensor
    bias: Tensor

    def features(self, places: Tensor) -> Tensor:
        """Activations of `places` and a column of ones."""
        return with_one((places @ self.read + self.bias).relu())


@dataclass(frozen=True)
class Regression:
    """`inputs` [places, d_model], `outputs` [places, rows], `weights` [places]; `unit` [rows] of errors.

    The first `own` places are of vocabulary inputs.
    """

    inputs: Tensor
    outputs: Tensor
    weights: Tensor
    unit: Tensor
    own: int

    def solution(self, neurons: Neurons, options: HalfByHalf) -> Tensor:
        """The best output matrix, its bias as last row."""
        return Gram.of(neurons.features(self.inputs), self.outputs, self.weights).solution(options.ridge)


def train_mlp(
    task: Task, level: int, lesson: Lesson, options: HalfByHalf, random: torch.Generator
) -> tuple[Half, Tensor]:
    """The trained half-layer and what it writes at the places of the school, [places, d_full]."""
    school, teacher = lesson.school, lesson.teacher
    d_full = task.config.d_model
    read, bias = lesson.first_read()
    neurons = Neurons(read[0, 0], bias[0, 0])
    write = torch.zeros(len(neurons.bias) + 1, d_full)
    if not teacher.silent:
        unit = torch.from_numpy(task.resolution)[teacher.dims] * bearable(task, level)[teacher.dims]
        practice = _Practice(level, lesson, unit, loss_share(task), options, random)
        neurons, write[:, teacher.dims] = practice.run(neurons)
    half = Half(
        lesson.lifted(neurons.read[None, None]),
        neurons.bias[None, None].numpy(),
        np.ascontiguousarray(write[:-1].T[:, None].numpy()),
        write[-1].numpy(),
        np.arange(d_full),
    )
    return half, neurons.features(lesson.stream[school.there]) @ write


class _Practice:
    """Rounds of training; places that are wrong after one join, or count twice, in the next."""

    def __init__(
        self,
        level: int,
        lesson: Lesson,
        unit: Tensor,
        share: float,
        options: HalfByHalf,
        random: torch.Generator,
    ) -> None:
        school = lesson.school
        self._options, self._random, self._unit, self._share = options, random, unit, share
        self._inputs, self._outputs = lesson.stream[school.taught], lesson.outputs()[school.taught]
        self._uniform = lesson.stream[school.drawn], lesson.outputs()[school.drawn]
        reads = school.residuals[level][school.taught] @ torch.from_numpy(lesson.teacher.read[0, 0]).T
        self._weights = first_weights(reads, options.places, random)
        order = torch.randperm(len(self._uniform[0]), generator=random)
        self._blocks = order.split(options.uniform_places)

    def run(self, neurons: Neurons) -> tuple[Neurons, Tensor]:
        """Trained neurons and their output matrix."""
        options = self._options
        neurons = turned(neurons, self._regression(self._blocks[0]), options, self._random)
        best, fewest = neurons, -1
        for number in range(options.rounds):
            steps = options.first_steps if number == 0 else options.later_steps
            regressions = [self._regression(block) for block in self._blocks]
            neurons = _descend(neurons, regressions, steps, options)
            wrong = self._errors(neurons, regressions[0].solution(neurons, options)) > 1
            if fewest < 0 or int(wrong.sum()) <= fewest:
                best, fewest = neurons, int(wrong.sum())
            if fewest == 0:
                break
            self._mind(wrong)
        return best, self._refitted(best)

    def _regression(self, block: Tensor) -> Regression:
        """The places that are learned from, and a block of uniform residuals."""
        active = self._weights > 0
        inputs, outputs = self._uniform[0][block], self._uniform[1][block]
        uniform = torch.full((len(inputs),), self._options.uniform_weight / len(inputs))
        return Regression(
            torch.cat([self._inputs[active], inputs]),
            torch.cat([self._outputs[active], outputs]),
            torch.cat([self._weights[active] / self._weights.sum(), uniform]),
            self._unit,
            int(active.sum()),
        )

    def _errors(self, neurons: Neurons, write: Tensor) -> Tensor:
        """Largest error of each place, in units of what is borne."""
        return ((neurons.features(self._inputs) @ write - self._outputs) / self._unit).abs().amax(dim=1)

    def _mind(self, wrong: Tensor) -> None:
        """Wrong places count twice; others that are wrong join, as many as there is room for."""
        active = self._weights > 0
        usual = float(self._weights[active].mean())
        joining = (wrong & ~active).nonzero()[:, 0]
        joining = joining[torch.randperm(len(joining), generator=self._random)[:JOINING]]
        self._weights = self._weights.clone()
        self._weights[wrong & active] *= 2
        self._weights[joining] = 2 * usual

    def _refitted(self, neurons: Neurons) -> Tensor:
        active = self._weights > 0
        weights = self._weights[active] / self._weights.sum()
        inputs, outputs = self._uniform
        return refit(
            Gram.of(neurons.features(self._inputs[active]), self._outputs[active], weights),
            Uniform(neurons.features(inputs), outputs, self._share),
            lambda write: self._errors(neurons, write),
            self._options,
        )


def first_weights(reads: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Weights of all places, 0 but for `count`: as many of each case as there is room for, rare cases first.

    `reads` [places, neurons] of the teacher tell the cases apart; a case weighs as the root of its frequency.
    """
    cases, counts = np.unique(
        (reads * GRAIN).round().int().numpy(), axis=0, return_inverse=True, return_counts=True
    )[1:]
    case = torch.from_numpy(cases.reshape(-1))
    order = torch.randperm(len(case), generator=random)
    order = order[torch.argsort(case[order], stable=True)]
    sizes = torch.from_numpy(counts)
    rank = torch.empty(len(case), dtype=torch.long)
    rank[order] = torch.arange(len(case)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    jitter = torch.rand(len(case), generator=random)
    chosen = torch.argsort(rank + jitter)[:count]
    taken = torch.bincount(case[chosen], minlength=len(counts)).clamp_min(1)
    weights = torch.zeros(len(case))
    weights[chosen] = (sizes.float().sqrt() / taken)[case[chosen]]
    return weights


def turned(neurons: Neurons, regression: Regression, options: HalfByHalf, random: torch.Generator) -> Neurons:
    """Neurons turned towards the directions in which outputs change, with their kinks where places lie.

    The second moment of the gradients of the outputs tells those directions ("average gradient outer
    product": Radhakrishnan et al., 2022); first weights are multiplied by its root.
    """
    first = neurons.read

    def with_kinks(read: Tensor) -> Neurons:
        at = torch.randint(regression.own, (read.shape[1],), generator=random)
        return Neurons(read, -(regression.inputs[at] * read.T).sum(dim=1))

    neurons = with_kinks(first)
    for _ in range(options.turns):
        write = regression.solution(neurons, options)[:-1] / regression.unit
        some = regression.inputs[torch.randperm(regression.own, generator=random)[:TURNED_BY]]
        fires = (some @ neurons.read + neurons.bias > 0).float()
        slopes = ((fires[:, None] * neurons.read) @ write).permute(1, 0, 2).reshape(len(first), -1)
        sizes, directions = torch.linalg.eigh((slopes @ slopes.T).double())
        shares = (sizes / sizes.sum() * len(sizes)).clamp_min(LEAST_TURN)
        neurons = with_kinks(((directions * shares.sqrt()) @ directions.T).float() @ first)
    return neurons


def _descend(neurons: Neurons, regressions: Sequence[Regression], steps: int, options: HalfByHalf) -> Neurons:
    """Adam on the neurons. With the best output matrix W the gradient is that at fixed W.

    The regressions are taken in turn: they differ in their uniform residuals, which few neurons would
    otherwise learn by heart.
    """
    read, bias = neurons.read.clone()[None], neurons.bias.clone()[None]
    neurons = replace(neurons, read=read[0], bias=bias[0])
    adam = Adam([read, bias])
    for step in range(1, steps):
        regression = regressions[step % len(regressions)]
        features = neurons.features(regression.inputs)
        write = Gram.of(features, regression.outputs, regression.weights).solution(options.ridge)
        error = (
            (features @ write - regression.outputs) / regression.unit.square() * regression.weights[:, None]
        )
        back = (error @ write[:-1].T) * (features[:, :-1] > 0)
        rate = options.rate * cosine(torch.tensor([float(step)]), steps, WARM_UP, 0.01)
        adam.step([(regression.inputs.T @ back)[None], back.sum(dim=0)[None]], rate)
    return neurons
