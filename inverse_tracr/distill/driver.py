"""Many teachers in, many students out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.agreement import agreement_of, own_agreement_of
from inverse_tracr.distill.align import align
from inverse_tracr.distill.fleet import Fleet, Snapshot, Trainee
from inverse_tracr.distill.folding import folded_model
from inverse_tracr.distill.halves import natural_halves, teacher_halves, uncompressed_weights
from inverse_tracr.distill.held import Basis, directions_read, exact_basis, stack_held
from inverse_tracr.distill.judge import LEAST_AGREEMENT, LOOKED_AT, MOST_LOSS, Candidate, judge
from inverse_tracr.distill.moments import Moments, measure
from inverse_tracr.distill.one_by_one import FAILURES, natural_student
from inverse_tracr.distill.recipe import Kind, Recipe, Start
from inverse_tracr.distill.room import Room
from inverse_tracr.distill.stack import Stack, StackShape
from inverse_tracr.distill.start import first_w_emb
from inverse_tracr.distill.student import Checkpoint, Reason, Student
from inverse_tracr.distill.teacher import Stream, Task, Teacher
from inverse_tracr.errors import BadInputError, InverseTracrError
from inverse_tracr.model import TransformerProgram

WASTE = 1.5
"""Cost of a group, padded, over the cost of its tasks."""


def distill(
    teachers: Iterable[Teacher], recipe: Recipe, *, device: str | torch.device = "cpu", seed: int
) -> Iterator[Student]:
    """A student of each teacher, in the order in which they are done.

    Teachers are taken `recipe.window` at a time and grouped by shape. A student's random numbers come from
    `seed` and its item alone; the same teachers in the same order give the same bytes on the same machine
    with the same PyTorch and number of threads. A teacher that cannot be compiled gives a student that is
    not accepted. Raises BadInputError for a device other than the CPU where students are trained half-layer
    by half-layer: these are in no fleet.
    """
    if recipe.halves is not None and torch.device(device).type != "cpu":
        raise BadInputError(
            "students that are trained half-layer by half-layer",
            where="device",
            expected="cpu",
            got=f"{device}",
        )
    remaining = iter(teachers)
    while window := list(islice(remaining, recipe.window)):
        tasks: list[Task] = []
        for teacher in window:
            started = time.process_time()
            try:
                tasks.append(Task.of(teacher, recipe, seed))
            except InverseTracrError:
                spent = time.process_time() - started
                yield Student(teacher.item, Reason.UNCOMPILABLE, None, 0, spent)
        if recipe.halves is not None:
            yield from (natural_student(task, recipe.halves, recipe.copies) for task in tasks)
            continue
        for group in _groups(tasks, recipe):
            yield from _all_of(group, recipe, torch.device(device))


def _all_of(tasks: Sequence[Task], recipe: Recipe, device: torch.device) -> Iterator[Student]:
    """A student of each task; after an error those that are missing are trained one at a time, and the one
    that it comes from is rejected.
    """
    done: set[int] = set()
    started = time.process_time()
    try:
        for student in _students_of(tasks, recipe, device):
            done.add(student.item)
            yield student
    except FAILURES:
        missing = [task for task in tasks if task.teacher.item not in done]
        if len(tasks) > 1:
            for task in missing:
                yield from _all_of([task], recipe, device)
        else:
            spent = time.process_time() - started
            yield from (Student(t.teacher.item, Reason.FAILED, None, 0, spent) for t in missing)


def _groups(tasks: Sequence[Task], recipe: Recipe) -> list[list[Task]]:
    """Tasks of like shape together: no group costs more than `WASTE` times its tasks alone."""
    groups: list[list[Task]] = []
    for task in sorted(tasks, key=_size):
        group = [*groups[-1], task] if groups else [task]
        own = sum(_cost(_size(t)) for t in group)
        padded = len(group) * _cost(tuple(max(sizes) for sizes in zip(*map(_size, group), strict=True)))
        if groups and len(group) <= 2 * recipe.slots and padded <= WASTE * own:
            groups[-1] = group
        else:
            groups.append([task])
    return groups


def _size(task: Task) -> tuple[int, ...]:
    """Sizes that padding makes larger, those first that cost most."""
    c = task.config
    return (c.n_layers, task.d_mlp, c.d_model, c.n_ctx, c.n_heads * task.d_head, task.teacher.item)


def _cost(size: tuple[int, ...]) -> int:
    n_layers, d_mlp, d_model, n_ctx, heads, _ = size
    return n_layers * n_ctx * (d_mlp + 4 * heads + 4 * d_model)


def _students_of(tasks: Sequence[Task], recipe: Recipe, device: torch.device) -> Iterator[Student]:
    trainees = _begin(tasks, recipe, device)
    fleet: list[Trainee] = []
    again: dict[Room, list[Trainee]] = {Room.USUAL: [], Room.LEAST: []}
    for trainee in trainees:
        exact = recipe.kind is Kind.COMPRESSED and trainee.basis.exact and recipe.copies == 0
        if recipe.steps == 0 or exact:
            trainee.snapshots.append(Snapshot(trainee.halves, trainee.w_emb, 0))
        elif not trainee.crowded:
            fleet.append(trainee)
            continue
        student = _best_turned(trainee, recipe) if exact else _judged(trainee, recipe)
        if student.accepted or not _is_worth_training(student, recipe):
            yield student
            continue
        trainee.snapshots.clear()
        trainee.core_seconds = student.core_seconds
        if recipe.room is Room.TIGHT:
            again[Room.USUAL if trainee.basis.tight else Room.LEAST].append(trainee)
        else:
            fleet.append(trainee)
    if fleet:
        for trainee in Fleet(recipe, fleet, device).run():
            yield _best_turned(trainee, recipe) if trainee.basis.exact else _judged(trainee, recipe)
    for room, those in again.items():
        yield from _once_more(those, replace(recipe, room=room), device)


def _once_more(trainees: Sequence[Trainee], recipe: Recipe, device: torch.device) -> Iterator[Student]:
    """Other students of teachers whose first ones were rejected."""
    if not trainees:
        return
    spent = {trainee.task.teacher.item: trainee.core_seconds for trainee in trainees}
    for student in _students_of([trainee.task for trainee in trainees], recipe, device):
        yield replace(student, core_seconds=student.core_seconds + spent[student.item])


def _is_worth_training(student: Student, recipe: Recipe) -> bool:
    """Whether a rejected student that has taken no steps may be accepted after some.

    One that holds all that is read is wrong by rounding, which no step changes.
    """
    if student.reason is not Reason.LOSS or recipe.steps == 0 or student.judgement is None:
        return False
    return recipe.turns == 1 or student.judgement.layer_loss > MOST_LOSS


def _best_turned(trainee: Trainee, recipe: Recipe) -> Student:
    """A student that holds all that is read, in another basis of its residual stream while rounding alone
    keeps it from being accepted.
    """
    started = time.process_time()
    student = _judged(trainee, recipe)
    for turn in range(1, recipe.turns):
        verdict = student.judgement
        if student.accepted or verdict is None or verdict.layer_loss > MOST_LOSS:
            break
        student = _judged(trainee, recipe, turn)
    return replace(student, core_seconds=trainee.core_seconds + time.process_time() - started)


def _begin(tasks: Sequence[Task], recipe: Recipe, device: torch.device) -> list[Trainee]:
    """Students with their first weights, W_emb aligned."""
    started = time.process_time()
    teachers = [teacher_halves(task) for task in tasks]
    stack = Stack.empty(StackShape.of(tasks, teachers), len(tasks), device)
    for slot, (task, halves) in enumerate(zip(tasks, teachers, strict=True)):
        stack.put(slot, task, halves, task.config.d_head)
    moments = None
    if recipe.align_steps or recipe.start is Start.SUBSPACE:
        moments = measure(tasks, teachers, stack)
    bases = _bases(recipe, tasks, moments)
    w_emb = first_w_emb(recipe, tasks, stack, moments, bases)
    if moments is not None and recipe.align_steps:
        w_emb = align(recipe, moments, stack, stack_held(bases, w_emb), w_emb)
    found = w_emb.cpu().numpy()
    trainees: list[Trainee] = []
    for slot, (task, halves) in enumerate(zip(tasks, teachers, strict=True)):
        own = found[slot, : task.d_model, : task.config.d_model].copy()
        first = halves
        if recipe.kind is Kind.NATURAL:
            first, own = natural_halves(task), _turned(task, _no_longer_than_one(own))
        trainee = Trainee(task, first, halves, own, bases[slot])
        if moments is not None and not bases[slot].exact:
            trainee.crowded = _is_crowded(recipe, task, moments, slot)
        trainees.append(trainee)
    spent = (time.process_time() - started) / len(trainees)
    for trainee in trainees:
        trainee.core_seconds += spent
    return trainees


def _bases(recipe: Recipe, tasks: Sequence[Task], moments: Moments | None) -> list[Basis]:
    """What each student's W_emb holds exactly; nothing where it starts anywhere else."""
    if moments is None or recipe.start is not Start.SUBSPACE:
        return [Basis.nothing(task.config.d_model) for task in tasks]
    room = recipe.room if recipe.copies == 0 else Room.USUAL
    found: list[Basis] = []
    for slot, task in enumerate(tasks):
        seen, stiff = (_part(m[slot], task) for m in (moments.span, moments.stiff))
        w_u = task.compiled.weights.W_U.astype(np.float64)
        reads = _part(moments.vocabulary[1][slot].sum(dim=0), task)
        if not task.categorical:
            reads, w_u = reads + w_u @ w_u.T, w_u[:, :0]
        uniform = _part(moments.uniform[1][slot].sum(dim=0), task)
        random = task.random(Stream.BASIS)
        found.append(exact_basis(seen, stiff, reads, uniform, w_u, task.d_model, random, room=room))
    return found


