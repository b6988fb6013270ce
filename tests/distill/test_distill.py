from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.distill import COMPRESSED, NATURAL, Kind, Reason, Recipe, Start, Student, Teacher, distill
from inverse_tracr.distill.agreement import agreement_of, own_agreement_of
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.judge import MOST_LOSS
from inverse_tracr.distill.teacher import Task
from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerProgram, Weights, load
from inverse_tracr.rasp import Signature, Trace, comparison_inputs, parse

FLEET = Recipe(Kind.NATURAL, steps=96, rate=1e-2, align_steps=0, start=Start.NORMAL)
"""Natural students that are trained as a whole, many at once."""


def agreement(student: Student, teacher: Teacher) -> float:
    """Share of all inputs that the saved model itself gets right."""
    right = total = 0
    for tokens in comparison_inputs(teacher.signature):
        said = student.model.output_encoder.decode(student.model.logits_for(tokens))
        truth = Trace(teacher.program, teacher.signature, tokens).output.decode()
        right += sum(
            np.allclose(np.array(a, float), np.array(b, float), atol=0.04)
            for a, b in zip(said, truth, strict=True)
        )
        total += len(truth)
    return right / total


@pytest.fixture(scope="module")
def compressed(teachers: list[Teacher]) -> list[Student]:
    return sorted(distill(teachers[:2], COMPRESSED, seed=0), key=lambda s: s.item)


@pytest.fixture(scope="module")
def natural(teachers: list[Teacher]) -> list[Student]:
    return sorted(distill(teachers[:2], NATURAL, seed=0), key=lambda s: s.item)


def test_compressed_students_compute_their_programs(
    compressed: list[Student], teachers: list[Teacher]
) -> None:
    for student, teacher in zip(compressed, teachers, strict=False):
        assert student.reason is Reason.ACCEPTED
        assert student.judgement is not None
        assert student.judgement.agreement == 1
        assert agreement(student, teacher) == 1
        assert student.core_seconds > 0


def test_a_natural_student_computes_its_program(natural: list[Student], teachers: list[Teacher]) -> None:
    for student, teacher in zip(natural, teachers, strict=False):
        assert student.reason is Reason.ACCEPTED
        assert student.judgement is not None
        assert student.judgement.agreement == 1
        assert agreement(student, teacher) == 1
        assert np.any(student.model.weights().b_in)


@pytest.mark.parametrize("causal", [False, True])
def test_a_numerical_output(causal: bool, teachers: list[Teacher]) -> None:
    numerical = teachers[2]
    signature = replace(numerical.signature, causal=causal)
    teacher = replace(numerical, signature=signature)
    (student,) = distill([teacher], replace(COMPRESSED, factor=1.0), seed=0)
    assert student.reason is Reason.ACCEPTED
    assert student.model.config.causal is causal
    assert agreement(student, teacher) == 1


def test_a_folded_student_is_saved_loaded_and_run(natural: list[Student], tmp_path: Path) -> None:
    for student in natural:
        folder = tmp_path / str(student.item)
        student.model.save(folder)
        loaded = load(folder)
        for name, array in vars(student.checkpoints[0].weights).items():
            np.testing.assert_array_equal(array, getattr(loaded.weights(), name), err_msg=name)
        vocab = student.model.input_encoder.tokens
        inputs = [token for token in vocab if isinstance(token, str) and len(token) == 1][:2]
        assert loaded(inputs) == student.model(inputs)


def test_the_judge_says_what_the_model_says(natural: list[Student], teachers: list[Teacher]) -> None:
    recipe = NATURAL
    for student, teacher in zip(natural, teachers, strict=False):
        task = Task.of(teacher, recipe, seed=0)
        weights = student.checkpoints[0].weights
        noise = np.random.default_rng(0)
        noisy = {
            name: array + noise.normal(scale=0.005, size=array.shape).astype(np.float32)
            for name, array in vars(weights).items()
        }
        worse = Weights(**noisy)
        share, positions, inputs = agreement_of(task, worse)
        model = TransformerProgram(
            task.student_config, worse, task.compiled.input_encoder, task.compiled.output_encoder
        )
        right = total = whole = 0
        for tokens in comparison_inputs(teacher.signature):
            said = model.output_encoder.decode(model.logits_for(tokens))
            truth = Trace(teacher.program, teacher.signature, tokens).output.decode()
            good = [[a == b for a, b in zip(*pair, strict=True)] for pair in zip(said, truth, strict=True)]
            right += sum(map(sum, good))
            whole += sum(map(all, good))
            total += sum(map(len, good))
        assert (share, positions) == (whole / inputs, right / total)
        assert own_agreement_of(task, model) == (share, positions, inputs)


def test_copies_are_checkpoints(teachers: list[Teacher]) -> None:
    (student,) = distill(teachers[:1], replace(COMPRESSED, copies=2), seed=0)
    assert len(student.checkpoints) == 3
    steps = [checkpoint.steps for checkpoint in student.checkpoints]
    assert steps == sorted(set(steps))
    first, last = student.checkpoints[0].weights.W_E, student.checkpoints[-1].weights.W_E
    assert not np.array_equal(first, last)


def test_the_same_seed_gives_the_same_bytes(compressed: list[Student], teachers: list[Teacher]) -> None:
    again = sorted(distill(teachers[:2], COMPRESSED, seed=0), key=lambda s: s.item)
    for first, second in zip(compressed, again, strict=True):
        for name, array in vars(first.checkpoints[0].weights).items():
            assert array.tobytes() == getattr(second.checkpoints[0].weights, name).tobytes(), name


