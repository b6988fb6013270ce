from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.distill import COMPRESSED, NATURAL, Recipe, Teacher, fold
from inverse_tracr.distill.agreement import FoldedStudent
from inverse_tracr.distill.halves import natural_halves, uncompressed_weights
from inverse_tracr.distill.teacher import Task
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.rasp import comparison_inputs


def folded_at_random(teacher: Teacher, recipe: Recipe, bias: float) -> tuple[Task, Weights]:
    """A student with a random W_emb and, everywhere, normal biases of this size."""
    task = Task.of(teacher, replace(recipe, factor=1.25), seed=1)
    compressed = task.compiled.weights
    weights = compressed if recipe is COMPRESSED else uncompressed_weights(task, natural_halves(task))
    random = np.random.default_rng(0)
    w_emb = random.standard_normal((task.d_model, task.config.d_model)) / np.sqrt(task.config.d_model)
    folded = fold(weights, w_emb.astype(np.float32))
    biases = {
        name: (bias * random.standard_normal(array.shape)).astype(np.float32)
        for name, array in vars(folded).items()
        if name.startswith("b_") and name != "b_U"
    }
    return task, Weights(**{**vars(folded), **biases})


@pytest.mark.parametrize("bias", [0.0, 0.1])
@pytest.mark.parametrize("recipe", [COMPRESSED, NATURAL], ids=["compressed", "natural"])
def test_a_folded_student_gives_the_logits_of_its_model(
    recipe: Recipe, bias: float, teachers: list[Teacher]
) -> None:
    for teacher in teachers:
        task, folded = folded_at_random(teacher, recipe, bias)
        encoders = task.compiled.input_encoder, task.compiled.output_encoder
        model = TransformerProgram(task.student_config, folded, *encoders)
        student = FoldedStudent.of(task, folded)
        for tokens in comparison_inputs(task.signature):
            expected = model.logits_for(tokens)
            found = student.logits(tokens).numpy().transpose(2, 1, 0)
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


def test_units_that_move_nothing_are_left_out(teachers: list[Teacher]) -> None:
    for teacher in teachers:
        task, folded = folded_at_random(teacher, COMPRESSED, 0.0)
        padded = folded.W_in.shape[0] * folded.W_in.shape[2]
        student = FoldedStudent.of(task, folded)
        neurons = [len(part.read) for part in student.parts if not part.heads]
        written = np.any(folded.W_out, axis=2)
        assert sum(neurons) == np.count_nonzero(written)
        assert sum(neurons) < padded