def _no_longer_than_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of W_emb without the gain of the output's code: random blocks would make logits explode by it."""
    return rows / np.maximum(1, np.linalg.norm(rows, axis=1, keepdims=True))


def _is_crowded(recipe: Recipe, task: Task, moments: Moments, slot: int) -> bool:
    """Whether so much must be exact that a student so narrow has no room for the rest."""
    if not np.isfinite(recipe.crowded):
        return False
    exact = directions_read(_part(moments.span[slot], task), _part(moments.stiff[slot], task))
    return exact > recipe.crowded * task.d_model


def _part(moment: Tensor, task: Task) -> NDArray[np.float64]:
    """A moment without its padding."""
    size = task.config.d_model
    return moment[:size, :size].double().cpu().numpy()


def _judged(trainee: Trainee, recipe: Recipe, turn: int = 0) -> Student:
    """The student as it is accepted or rejected, in the basis number `turn` of its residual stream."""
    started = time.process_time()
    item = trainee.task.teacher.item
    if trainee.diverged or not np.isfinite(trainee.w_emb).all():
        return Student(item, Reason.DIVERGED, None, trainee.steps, trainee.core_seconds)
    if trainee.crowded:
        return Student(item, Reason.CROWDED, None, trainee.steps, trainee.core_seconds)
    if trainee.hopeless:
        return Student(item, Reason.HOPELESS, None, trainee.steps, trainee.core_seconds)
    first, *later = trainee.snapshots
    checkpoint = _checkpoint(trainee, first, recipe, turn)
    verdict = checkpoint.judgement
    checkpoints: tuple[Checkpoint, ...] = ()
    reason = Reason.AGREEMENT if verdict.positions < LEAST_AGREEMENT else Reason.LOSS
    if verdict.accepted:
        reason = Reason.ACCEPTED
        copies = [_checkpoint(trainee, snapshot, recipe) for snapshot in later]
        checkpoints = (checkpoint, *(copy for copy in copies if copy.judgement.accepted))
    spent = trainee.core_seconds + time.process_time() - started
    return Student(item, reason, verdict, first.steps, spent, checkpoints)


