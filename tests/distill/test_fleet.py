"""A student learns the same alone and among others, whatever the padding and whenever it enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from inverse_tracr.distill import COMPRESSED, NATURAL, Inputs, LayerLoss, OutputLoss, Recipe, Teacher
from inverse_tracr.distill.fleet import Fleet, Snapshot, Trainee
from inverse_tracr.distill.halves import Half, natural_halves, teacher_halves
from inverse_tracr.distill.held import Basis
from inverse_tracr.distill.recipe import Kind
from inverse_tracr.distill.teacher import Task

SHORT = {"steps": 4, "pages": 2, "check_every": 4, "vocabulary_batch": 6, "random_batch": 3, "rate": 1e-3}
RECIPES = {
    "compressed": replace(COMPRESSED, **SHORT),
    "natural": replace(NATURAL, **SHORT),
    "l1, multiplied": replace(NATURAL, **SHORT, layer_loss=LayerLoss.L1, output_loss=OutputLoss.MULTIPLIED),
    "random, cross-entropy": replace(
        COMPRESSED,
        **SHORT,
        layer_loss=LayerLoss.CROSS_ENTROPY,
        layer_inputs=Inputs.RANDOM,
        output_inputs=Inputs.RANDOM,
    ),
}


def trained(teachers: Sequence[Teacher], recipe: Recipe) -> dict[int, Snapshot]:
    """Each student's last snapshot, by item."""
    trainees: list[Trainee] = []
    for teacher in teachers:
        task = Task.of(teacher, recipe, seed=3)
        own = teacher_halves(task)
        halves: Sequence[Half] = natural_halves(task) if recipe.kind is Kind.NATURAL else own
        random = np.random.default_rng(teacher.item)
        w_emb = 0.3 * random.standard_normal((task.d_model, task.config.d_model))
        nothing = Basis.nothing(task.config.d_model)
        trainees.append(Trainee(task, halves, own, w_emb.astype(np.float32), nothing))
    fleet = Fleet(recipe, trainees, torch.device("cpu"))
    return {t.task.teacher.item: t.snapshots[-1] for t in fleet.run()}


def assert_same(mine: Snapshot, theirs: Snapshot) -> None:
    """Equal but for rounding, which Adam makes larger; four steps move parameters by up to 4e-3."""
    np.testing.assert_allclose(mine.w_emb, theirs.w_emb, atol=2e-4)
    for a, b in zip(mine.halves, theirs.halves, strict=True):
        for name in ("read", "read_bias", "write", "write_bias"):
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=2e-4, err_msg=name)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_student_alone_is_the_same_student_in_a_fleet(recipe: Recipe, teachers: list[Teacher]) -> None:
    together = trained(teachers, recipe)
    for teacher in teachers:
        alone = trained([teacher], recipe)[teacher.item]
        assert alone.steps == 4
        assert_same(alone, together[teacher.item])


def test_a_student_that_enters_late_is_the_same(teachers: list[Teacher]) -> None:
    recipe = RECIPES["natural"]
    together = trained(teachers, recipe)
    in_turn = trained(teachers, replace(recipe, slots=1))
    for item, snapshot in together.items():
        assert_same(snapshot, in_turn[item])


def test_training_moves_every_parameter_of_a_natural_student(teachers: list[Teacher]) -> None:
    recipe = RECIPES["natural"]
    snapshot = trained(teachers, recipe)[0]
    first = natural_halves(Task.of(teachers[0], recipe, seed=3))
    for before, after in zip(first, snapshot.halves, strict=True):
        for name in ("read", "read_bias", "write", "write_bias"):
            assert not np.allclose(getattr(before, name), getattr(after, name), atol=1e-7), name


def test_copies_are_later_snapshots(teachers: list[Teacher]) -> None:
    recipe = replace(RECIPES["natural"], copies=2, copy_every=5, hopeless=0.0)
    task = Task.of(teachers[1], recipe, seed=3)
    w_emb = np.full((task.d_model, task.config.d_model), 0.1, dtype=np.float32)
    trainee = Trainee(
        task, natural_halves(task), teacher_halves(task), w_emb, Basis.nothing(task.config.d_model)
    )
    (found,) = Fleet(recipe, [trainee], torch.device("cpu")).run()
    assert [snapshot.steps for snapshot in found.snapshots] == [4, 12, 20]
    first, second, _ = found.snapshots
    assert not np.array_equal(first.w_emb, second.w_emb)


def test_what_is_held_stays_and_the_rest_stays_orthogonal(teachers: list[Teacher]) -> None:
    recipe = RECIPES["compressed"]
    task = Task.of(teachers[0], recipe, seed=3)
    basis, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((task.config.d_model, 3)))
    w_emb = np.zeros((task.d_model, task.config.d_model), dtype=np.float32)
    w_emb[:3] = basis.T
    w_emb[3:, :2] = 0.3
    own = teacher_halves(task)
    held = Basis(basis.T, np.eye(len(basis)) - basis @ basis.T, exact=False)
    (found,) = Fleet(recipe, [Trainee(task, own, own, w_emb, held)], torch.device("cpu")).run()
    after = found.snapshots[-1].w_emb
    np.testing.assert_allclose(after[:3], basis.T, atol=1e-6)
    np.testing.assert_allclose(after[3:] @ basis, 0, atol=1e-5)
    assert not np.allclose(after[3:], w_emb[3:], atol=1e-4)


@pytest.mark.parametrize(
    ("doubtful", "steps"),
    [((), 16), ((0.0, 1.1), 8), ((1.1,), 4)],
    ids=["never", "second look", "first look"],
)
def test_a_doubtful_student_is_given_up_at_its_look(
    teachers: list[Teacher], doubtful: tuple[float, ...], steps: int
) -> None:
    recipe = replace(RECIPES["natural"], steps=16, check_every=4, pages=4, hopeless=0.0, doubtful=doubtful)
    task = Task.of(teachers[1], recipe, seed=3)
    w_emb = np.full((task.d_model, task.config.d_model), 0.1, dtype=np.float32)
    basis = Basis.nothing(task.config.d_model)
    trainee = Trainee(task, natural_halves(task), teacher_halves(task), w_emb, basis)
    (found,) = Fleet(recipe, [trainee], torch.device("cpu")).run()
    assert (found.steps, found.hopeless) == (steps, bool(doubtful))
