"""First neurons that are chosen, and coordinates in which the stream is even."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inverse_tracr.distill import NATURAL, Teacher
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import natural_halves, teacher_halves
from inverse_tracr.distill.natural.chosen import chosen, drawn, spread
from inverse_tracr.distill.natural.even import LEAST_SPREAD, Even
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.mlp_half import train_mlp
from inverse_tracr.distill.natural.neurons import Neurons, Regression
from inverse_tracr.distill.natural.school import enrol
from inverse_tracr.distill.natural.solve import with_one
from inverse_tracr.distill.teacher import Stream, Task

PLACES, FEATURES = 300, 5


def regression(outputs: torch.Tensor, inputs: torch.Tensor) -> Regression:
    """All places alike, one output, of vocabulary inputs."""
    weights = torch.full((len(inputs),), 1 / len(inputs))
    return Regression(inputs, outputs, weights, torch.ones(outputs.shape[1]), len(inputs))


@pytest.fixture
def inputs() -> torch.Tensor:
    """Places in the stream."""
    return torch.randn(PLACES, FEATURES, generator=torch.Generator().manual_seed(0))


def test_those_are_chosen_that_explain_the_outputs_together(inputs: torch.Tensor) -> None:
    random = torch.Generator().manual_seed(1)
    pool = Neurons(torch.randn(FEATURES, 40, generator=random), torch.randn(40, generator=random))
    made_of = torch.tensor([3, 17, 30])
    outputs = pool.features(inputs)[:, made_of] @ torch.tensor([[1.0, 0], [0.1, 2], [-1, 1]]) + 5
    asked = regression(outputs, inputs)

    def error(neurons: Neurons) -> float:
        found = neurons.features(inputs) @ asked.solution(neurons, HalfByHalf())
        return float((found - outputs).square().mean())

    first = Neurons(pool.read[:, :6], pool.bias[:6])
    assert error(chosen(pool, asked, 6, 1e-9)) < 0.02 * error(first)


def test_a_neuron_that_is_there_twice_is_chosen_once(inputs: torch.Tensor) -> None:
    random = torch.Generator().manual_seed(1)
    read, bias = torch.randn(FEATURES, 12, generator=random), torch.randn(12, generator=random)
    twice = Neurons(torch.cat([read, read], dim=1), torch.cat([bias, bias]))
    found = chosen(twice, regression(inputs[:, :2].abs(), inputs), 12, 1e-9)
    assert len(set(found.bias.tolist())) == 12


def test_kinks_of_random_neurons_lie_between_places(inputs: torch.Tensor) -> None:
    root = torch.diag(torch.tensor([1.0, 0, 0, 0, 0]))
    found = drawn(200, root, regression(inputs[:, :1], inputs), torch.Generator().manual_seed(2))
    assert not found.read[1:].any()
    kinks = -found.bias / found.read[0]
    assert float(inputs[:, 0].min()) <= float(kinks.min()) < float(kinks.max()) <= float(inputs[:, 0].max())


def test_even_coordinates_are_centred_have_one_size_and_can_be_undone() -> None:
    random = torch.Generator().manual_seed(3)
    scales = torch.tensor([10.0, 1, 0.3, 1e-4])
    places = 5 + scales * torch.randn(2000, 4, generator=random)
    even = Even.of(places)
    found = with_one(places) @ even.into
    torch.testing.assert_close(found[:, -1], torch.ones(2000))
    torch.testing.assert_close(found[:, :-1].mean(dim=0), torch.zeros(4), atol=2e-3, rtol=0)
    torch.testing.assert_close(found[:, :-1].std(dim=0)[:3], torch.ones(3), atol=0.05, rtol=0)
    assert float(found[:, :-1].std(dim=0)[3]) < 2e-4 / LEAST_SPREAD
    torch.testing.assert_close(even.into @ even.back, torch.eye(5), atol=1e-3, rtol=0)


@pytest.fixture(scope="module")
def stepping(teachers: list[Teacher]) -> tuple[Task, Lesson]:
    """The MLP of a teacher that counts, with the stream that its teacher leaves."""
    options = HalfByHalf(sequences=200, uniform=64)
    task = Task.of(teachers[1], NATURAL, seed=0)
    halves = teacher_halves(task)
    school = enrol(task, halves, options, task.random(Stream.TRAINING))
    random = torch.Generator().manual_seed(0)
    w_emb = torch.linalg.qr(torch.randn(task.config.d_model, task.d_model, generator=random))[0].T
    importance = torch.full((len(halves[1].dims),), 1e-4)
    stream = school.residuals[1] @ w_emb.T
    first = natural_halves(task)[1]
    return task, Lesson(school, stream, halves[1], first, w_emb, school.outputs[1], importance)


def test_random_reads_go_where_the_teacher_reads(stepping: tuple[Task, Lesson]) -> None:
    task, lesson = stepping
    root = spread(lesson, 1, torch.ones(len(lesson.teacher.dims)), 1e-3)
    assert float(root.square().sum()) == pytest.approx(task.d_model, rel=0.2)
    stream = lesson.stream[lesson.school.taught]
    reads = lesson.school.residuals[1][lesson.school.taught] @ torch.from_numpy(lesson.teacher.read[0, 0]).T
    best = torch.linalg.lstsq(with_one(stream), reads, driver="gelsd").solution[:-1]
    best = best / best.norm(dim=0)
    along = (root @ best).norm(dim=0).square().mean()
    assert float(along) > 3 * float(root.square().sum()) / task.d_model


def test_chosen_neurons_learn_steps_in_fewer_steps(stepping: tuple[Task, Lesson]) -> None:
    task, lesson = stepping
    short = HalfByHalf(sequences=200, uniform=64, rounds=1, steps=10)

    def error(options: HalfByHalf) -> float:
        random = torch.Generator().manual_seed(0)
        _, written = train_mlp(task, 1, lesson, options, random)
        taught = lesson.school.taught[lesson.school.there]
        outputs = lesson.outputs()[lesson.school.there]
        return float((written[:, lesson.teacher.dims] - outputs)[taught].square().mean())

    assert error(short) < 0.7 * error(replace(short, pool=1))
