"""An MLP half-layer of a natural student: neurons by Adam, with the best output matrix at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.adam import Adam, cosine
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.natural.bearing import bearable
from inverse_tracr.distill.natural.cases import cases
from inverse_tracr.distill.natural.chosen import chosen, drawn, spread
from inverse_tracr.distill.natural.even import Even
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.neurons import Neurons, Regression
from inverse_tracr.distill.natural.solve import Gram, quick_solution
from inverse_tracr.distill.natural.uniform import Uniform, refit
from inverse_tracr.distill.teacher import Task

WARM_UP = 5
"""Steps of linear warm-up of a round."""

JOINING = 300
"""Places that join those that are learned from after a round, at most."""

GRAIN = 64
"""Reads of the teacher's neurons that agree to 1 / GRAIN are one case."""

FAR_SHARE, FAR, FAR_WEIGHT = 0.5, 6.0, 0.02
"""Places, as a share of all uniform ones, where errors are exaggerated; by how much at most; their weight."""


@dataclass(frozen=True)
class Drawn:
    """Uniform residuals: `inputs` [places, d_model], `outputs` [places, rows], `weights` [places].

    After the residuals as they are come some where the errors of the student's stream are exaggerated. One
    error in thousands is so large that neurons which never met such a stream write a hundred times what they
    should, and the next half-layer a hundred times that.
    """

    inputs: Tensor
    outputs: Tensor
    weights: Tensor

    @classmethod
    def of(cls, lesson: Lesson, level: int, random: torch.Generator) -> Drawn:
        """What one MLP meets."""
        school = lesson.school
        inputs, outputs = lesson.stream[school.drawn], lesson.outputs()[school.drawn]
        some = torch.randperm(len(inputs), generator=random)[: round(FAR_SHARE * len(inputs))]
        errors = inputs[some] - school.residuals[level][school.drawn][some] @ lesson.w_emb.T
        factor = FAR * (2 * torch.rand(len(some), 1, generator=random) - 1)
        weights = torch.ones(len(inputs) + len(some)) / len(inputs)
        weights[len(inputs) :] *= FAR_WEIGHT
        return cls(
            torch.cat([inputs, inputs[some] + factor * errors]), torch.cat([outputs, outputs[some]]), weights
        )


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
        practice = _Practice(level, lesson, unit, options, random)
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
        options: HalfByHalf,
        random: torch.Generator,
    ) -> None:
        school = lesson.school
        self._options, self._random, self._unit = options, random, unit
        self._importance = lesson.importance
        self._inputs, self._outputs = lesson.stream[school.taught], lesson.outputs()[school.taught]
        self._uniform = Drawn.of(lesson, level, random)
        reads = school.residuals[level][school.taught] @ torch.from_numpy(lesson.teacher.read[0, 0]).T
        self._weights = first_weights(reads, options.places, random)
        order = torch.randperm(len(self._uniform.inputs), generator=random)
        self._blocks = order.split(options.uniform_places)
        heard = options.uniform_each * float((lesson.importance * unit.square()).amax())
        self._uniform_weight = min(max(heard, options.uniform_weight), options.most_uniform)
        self._root = spread(lesson, level, unit, options.uniform_weight)

    def run(self, neurons: Neurons) -> tuple[Neurons, Tensor]:
        """Trained neurons and their output matrix."""
        options = self._options
        neurons = self._begun(neurons)
        best, fewest = neurons, -1
        for number in range(options.rounds):
            steps = min(options.steps * (number + 1), options.most_steps)
            regressions = [self._regression(block) for block in self._blocks]
            neurons = _descend(neurons, regressions, steps, options)
            wrong = self._errors(neurons, regressions[0].solution(neurons, options)).amax(dim=1) > 1
            count, before = int(wrong.sum()), fewest
            if before < 0 or count <= before:
                best, fewest = neurons, count
            # One round can leave no place wrong and all a little off, which a head that counts adds up.
            done = number > 0 and fewest <= options.enough * len(wrong)
            if done or 0 <= before * (1 - options.better) < count:
                break
            self._mind(wrong)
        return best, self._refitted(best)

    def _begun(self, neurons: Neurons) -> Neurons:
        """Neurons before the first round, from first ones."""
        options, regression = self._options, self._regression(self._blocks[0])
        count = len(neurons.bias)
        pool = drawn(options.pool * count, self._root * neurons.read.std(), regression, self._random)
        return chosen(pool, regression, count, options.ridge)

    def _regression(self, block: Tensor) -> Regression:
        """The places that are learned from, and a block of uniform residuals."""
        active = self._weights > 0
        drawn = self._uniform
        inputs, outputs, uniform = drawn.inputs[block], drawn.outputs[block], drawn.weights[block]
        uniform = uniform * (self._uniform_weight / uniform.sum())
        return Regression(
            torch.cat([self._inputs[active], inputs]),
            torch.cat([self._outputs[active], outputs]),
            torch.cat([self._weights[active] / self._weights.sum(), uniform]),
            self._unit,
            int(active.sum()),
        )

    def _errors(self, neurons: Neurons, write: Tensor) -> Tensor:
        """Errors [places, rows] in units of what is borne."""
        return ((neurons.features(self._inputs) @ write - self._outputs) / self._unit).abs()

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
        drawn = self._uniform
        features = neurons.features(self._inputs)
        return refit(
            Gram.of(features[active], self._outputs[active], weights),
            Uniform(neurons.features(drawn.inputs), drawn.outputs, drawn.weights, self._importance),
            lambda write: ((features @ write - self._outputs) / self._unit).abs(),
            self._options,
        )