def test_another_seed_gives_other_weights(compressed: list[Student], teachers: list[Teacher]) -> None:
    (other,) = distill(teachers[1:2], COMPRESSED, seed=1)
    assert not np.allclose(other.model.weights().W_E, compressed[1].model.weights().W_E, atol=0.1)


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.0])
def test_the_factor_sets_the_width(factor: float, teachers: list[Teacher]) -> None:
    recipe = replace(COMPRESSED, factor=factor)
    (student,) = distill(teachers[1:2], recipe, seed=0)
    width = compile_weights(teachers[1].program, teachers[1].signature, mode=Mode.FIXED).plan.config.d_model
    assert student.model.config.d_model == int(width / factor)


def test_hopeless_students_are_given_up_early(teachers: list[Teacher]) -> None:
    recipe = replace(FLEET, steps=960, rate=1e-9, hopeless=1.0, hopeless_after=0.1)
    (student,) = distill(teachers[1:2], recipe, seed=0)
    assert student.reason is Reason.HOPELESS
    assert student.steps == 96
    assert student.checkpoints == ()
    with pytest.raises(ValueError, match="item 1 has no student: given up early"):
        _ = student.model


def test_a_student_that_diverges_is_not_taken(teachers: list[Teacher]) -> None:
    recipe = replace(FLEET, rate=1e30)
    (student,) = distill(teachers[:1], recipe, seed=0)
    assert student.reason is Reason.DIVERGED


def test_a_teacher_that_cannot_be_compiled_gives_no_student() -> None:
    program = parse("v1 = map(tokens, x / 0)\nreturn v1")
    (student,) = distill([Teacher(7, program, Signature(("a",), 2))], COMPRESSED, seed=0)
    assert (student.item, student.reason, student.checkpoints) == (7, Reason.UNCOMPILABLE, ())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": 0.5}, "factor: an option of a recipe; expected at least 1, got 0.5"),
        ({"slots": 0}, "slots: an option of a recipe; expected at least 1, got 0"),
        ({"rate": 0.0}, "rate: an option of a recipe; expected a positive number"),
        ({"check_every": 5}, "check_every: an option of a recipe; expected a multiple of pages"),
    ],
)
def test_bad_options_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        replace(COMPRESSED, **change)


def test_a_natural_recipe_without_steps_is_refused() -> None:
    with pytest.raises(
        BadInputError, match="steps: a natural student needs training; expected 1 or more, got 0"
    ):
        replace(NATURAL, halves=None)


def test_a_compressed_recipe_has_no_half_layers_to_train() -> None:
    with pytest.raises(BadInputError, match="only natural students are trained half-layer by half-layer"):
        replace(COMPRESSED, halves=HalfByHalf())


def test_options_of_half_layers_are_positive() -> None:
    with pytest.raises(
        BadInputError, match="slack: an option of a recipe; expected a positive number, got 0"
    ):
        HalfByHalf(slack=0)


def test_an_item_is_not_negative() -> None:
    program = parse("v1 = map(tokens, x == 1)\nreturn v1")
    with pytest.raises(BadInputError, match="the number of an item; expected 0 or more, got -1"):
        Teacher(-1, program, Signature((0, 1), 2))


def test_half_layers_are_trained_on_cpus_only(teachers: list[Teacher]) -> None:
    with pytest.raises(BadInputError, match=r"device: students .* expected cpu, got meta"):
        next(distill(teachers[:1], NATURAL, device="meta", seed=0))


def test_recipes_are_named() -> None:
    from inverse_tracr.distill import RECIPES

    kinds = ("compressed", "natural")
    assert set(RECIPES) == {prefix + kind for prefix in ("", "test-", "thesis-") for kind in kinds}
    assert all(isinstance(recipe, Recipe) for recipe in RECIPES.values())


def test_students_for_which_the_order_of_sums_matters_are_judged_by_their_own_forward_pass(
    teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def half(task: Task, folded: Weights, most: int | None = None) -> tuple[float, float, int]:
        return 0.5, 0.95, 100

    def own(task: Task, model: TransformerProgram, most: int | None = None) -> tuple[float, float, int]:
        asked.append(task.teacher.item)
        return 0.75, 0.96, 200

    monkeypatch.setattr("inverse_tracr.distill.judge.agreement_of", half)
    monkeypatch.setattr("inverse_tracr.distill.driver.agreement_of", half)
    monkeypatch.setattr("inverse_tracr.distill.driver.own_agreement_of", own)
    recipe = replace(COMPRESSED, factor=1.25)
    students = list(distill(teachers, recipe, seed=0))
    judged = [s.judgement for s in students if s.judgement is not None and s.judgement.loss <= MOST_LOSS]
    assert judged
    assert all((j.agreement, j.positions, j.inputs) == (0.75, 0.96, 200) for j in judged)
    monkeypatch.setattr("inverse_tracr.distill.driver.agreement_of", own)
    same = list(distill(teachers, recipe, seed=0))
    assert all(s.judgement is None or s.judgement.agreement == 0.5 for s in same)
    asked.clear()
    list(distill(teachers, replace(recipe, turns=1), seed=0))
    assert not asked  # the recipe of the test sets
