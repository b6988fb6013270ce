"""What decides whether a student is taken: its loss on held-out inputs, its agreement on the verifier's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.agreement import agreement_of
from inverse_tracr.distill.attention import Scope
from inverse_tracr.distill.forward import run_students
from inverse_tracr.distill.halves import Half
from inverse_tracr.distill.lessons import Draw, draw, lesson
from inverse_tracr.distill.losses import Scales, layer_loss, output_loss
from inverse_tracr.distill.recipe import Inputs, Kind, Recipe
from inverse_tracr.distill.stack import Stack, StackShape
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.model import Weights
from inverse_tracr.model.shapes import Float32

MOST_LOSS = 0.05
LEAST_AGREEMENT = 0.9
"""Bounds of acceptance: of the held-out loss, and of the share of positions that are right."""

OUTPUT_WEIGHT = 0.1
"""Weight of the output's loss beside that of the half-layers."""

REJECTED_INPUTS = 200
"""Inputs of each length, at most, on which a student is looked at whose loss rejects it already."""

LOOKED_AT = 40
"""Inputs of each length, at most, on which two orders of sums are compared."""

HELD_OUT_VOCABULARY = 64
HELD_OUT_UNIFORM = 512
CHUNK = 64
"""Uniform residuals that are judged at once."""

_MEASURE = Recipe(Kind.COMPRESSED, layer_inputs=Inputs.RANDOM, by_resolution=False)


@dataclass(frozen=True)
class Judgement:
    """Losses on held-out inputs; `agreement` is the share of the verifier's inputs that are right at every
    position, `positions` the share of their positions that are right; `inputs` their number.
    """

    layer_loss: float
    output_loss: float
    agreement: float
    positions: float
    inputs: int

    @property
    def loss(self) -> float:
        """`layer_loss` + `OUTPUT_WEIGHT` × `output_loss`, which is compared with `MOST_LOSS`."""
        return self.layer_loss + OUTPUT_WEIGHT * self.output_loss

    @property
    def accepted(self) -> bool:
        """Whether both bounds are kept."""
        return self.loss <= MOST_LOSS and self.positions >= LEAST_AGREEMENT

    def of(self, agreement: float, positions: float, inputs: int) -> Judgement:
        """The same losses with another agreement."""
        return replace(self, agreement=agreement, positions=positions, inputs=inputs)


@dataclass(frozen=True)
class Candidate:
    """A student to judge: `halves` are its half-layers, `teacher` those of its teacher."""

    task: Task
    halves: Sequence[Half]
    teacher: Sequence[Half]
    w_emb: Float32[np.ndarray, "d_model d_full"]


def judge(candidate: Candidate, folded: Weights) -> Judgement:
    """Loss of the student on 512 held-out uniform residuals and 64 held-out inputs; agreement of what it was
    `folded` into, rounded to float32, on the verifier's inputs; on some of these where the loss rejects it.
    """
    layers, output = _held_out_loss(candidate)
    lost = layers + OUTPUT_WEIGHT * output > MOST_LOSS
    agreement, positions, inputs = agreement_of(candidate.task, folded, REJECTED_INPUTS if lost else None)
    return Judgement(layers, output, agreement, positions, inputs)


def _held_out_loss(candidate: Candidate) -> tuple[float, float]:
    task, sides = candidate.task, _Sides.of(candidate)
    drawn = draw(task, task.random(Stream.JUDGING), HELD_OUT_VOCABULARY, HELD_OUT_UNIFORM)
    layers = np.mean([_losses(task, sides, part)[0] for part in _parts(drawn)])
    only_vocabulary = _slice(drawn, slice(0, drawn.vocabulary))
    return float(layers), _losses(task, sides, only_vocabulary)[1]


def _parts(drawn: Draw) -> list[Draw]:
    """The uniform residuals, `CHUNK` at a time."""
    uniform = range(drawn.vocabulary, len(drawn.length), CHUNK)
    return [_slice(drawn, slice(start, start + CHUNK)) for start in uniform]


def _slice(drawn: Draw, part: slice) -> Draw:
    inside = drawn.vocabulary if part.start == 0 else 0
    return Draw(drawn.residual[:, part], drawn.length[part], drawn.targets[:, part], inside)


@dataclass(frozen=True)
class _Sides:
    """Teacher and student, each as a stack of one, and what errors count."""

    teachers: Stack
    students: Stack
    w_emb: Tensor
    scales: Scales

    @classmethod
    def of(cls, candidate: Candidate) -> _Sides:
        task, cpu = candidate.task, torch.device("cpu")
        shape = StackShape.of([task], [candidate.teacher])
        teachers = Stack.alone(shape, task, candidate.teacher, task.config.d_head, cpu)
        scales = Scales.empty(teachers)
        scales.put(0, task, teachers, by_resolution=False)
        shape = StackShape.of([task], [candidate.halves])
        students = Stack.alone(shape, task, candidate.halves, task.d_head, cpu)
        return cls(teachers, students, torch.from_numpy(candidate.w_emb)[None], scales)


def _losses(task: Task, sides: _Sides, drawn: Draw) -> tuple[float, float]:
    """Layer-wise and output loss on one batch."""
    batch = lesson(task, sides.teachers, drawn)
    students = sides.students
    scope = Scope(batch.scope.keys, students.scale, students.causal)
    with torch.no_grad():
        outputs, logits = run_students(students, sides.w_emb, batch.residual, scope)
        layers = layer_loss(_MEASURE, batch, sides.teachers, sides.scales, outputs)
        output = output_loss(batch, sides.teachers, sides.scales, logits)
    return float(layers), float(output)
