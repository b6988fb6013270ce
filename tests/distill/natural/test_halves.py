"""Half-layers alone: what they read is there, what they write is what their teacher writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inverse_tracr.distill import NATURAL, Teacher
from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import natural_halves, teacher_halves
from inverse_tracr.distill.natural import embedding, heads
from inverse_tracr.distill.natural.attention_half import train_attention
from inverse_tracr.distill.natural.bearing import (
    COUNTED,
    READ,
    bearable,
    gaps,
    heard,
    loss_share,
)
from inverse_tracr.distill.natural.embedding import natural_w_emb
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.mlp_half import FAR, Drawn, first_weights, train_mlp
from inverse_tracr.distill.natural.outlook import Outlook
from inverse_tracr.distill.natural.ripples import ripples
from inverse_tracr.distill.natural.school import School, enrol
from inverse_tracr.distill.teacher import Stream, Task
from inverse_tracr.rasp import parse_source

OPTIONS = HalfByHalf(sequences=200, uniform=64)


@pytest.fixture(scope="module")
def counting(teachers: list[Teacher]) -> tuple[Task, School, torch.Tensor]:
    """A teacher that counts equal tokens, its student's school and W_emb."""
    task = Task.of(teachers[1], NATURAL, seed=0)
    halves = teacher_halves(task)
    school = enrol(task, halves, OPTIONS, task.random(Stream.TRAINING))
    importance = ripples(task, halves, school)
    return task, school, torch.from_numpy(natural_w_emb(task, halves, school, importance, OPTIONS))


def lesson_at(level: int, counting: tuple[Task, School, torch.Tensor]) -> Lesson:
    """A half-layer that reads what its teacher reads."""
    task, school, w_emb = counting
    stream = school.residuals[level] @ w_emb.T
    teacher, first = teacher_halves(task)[level], natural_halves(task)[level]
    importance = torch.full((len(teacher.dims),), loss_share(task))
    return Lesson(school, stream, teacher, first, w_emb, school.outputs[level], importance)


def test_w_emb_holds_what_heads_read(counting: tuple[Task, School, torch.Tensor]) -> None:
    task, school, w_emb = counting
    assert w_emb.shape == (task.d_model, task.config.d_model)
    head = torch.from_numpy(teacher_halves(task)[0].read[0])
    places = school.residuals[0][school.taught]
    asked = places @ (head[0].T @ head[1]) / 100  # what every query asks of a residual
    told = torch.cat([places @ w_emb.T, torch.ones(len(places), 1)], dim=1)
    lost = asked - told @ torch.linalg.lstsq(told, asked, driver="gelsd").solution
    assert float(lost.abs().max()) < 0.02


def test_counting_bears_less_than_what_mlps_read(counting: tuple[Task, School, torch.Tensor]) -> None:
    task, _, _ = counting
    before = bearable(task, -1)
    width = task.compiled.plan.dims[1]
    tokens = [int(np.flatnonzero(row)[0]) for row in task.compiled.weights.W_E[:2]]
    assert float(before[tokens].max()) == pytest.approx(COUNTED)
    assert float(before[width].min()) > COUNTED
    head = teacher_halves(task)[0]
    numbers = torch.tensor([[0.5], [0.2]])
    assert gaps(task, head, numbers).flatten().tolist() == pytest.approx([1 / 6, 1 / 30])


def test_scratch_that_has_been_read_need_not_be_exact(counting: tuple[Task, School, torch.Tensor]) -> None:
    task, _, _ = counting
    (scratch,) = task.compiled.plan.scratch.values()
    before, after = (float(bearable(task, level)[scratch] * task.resolution[scratch]) for level in (0, 1))
    assert before < 0.01
    assert after == pytest.approx(READ)


def test_errors_count_for_what_later_half_layers_make_of_them() -> None:
    text = """
# signature: vocab=[0, 1, 2] max_seq_len=3
v1 = sequence_map(tokens, indices, x + y)
v2 = sequence_map(v1, tokens, x * y)
return v2
"""
    source = parse_source(text)
    assert source.signature is not None
    task = Task.of(Teacher(0, source.program, source.signature), NATURAL, seed=0)
    halves = teacher_halves(task)
    school = enrol(task, halves, OPTIONS, task.random(Stream.TRAINING))
    found = [part / loss_share(task) for part in ripples(task, halves, school)]
    first, last = (task.compiled.plan.dims[line] for line in (0, 1))
    torch.testing.assert_close(found[-1], torch.ones(task.config.d_model))
    assert float(found[1][first].min()) > 2
    torch.testing.assert_close(found[1][last], torch.ones(len(last)))


