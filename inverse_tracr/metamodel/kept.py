"""Lessons in files: choices of a batch one behind the other."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.model.safe_files import write_atomically


def write_lessons(path: Path, lessons: list[list[Decision]]) -> None:
    """Write a batch; numbers are kept as float16, as precise as what they measure."""
    decisions = [decision for lesson in lessons for decision in lesson]
    arrays: dict[str, NDArray[Any]] = {
        "choices": np.array([len(lesson) for lesson in lessons], np.int64),
        "context": np.array([d.context for d in decisions], np.float16),
        "operands": np.array([d.kinds is None for d in decisions], np.bool_),
    }
    for name, chosen in (("pairs", True), ("lines", False)):
        own = [d for d in decisions if (d.kinds is None) == chosen]
        arrays[f"{name}_sizes"] = np.array([len(d.features) for d in own], np.int64)
        if own:
            arrays[name] = np.concatenate([d.features for d in own]).astype(np.float16)
            arrays[f"{name}_grades"] = np.concatenate([d.grades for d in own]).astype(np.int8)
            if not chosen:
                arrays["kinds"] = np.concatenate([d.kinds for d in own if d.kinds is not None]).astype(
                    np.int16
                )
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def read_lessons(path: Path) -> list[list[Decision]]:
    """Inverse of `write_lessons`."""
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    decisions: list[Decision] = []
    at = {True: 0, False: 0}
    left = {True: 0, False: 0}
    graded = {True: 0, False: 0}
    for context, operands in zip(found["context"], found["operands"].tolist(), strict=True):
        name = "pairs" if operands else "lines"
        size = int(found[f"{name}_sizes"][at[operands]])
        rows = slice(left[operands], left[operands] + size)
        # The grade of leaving comes behind those of the pairs.
        grades = slice(graded[operands], graded[operands] + size + operands)
        decisions.append(
            Decision(
                found[name][rows].astype(np.float32),
                context.astype(np.float32),
                None if operands else found["kinds"][rows].astype(np.intp),
                found[f"{name}_grades"][grades].astype(np.intp),
            )
        )
        at[operands] += 1
        left[operands] = rows.stop
        graded[operands] = grades.stop
    lessons: list[list[Decision]] = []
    begin = 0
    for size in found["choices"].tolist():
        lessons.append(decisions[begin : begin + size])
        begin += size
    return lessons
