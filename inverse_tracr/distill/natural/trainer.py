"""All half-layers of one natural student, first to last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.halves import Half, natural_halves
from inverse_tracr.distill.natural.attention_half import train_attention
from inverse_tracr.distill.natural.embedding import natural_w_emb
from inverse_tracr.distill.natural.lesson import Lesson
from inverse_tracr.distill.natural.mlp_half import train_mlp
from inverse_tracr.distill.natural.outlook import Outlook
from inverse_tracr.distill.natural.ripples import ripples
from inverse_tracr.distill.natural.school import enrol
from inverse_tracr.distill.teacher import Stream, Task


@dataclass(frozen=True)
class Trained:
    """A student: its half-layers, uncompressed, and W_emb [d_model, d_full]."""

    halves: list[Half]
    w_emb: NDArray[np.float32]


def train_halves(task: Task, teacher: Sequence[Half], options: HalfByHalf) -> Trained | None:
    """Train a student of `task`, whose teacher's half-layers are given; None where it was given up early.

    Raises torch.linalg.LinAlgError where numbers grow beyond all bounds.
    """
    school = enrol(task, teacher, options, task.random(Stream.TRAINING))
    importance = ripples(task, teacher, school)
    w_emb = natural_w_emb(task, teacher, school, importance, options)
    random = torch.Generator().manual_seed(int(task.random(Stream.ALIGNMENT).integers(2**31)))
    emb = torch.from_numpy(w_emb)
    stream = school.residuals[0] @ emb.T
    halves: list[Half] = []
    outlook = Outlook(task)
    for level, (taught, first) in enumerate(zip(teacher, natural_halves(task), strict=True)):
        known = importance[level][torch.from_numpy(taught.dims)]
        lesson = Lesson(school, stream, taught, first, emb, school.outputs[level], known)
        train = train_attention if taught.attends else train_mlp
        half, written = train(task, level, lesson, options, random)
        halves.append(half)
        outlook.add(lesson, written)
        if outlook.is_hopeless(options):
            return None
        stream = stream.clone()
        stream[school.there] += written @ emb.T
    return Trained(halves, w_emb)