def test_heads_learn_the_pattern_and_what_they_move(counting: tuple[Task, School, torch.Tensor]) -> None:
    lesson, (task, school, _) = lesson_at(0, counting), counting
    half, written = train_attention(task, 0, lesson, OPTIONS, torch.Generator().manual_seed(0))
    outputs = lesson.outputs()[school.there]
    taught = school.over_vocabulary[:, None].expand_as(school.there)[school.there]
    error = (written[:, lesson.teacher.dims] - outputs) / gaps(task, lesson.teacher, outputs)
    assert float(error[taught].abs().max()) < 0.1
    read, bias = torch.from_numpy(half.read), torch.from_numpy(half.read_bias)
    query, key = (lesson.stream @ (read[0, i] @ lesson.w_emb.T).T + bias[0, i] for i in (0, 1))
    pattern = (query @ key.mT * task.d_head**-0.5 + school.mask).softmax(dim=-1)
    difference = (pattern - school.patterns[0][0]).abs().amax(dim=-1)[school.taught]
    assert float(difference.max()) < 0.02


def test_neurons_learn_steps(counting: tuple[Task, School, torch.Tensor]) -> None:
    lesson, (task, school, _) = lesson_at(1, counting), counting
    half, written = train_mlp(task, 1, lesson, OPTIONS, torch.Generator().manual_seed(0))
    taught = school.over_vocabulary[:, None].expand_as(school.there)[school.there]
    error = (written[:, lesson.teacher.dims] - lesson.outputs()[school.there])[taught]
    assert float(error.abs().max()) < 0.2
    unwritten = np.setdiff1d(np.arange(task.config.d_model), lesson.teacher.dims)
    assert not half.write[unwritten].any()
    read = torch.from_numpy(half.read[0, 0]) @ lesson.w_emb.T
    hidden = (lesson.stream[school.there] @ read.T + torch.from_numpy(half.read_bias[0, 0])).relu()
    again = hidden @ torch.from_numpy(half.write[:, 0]).T + torch.from_numpy(half.write_bias)
    torch.testing.assert_close(again, written, atol=1e-3, rtol=1e-3)


def test_every_case_is_learned_from_and_rare_ones_count_more() -> None:
    reads = torch.zeros(1000, 2)
    reads[:3, 0] = 1
    weights = first_weights(reads, 100, torch.Generator().manual_seed(0))
    assert int((weights > 0).sum()) == 100
    assert bool((weights[:3] > 0).all())
    assert float(weights[0]) > 10 * float(weights[3:].sum() / 997)


def test_errors_of_the_stream_are_exaggerated(counting: tuple[Task, School, torch.Tensor]) -> None:
    clean, (_, school, w_emb) = lesson_at(1, counting), counting
    exact = (school.residuals[1] @ w_emb.T)[school.drawn]
    error = torch.zeros_like(clean.stream)
    error[..., 0] = 0.5
    drawn = Drawn.of(replace(clean, stream=clean.stream + error), 1, torch.Generator().manual_seed(0))
    far = drawn.inputs[len(exact) :]
    torch.testing.assert_close(drawn.inputs[: len(exact)], exact + error[0, 0])
    which = torch.cdist(far[:, 1:], exact[:, 1:]).argmin(dim=1)
    times = (far - exact[which])[:, 0] / 0.5
    assert 0.7 * FAR + 1 < float(times.max()) <= FAR + 1
    assert 0.7 * FAR - 1 < -float(times.min()) <= FAR - 1
    torch.testing.assert_close(far[:, 1:], exact[which][:, 1:])
    torch.testing.assert_close(drawn.outputs[len(exact) :], clean.outputs()[school.drawn][which])
    assert float(drawn.weights[: len(exact)].sum()) == pytest.approx(1)
    assert float(drawn.weights[len(exact) :].max()) < 1 / len(exact)


def test_the_outlook_is_the_loss_so_far(counting: tuple[Task, School, torch.Tensor]) -> None:
    task, school, _ = counting
    outlook = Outlook(task)
    for level in (0, 1):
        lesson = lesson_at(level, counting)
        lesson = replace(lesson, importance=lesson.importance * (3 - level))
        written = torch.zeros(int(school.there.sum()), task.config.d_model)
        written[:, lesson.teacher.dims] = lesson.outputs()[school.there] + 0.5
        outlook.add(lesson, written)
        each = len(lesson.teacher.dims) * 0.25 * loss_share(task)
        assert outlook.expected - (outlook.own - each) == pytest.approx((3 - level) * each)
    assert not outlook.is_hopeless(OPTIONS)
    assert outlook.is_hopeless(replace(OPTIONS, own_loss=outlook.own / 2))
    assert outlook.is_hopeless(replace(OPTIONS, expected_loss=outlook.expected / 2))


