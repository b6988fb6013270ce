"""Between a zoo and the training of students: items in, rows and weights out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inverse_tracr.compile import Compiled
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.model.config import SIZES
from inverse_tracr.rasp import Encoding
from inverse_tracr.zoo.check_models import share_right
from inverse_tracr.zoo.config import Acceptance, ZooConfig
from inverse_tracr.zoo.items import Item
from inverse_tracr.zoo.model_json import model_to_json
from inverse_tracr.zoo.rows import Outcome, Row, StudentRow
from inverse_tracr.zoo.weights_file import Flat, flatten

IMPERFECT = (0.9, 0.999)
"""Share of inputs on which an imperfect student agrees with its program, both ends included."""


@dataclass(frozen=True)
class Trained:
    """A checkpoint of a student of the item with this number, `weights` None where there is none to keep.

    `agreement`: share of the inputs of a comparison that are right at every position;
    `position_agreement`: share of their positions.
    """

    item: int
    copy: int
    weights: Weights | None
    loss: float
    agreement: float
    position_agreement: float
    steps: int


Trainer = Callable[[ZooConfig, Sequence[Item]], Iterable[Trained]]
"""Trains students of all items; several checkpoints of one student follow each other in order of `copy`."""


def train(trainer: Trainer, config: ZooConfig, items: Sequence[Item | Row]) -> tuple[list[Row], list[Flat]]:
    """Rows of all items in order, and the weights of those that are made, in the same order."""
    compiled = {item.row.item: item for item in items if isinstance(item, Item)}
    students: dict[int, list[Trained]] = {}
    for student in trainer(config, list(compiled.values())):
        students.setdefault(student.item, []).append(student)
    rows: list[Row] = []
    weights: list[Flat] = []
    for item in items:
        if isinstance(item, Row):
            rows.append(StudentRow(**asdict(item)))
            continue
        for student in students[item.row.item]:
            if student.weights is None or not is_taken(config, item, student):
                rows.append(_rejected_row(item, student))
                continue
            flat = flatten(student.weights)
            weights.append(flat)
            rows.append(_student_row(item, student, student.weights, flat))
    return rows, weights


def is_taken(config: ZooConfig, item: Item, student: Trained) -> bool:
    """Whether the zoo takes a student that was accepted.

    EXACT asks for what a verifier asks: numbers within 1e-4, where accepting takes the nearest member.
    """
    match config.acceptance:
        case Acceptance.USUAL:
            return True
        case Acceptance.EXACT:
            return student.agreement == 1.0 and _exact_numbers(item, student)
        case Acceptance.IMPERFECT:
            return IMPERFECT[0] <= student.agreement <= IMPERFECT[1]


def _exact_numbers(item: Item, student: Trained) -> bool:
    program, signature, weights = item.program, item.signature, student.weights
    if weights is None or program.encoding(program.output) is not Encoding.NUMERICAL:
        return weights is not None
    made = Compiled(item.plan, weights)
    model = TransformerProgram(
        weights.config(signature.causal), weights, made.input_encoder, made.output_encoder
    )
    return share_right(model, program, signature) == 1.0


def _rejected_row(item: Item, student: Trained) -> StudentRow:
    shared: dict[str, Any] = asdict(item.row) | {"outcome": Outcome.REJECTED.value}
    return StudentRow(**shared, **_findings(item, student))


def _student_row(item: Item, student: Trained, weights: Weights, flat: Flat) -> StudentRow:
    sizes = weights.config(item.signature.causal)
    shared: dict[str, Any] = asdict(item.row) | {name: getattr(sizes, name) for name in SIZES}
    shared |= {"parameters": sizes.parameter_count}
    return StudentRow(
        **shared,
        **_findings(item, student),
        config=model_to_json(Compiled(item.plan, weights), sizes),
        weights_hash=hashlib.blake2b(flat.tobytes(), digest_size=16).hexdigest(),
    )


def _findings(item: Item, student: Trained) -> dict[str, Any]:
    return {
        "copy": student.copy,
        "loss": student.loss,
        "agreement": student.agreement,
        "position_agreement": student.position_agreement,
        "steps": student.steps,
        "teacher_d_model": item.plan.config.d_model,
    }
