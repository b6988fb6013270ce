"""A fleet: students of like shape that take every step of gradient descent together.

Slots hold students; one that is done or hopeless falls out and the next of the queue takes its place.
Students do not touch each other: each has its own lessons, gradient norm, learning rate and step count.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.adam import Adam, cosine
from inverse_tracr.distill.attention import Scope
from inverse_tracr.distill.forward import run_students
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.held import Basis, Held
from inverse_tracr.distill.lessons import Batch, Lessons
from inverse_tracr.distill.losses import Scales, layer_loss, loss, output_loss
from inverse_tracr.distill.recipe import Inputs, Kind, Recipe
from inverse_tracr.distill.stack import Stack, StackShape
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.distill.truth import right

LOOK_VOCABULARY, LOOK_UNIFORM = 128, 16
"""Sequences on which a student is looked at between steps."""

LOOK_LOSS = 0.035
"""Loss on a look below which a student may be done before its last step."""

PERFECT_LOOKS = 2
"""Looks in a row without an error after which a student is done."""


@dataclass(frozen=True)
class Snapshot:
    """Parameters of a student after `steps` steps."""

    halves: Sequence[Half]
    w_emb: np.ndarray
    steps: int


@dataclass
class Trainee:
    """A student in training: its half-layers, its teacher's, W_emb, and how it fares.

    What `basis` holds stays as it is while W_emb alone is trained. `snapshots` are of the
    moment when it was done and of later ones.
    """

    task: Task
    halves: Sequence[Half]
    teacher: Sequence[Half]
    w_emb: np.ndarray
    basis: Basis
    snapshots: list[Snapshot] = field(default_factory=list)
    steps: int = 0
    core_seconds: float = 0.0
    perfect_looks: int = 0
    diverged: bool = False
    hopeless: bool = False
    crowded: bool = False

    @property
    def given_up(self) -> bool:
        """Whether it diverged or is hopeless."""
        return self.diverged or self.hopeless


@dataclass(frozen=True)
class Look:
    """Share of right positions and loss of each student at one moment."""

    agreement: list[float]
    loss: list[float]


class Fleet:
    """`recipe.slots` students at most, padded to the largest of all that will enter."""

    def __init__(self, recipe: Recipe, trainees: Sequence[Trainee], device: torch.device) -> None:
        self._recipe = recipe
        self._queue = deque(trainees)
        slots = min(recipe.slots, len(trainees))
        tasks = [t.task for t in trainees]
        shape = StackShape.of(tasks, [t.halves for t in trainees])
        teacher_shape = StackShape.of(tasks, [t.teacher for t in trainees])
        self._slots: list[Trainee | None] = [None] * slots
        self._students = Stack.empty(shape, slots, device)
        self._teachers = Stack.empty(teacher_shape, slots, device)
        self._lessons = Lessons(
            self._teachers,
            recipe.pages,
            recipe.vocabulary_batch,
            recipe.random_batch,
            random_targets=recipe.output_inputs is Inputs.RANDOM,
        )
        self._looks = Lessons(self._teachers, 1, LOOK_VOCABULARY, LOOK_UNIFORM)
        self._scales = Scales.empty(self._teachers)
        self._w_emb = torch.zeros(slots, shape.d_model, shape.d_full, device=device)
        self._held = Held.empty(self._w_emb)
        self._trained = [self._w_emb]
        if recipe.kind is Kind.NATURAL:
            self._trained += [p for half in self._students.halves for p in half.parameters]
        self._adam = Adam(self._trained)
        self._steps = torch.zeros(slots, device=device)
        self._page = 0

    def run(self) -> Iterator[Trainee]:
        """Train everything in the queue; yields students as they fall out."""
        for slot in range(len(self._slots)):
            self._enter(slot)
        while any(self._slots):
            started = time.process_time()
            for _ in range(self._recipe.check_every):
                self._step()
            self._look_at_all()
            self._share_costs(time.process_time() - started)
            for slot, trainee in enumerate(self._slots):
                if trainee is None or not self._is_over(trainee):
                    continue
                trainee.snapshots.append(self._snapshot(slot, trainee))
                if trainee.given_up or len(trainee.snapshots) > self._recipe.copies:
                    yield trainee
                    self._enter(slot)

    def _enter(self, slot: int) -> None:
        """Put the next of the queue into a slot, or empty it."""
        if not self._queue:
            self._slots[slot] = None
            return
        started = time.process_time()
        trainee = self._slots[slot] = self._queue.popleft()
        task = trainee.task
        random = task.random(Stream.TRAINING)
        with torch.no_grad():
            self._lessons.put(slot, task, trainee.teacher, random)
            self._looks.put(slot, task, trainee.teacher, random)
            self._students.put(slot, task, trainee.halves, task.d_head)
            self._scales.put(slot, task, self._teachers, by_resolution=self._recipe.by_resolution)
            self._w_emb[slot] = 0
            rows, columns = trainee.w_emb.shape
            self._w_emb[slot, :rows, :columns] = torch.from_numpy(trainee.w_emb)
            self._held.put(slot, trainee.basis)
        self._adam.reset(slot)
        self._steps[slot] = 0
        trainee.core_seconds += time.process_time() - started

    def _step(self) -> None:
        recipe = self._recipe
        batch = self._lessons.pages[self._page % recipe.pages]
        self._page += 1
        for tensor in self._trained:
            tensor.requires_grad_()
        total = self._loss(batch).sum()
        gradients = torch.autograd.grad(total, self._trained)
        rates = recipe.rate * cosine(self._steps, recipe.steps, recipe.warm_up, recipe.last_rate)
        with torch.no_grad():
            for tensor in self._trained:
                tensor.requires_grad_(False)
            if recipe.kind is Kind.COMPRESSED:
                gradients = [self._held.free(gradients[0])]
            self._adam.step(gradients, rates, recipe.clip)
            if recipe.kind is Kind.COMPRESSED:
                self._w_emb.copy_(self._held.rows + self._held.free(self._w_emb))
            self._mask_layers()
        self._steps += 1

    def _loss(self, batch: Batch) -> Tensor:
        outputs, logits = run_students(self._students, self._w_emb, batch.residual, self._scope(batch))
        return loss(self._recipe, batch, self._teachers, self._scales, outputs, logits)

    def _scope(self, batch: Batch) -> Scope:
        return Scope(batch.scope.keys, self._students.scale, self._students.causal)

    def _mask_layers(self) -> None:
        """Biases written by layers that a student does not have are the only padding with a gradient."""
        if self._recipe.kind is Kind.NATURAL:
            for half in self._students.halves:
                half.write_bias.mul_((half.dims < self._students.shape.d_full)[..., None])

    def _look_at_all(self) -> None:
        look = self._look()
        for slot, trainee in enumerate(self._slots):
            if trainee is None:
                continue
            trainee.steps = int(self._steps[slot])
            agreement, current = look.agreement[slot], look.loss[slot]
            trainee.diverged = not np.isfinite(current)
            perfect = agreement == 1 and current <= LOOK_LOSS
            trainee.perfect_looks = trainee.perfect_looks + 1 if perfect else 0
            trainee.hopeless = not trainee.snapshots and agreement < self._least_agreement(trainee)

    def _least_agreement(self, trainee: Trainee) -> float:
        """What a student must have right at this look not to be given up."""
        recipe = self._recipe
        looks = trainee.steps // recipe.check_every
        least = recipe.doubtful[looks - 1] if looks <= len(recipe.doubtful) else 0.0
        late = trainee.steps >= recipe.hopeless_after * recipe.steps
        return max(least, recipe.hopeless) if late else least

    @torch.no_grad()
    def _look(self) -> Look:
        (batch,) = self._looks.pages
        outputs, logits = run_students(self._students, self._w_emb, batch.residual, self._scope(batch))
        measure = Recipe(Kind.COMPRESSED, layer_inputs=Inputs.RANDOM)
        losses = layer_loss(measure, batch, self._teachers, self._scales, outputs)
        losses = losses + 0.1 * output_loss(batch, self._teachers, self._scales, logits)
        agreement: list[float] = []
        for slot, trainee in enumerate(self._slots):
            if trainee is None:
                agreement.append(0.0)
                continue
            said = logits[slot, : trainee.task.config.d_vocab_out]
            good = right(trainee.task, said, batch.targets[slot]) & (batch.weights[slot, 2] > 0)
            asked = int((batch.weights[slot, 2] > 0).sum())
            agreement.append(int(good.sum()) / asked)
        return Look(agreement, losses.tolist())

    def _share_costs(self, seconds: float) -> None:
        present = [t for t in self._slots if t is not None]
        for trainee in present:
            trainee.core_seconds += seconds / len(present)

    def _is_over(self, trainee: Trainee) -> bool:
        """Whether the student has come to its next snapshot, or is given up."""
        if trainee.given_up:
            return True
        if trainee.snapshots:
            return trainee.steps >= trainee.snapshots[-1].steps + self._recipe.copy_every
        return trainee.perfect_looks >= PERFECT_LOOKS or trainee.steps >= self._recipe.steps

    def _snapshot(self, slot: int, trainee: Trainee) -> Snapshot:
        rows, columns = trainee.w_emb.shape
        halves = trainee.halves
        if self._recipe.kind is Kind.NATURAL:
            halves = [
                stacked.take(slot, like)
                for stacked, like in zip(self._students.halves, trainee.halves, strict=False)
            ]
        w_emb = self._w_emb[slot, :rows, :columns].cpu().numpy().copy()
        return Snapshot(halves, w_emb, trainee.steps)