def test_w_emb_holds_what_heads_read_of_uniform_residuals_where_they_are_heard(
    counting: tuple[Task, School, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, school, _ = counting
    halves = teacher_halves(task)
    head = torch.from_numpy(halves[0].read[0])
    places = school.residuals[0][school.drawn]
    asked = places @ (head[0].T @ head[1]) / 100
    monkeypatch.setattr(embedding, "PATTERNS", 1e6)  # this head is hardly heard there

    def lost(least: float) -> float:
        monkeypatch.setattr(embedding, "LEAST_HEARD", least)
        w_emb = torch.from_numpy(natural_w_emb(task, halves, school, ripples(task, halves, school), OPTIONS))
        told = torch.cat([places @ w_emb.T, torch.ones(len(places), 1)], dim=1)
        found = told @ torch.linalg.lstsq(told, asked, driver="gelsd").solution
        return float((asked - found).square().sum())

    assert lost(0.0) < 0.95 * lost(1.0)


def test_heads_learn_patterns_on_uniform_residuals_where_they_are_heard(
    counting: tuple[Task, School, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, school, _ = counting
    lesson = lesson_at(0, counting)
    options = replace(OPTIONS, head_each=1e4, head_most=10.0)

    def wrong(least: float) -> float:
        monkeypatch.setattr(heads, "LEAST_HEARD", least)
        half, _ = train_attention(task, 0, lesson, options, torch.Generator().manual_seed(0))
        read, bias = torch.from_numpy(half.read), torch.from_numpy(half.read_bias)
        query, key = (lesson.stream @ (read[0, i] @ lesson.w_emb.T).T + bias[0, i] for i in (0, 1))
        pattern = (query @ key.mT * task.d_head**-0.5 + school.mask).softmax(dim=-1)
        return float((pattern - school.patterns[0][0]).abs().sum(dim=-1)[school.drawn].mean())

    assert heard(task, lesson.outputs()[school.drawn], lesson.importance, 0.0) < heads.LEAST_HEARD
    assert wrong(0.0) < 0.8 * wrong(1.0)


def test_patterns_count_with_what_later_half_layers_make_of_them_up_to_a_bound(
    counting: tuple[Task, School, torch.Tensor],
) -> None:
    task, school, _ = counting
    lesson = lesson_at(0, counting)
    written = lesson.outputs()[school.drawn]
    alone = heard(task, written, lesson.importance, 0.0)
    assert alone == pytest.approx(loss_share(task) * float(written.var(dim=0, correction=0).sum()))
    assert heard(task, written, 50 * lesson.importance, 1e9) == pytest.approx(50 * alone)
    assert heard(task, written, 50 * lesson.importance, 20 * alone) == pytest.approx(20 * alone)


def test_uniform_residuals_yield_where_a_head_cannot_have_both(
    counting: tuple[Task, School, torch.Tensor],
) -> None:
    _, school, _ = counting
    lesson = lesson_at(0, counting)
    drawn = (~school.over_vocabulary).nonzero()[:, 0]
    like = (school.there.all(dim=1) & school.over_vocabulary).nonzero()[: len(drawn), 0]
    stream, pattern = lesson.stream.clone(), school.patterns[0][0].clone()
    stream[drawn[: len(like)]] = lesson.stream[like]
    pattern[drawn[: len(like)]] = school.patterns[0][0][like].flip(2)
    read, bias = lesson.first_read()
    start = heads.Form.of(read[0, 0], read[0, 1], bias[0, 0], stream[school.taught][:300])
    weights = heads.rarity(torch.zeros(int(school.taught.sum()), 1), school)
    options = replace(OPTIONS, head_each=1.0, head_most=1.0)
    weights = heads.taught_on_uniform(weights, school, 1.0, options)

    def wrong(rounds: int) -> float:
        random, some = torch.Generator().manual_seed(0), replace(options, head_rounds=rounds)
        found = heads.train_form(start, stream, school, pattern, weights, 0.05, some, random)
        error = (found.patterns(stream, school.mask) - pattern).abs().amax(dim=-1)
        return float((error > 0.1)[school.taught].float().mean())

    assert wrong(OPTIONS.head_rounds) < 0.5 * wrong(1)
