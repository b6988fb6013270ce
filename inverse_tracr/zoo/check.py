"""Whether a zoo is whole and true: files, rows, and on a sample programs, models and circuits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.zoo.check_files import check_files
from inverse_tracr.zoo.check_models import check_model
from inverse_tracr.zoo.check_rows import check_rows
from inverse_tracr.zoo.reader import Zoo

SAMPLE = 100


@dataclass(frozen=True)
class Problem:
    """Something that is wrong: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Checked:
    """What a check found; `rows` and `models` count what was looked at."""

    problems: tuple[Problem, ...]
    rows: int
    models: int


def check(folder: Path, *, sample: int = SAMPLE, seed: int = 0) -> Checked:
    """Check every file and row of a zoo, and `sample` of its models, which `seed` chooses.

    Never raises for anything that is wrong with the zoo.
    """
    problems: list[Problem] = []

    def look(step: Callable[[], Iterator[tuple[str, str]]]) -> None:
        try:
            problems.extend(Problem(where, what) for where, what in step())
        except (InverseTracrError, OSError, ValueError, KeyError, IndexError) as error:
            problems.append(Problem(str(folder), str(error)))

    try:
        zoo = Zoo(folder)
    except (InverseTracrError, OSError) as error:
        return Checked((Problem(str(folder), str(error)),), 0, 0)
    look(lambda: check_files(zoo))
    look(lambda: check_rows(zoo))
    chosen = _sample(zoo, sample, seed)
    for split, row in chosen:
        look(lambda split=split, row=row: check_model(zoo, split, row, seed))
    return Checked(tuple(problems), zoo.manifest.count, len(chosen))


def _sample(zoo: Zoo, count: int, seed: int) -> list[tuple[str, int]]:
    rows = [(split, row) for split, rows in zoo.manifest.rows.items() for row in range(rows)]
    if len(rows) <= count:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), size=count, replace=False)
    return [rows[index] for index in sorted(chosen.tolist())]