def _checkpoint(trainee: Trainee, snapshot: Snapshot, recipe: Recipe, turn: int = 0) -> Checkpoint:
    """Fold and judge the student at one moment."""
    task = trainee.task
    natural = recipe.kind is Kind.NATURAL
    w_emb = snapshot.w_emb if natural else _turned(task, snapshot.w_emb, turn)
    weights = uncompressed_weights(task, list(snapshot.halves)) if natural else task.compiled.weights
    model = folded_model(task, weights, w_emb)
    candidate = Candidate(task, snapshot.halves, trainee.teacher, w_emb)
    verdict = judge(candidate, model.weights())
    if recipe.turns > 1 and verdict.loss <= MOST_LOSS and _depends_on_order(task, model):
        verdict = verdict.of(*own_agreement_of(task, model))
    return Checkpoint(model, snapshot.steps, verdict)


def _depends_on_order(task: Task, model: TransformerProgram) -> bool:
    """Whether the model's own forward pass, which adds up in another order, is right on other inputs."""
    return own_agreement_of(task, model, LOOKED_AT) != agreement_of(task, model.weights(), LOOKED_AT)


def _turned(task: Task, w_emb: NDArray[np.float32], turn: int = 0) -> NDArray[np.float32]:
    """W_emb in a random basis of the student's residual stream: none is better than another, but for how
    numbers happen to be rounded there.
    """
    return (_rotation(task, turn) @ w_emb).astype(np.float32)


def _rotation(task: Task, turn: int) -> NDArray[np.float64]:
    """The basis number `turn` of a student."""
    random = task.random(Stream.BASIS)
    drawn = [random.standard_normal((task.d_model, task.d_model)) for _ in range(turn + 1)]
    rotation, _ = np.linalg.qr(drawn[turn])
    return rotation