def first_weights(reads: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Weights of all places, 0 but for `count`: as many of each case as there is room for, rare cases first.

    `reads` [places, neurons] of the teacher tell the cases apart; a case weighs as the root of its frequency.
    """
    case, sizes = cases(reads, GRAIN)
    order = torch.randperm(len(case), generator=random)
    order = order[torch.argsort(case[order], stable=True)]
    rank = torch.empty(len(case), dtype=torch.long)
    rank[order] = torch.arange(len(case)) - (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    jitter = torch.rand(len(case), generator=random)
    chosen = torch.argsort(rank + jitter)[:count]
    taken = torch.bincount(case[chosen], minlength=len(sizes)).clamp_min(1)
    weights = torch.zeros(len(case))
    weights[chosen] = (sizes.float().sqrt() / taken)[case[chosen]]
    return weights


def _descend(neurons: Neurons, regressions: Sequence[Regression], steps: int, options: HalfByHalf) -> Neurons:
    """Adam on the neurons. With the best output matrix W the gradient is that at fixed W.

    The regressions are taken in turn: they differ in their uniform residuals, which few neurons would
    otherwise learn by heart. Steps are taken in coordinates in which the stream is even.
    """
    scaled = [regression.scaled() for regression in regressions]
    even = Even.of(regressions[0].inputs[: regressions[0].own])
    scaled = [(inputs @ even.into, outputs) for inputs, outputs in scaled]
    weights = (even.back @ neurons.with_one())[None]
    rates = options.rate * cosine(torch.arange(steps)[:, None], steps, WARM_UP, 0.01)
    adam = Adam([weights])
    for step in range(1, steps):
        inputs, outputs = scaled[step % len(scaled)]
        features = (inputs @ weights[0]).relu_()
        write = quick_solution(features, outputs, options.ridge)
        back = (features @ write - outputs) @ write.T
        gradient = inputs.T @ torch.ops.aten.threshold_backward(back, features, 0)
        gradient[:, -1] = 0
        adam.step([gradient[None]], rates[step])
    found = even.into @ weights[0]
    return Neurons(found[:-1, :-1].clone(), found[-1, :-1].clone())
