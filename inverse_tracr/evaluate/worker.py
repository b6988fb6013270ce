"""What runs in other processes: decompilers, which are told a folder and nothing else, and scoring."""

from __future__ import annotations

import os
from dataclasses import dataclass

from inverse_tracr.evaluate.decompilers import Answer, DecompilerSpec, answer
from inverse_tracr.evaluate.processes import limit_processor_time
from inverse_tracr.evaluate.score import Score, score
from inverse_tracr.model.files import load
from inverse_tracr.rasp import parse_source
from inverse_tracr.zoo import Kind


@dataclass(frozen=True)
class Question:
    """A stripped model, who is asked about it, and for how many seconds of processor time: all that the
    process of a decompiler is told.
    """

    folder: str
    decompiler: DecompilerSpec
    timeout: float


@dataclass(frozen=True)
class Scoring:
    """An answer to be scored; programs as text."""

    folder: str
    kind: Kind
    true: str
    found: str


def ask(question: Question) -> Answer:
    """Load the model from its folder, which becomes the working directory, and ask the decompiler."""
    os.chdir(question.folder)
    model = load(".")
    limit_processor_time(question.timeout)
    return answer(question.decompiler, model)


def mark(scoring: Scoring) -> Score:
    """Score an answer."""
    found = parse_source(scoring.found).program if scoring.found else None
    return score(load(scoring.folder), parse_source(scoring.true).program, found, scoring.kind)
