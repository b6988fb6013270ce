from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.distill import COMPRESSED, NATURAL, FoldError, Recipe, Teacher, fold
from inverse_tracr.distill.folding import fold_exactly, folded_model, run_unfolded
from inverse_tracr.distill.halves import natural_halves, uncompressed_weights
from inverse_tracr.distill.teacher import Task
from inverse_tracr.model import Weights


def random_student(teacher: Teacher, recipe: Recipe) -> tuple[Task, Weights, np.ndarray]:
    """A student with large biases everywhere."""
    task = Task.of(teacher, recipe, seed=1)
    weights = uncompressed_weights(task, natural_halves(task)) if recipe is NATURAL else task.compiled.weights
    random = np.random.default_rng(teacher.item)
    biases = {
        name: random.standard_normal(array.shape).astype(np.float32)
        for name, array in vars(weights).items()
        if name.startswith("b_")
    }
    w_emb = random.standard_normal((task.d_model, task.config.d_model)).astype(np.float32)
    return task, Weights(**{**vars(weights), **biases}), w_emb / 4


@pytest.mark.parametrize("recipe", [COMPRESSED, NATURAL], ids=["compressed", "natural"])
def test_the_folded_model_computes_what_algorithm_1_computes(recipe: Recipe, teachers: list[Teacher]) -> None:
    for teacher in teachers:
        task, weights, w_emb = random_student(teacher, recipe)
        model = folded_model(task, weights, w_emb)
        assert model.config == task.student_config
        tokens = np.zeros((1, teacher.signature.max_seq_len), dtype=np.int64)
        encoder = task.compiled.input_encoder
        ids = np.concatenate(
            [[[encoder.bos]], np.full_like(tokens, encoder.row(teacher.signature.vocab[0]))], axis=1
        )
        originals = {name: array.astype(np.float64) for name, array in vars(weights).items()}
        unfolded = run_unfolded(originals, w_emb, ids, causal=task.config.causal)[:, 1:]
        np.testing.assert_allclose(
            model.logits_for(tokens), unfolded, rtol=1e-3, atol=1e-3 * np.abs(unfolded).max()
        )


def test_the_first_bias_of_an_mlp_is_not_multiplied_by_w_emb(teachers: list[Teacher]) -> None:
    _, weights, w_emb = random_student(teachers[0], NATURAL)
    folded = fold(weights, w_emb)
    np.testing.assert_array_equal(folded.b_in, weights.b_in)
    np.testing.assert_array_equal(folded.b_Q, weights.b_Q)
    assert folded.b_O.shape == folded.b_out.shape == (len(weights.W_Q), len(w_emb))


def test_a_fold_that_is_wrong_is_refused(teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch) -> None:
    task, weights, w_emb = random_student(teachers[0], NATURAL)

    def careless(given: Weights, w_emb: np.ndarray) -> dict[str, np.ndarray]:
        folded = fold_exactly(given, w_emb)
        return {**folded, "b_in": 2 * folded["b_in"]}

    monkeypatch.setattr("inverse_tracr.distill.folding.fold_exactly", careless)
    with pytest.raises(FoldError, match="item 0: the folded model differs from the student"):
        folded_model(task, weights, w_emb)
