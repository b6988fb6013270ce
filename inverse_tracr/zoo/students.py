"""The students of a zoo, trained by distillation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from inverse_tracr.distill import RECIPES, Student, Teacher, distill
from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.items import Item
from inverse_tracr.zoo.training import Trained


@dataclass(frozen=True)
class DistillTrainer:
    """Trains the students of a chunk by the recipe of the zoo's kind, on a device of PyTorch."""

    device: str = "cpu"

    def __call__(self, config: ZooConfig, items: Sequence[Item]) -> Iterator[Trained]:
        """Every item's checkpoints, or the one that was turned down."""
        recipe = replace(RECIPES[config.recipe_name], copies=config.copies - 1, factor=config.factor)
        teachers = [Teacher(item.row.item, item.program, item.signature) for item in items]
        for student in distill(teachers, recipe, device=self.device, seed=config.seed):
            yield from _checkpoints(student)


def _checkpoints(student: Student) -> Iterator[Trained]:
    if not student.checkpoints:
        found = student.judgement
        yield Trained(
            item=student.item,
            copy=0,
            weights=None,
            loss=math.inf if found is None else found.loss,
            agreement=0.0 if found is None else found.agreement,
            position_agreement=0.0 if found is None else found.positions,
            steps=student.steps,
        )
    for copy, checkpoint in enumerate(student.checkpoints):
        yield Trained(
            item=student.item,
            copy=copy,
            weights=checkpoint.weights,
            loss=checkpoint.judgement.loss,
            agreement=checkpoint.judgement.agreement,
            position_agreement=checkpoint.judgement.positions,
            steps=checkpoint.steps,
        )
