"""One answer, scored against the true program and the model."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.decompile import Verdict, Verification
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.evaluate.description import description_length
from inverse_tracr.evaluate.exact import Match, exact_match
from inverse_tracr.evaluate.mechanism import Mechanism, MechanismJudge
from inverse_tracr.evaluate.thesis_accuracy import accuracy_by_matching, accuracy_by_position
from inverse_tracr.evaluate.verdicts import VerdictJudge
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.thesis_view import Row, thesis_rows
from inverse_tracr.zoo import Kind

MOST_DESCRIPTION = 1.5
"""Description length over the true program's beyond which a program is a look-up of answers."""


@dataclass(frozen=True)
class Score:
    """How good an answer is; field by field what design section 9 defines.

    `overturned`: the verifier saw no counterexample and a second, independent check found one. `ceiling` and
    `mechanism_ceiling` are what the true program itself gets. `half_layers_wrong` are those whose partition
    differs. `teacher_agreement` is the share of inputs on which the program says what the true one says.
    """

    verdict: Verdict
    inputs_checked: int
    agreement: float
    overturned: bool
    ceiling: Verdict
    teacher_agreement: float
    exact: Match
    by_position: float
    by_matching: float
    description: int
    true_description: int
    mechanism: bool
    mechanism_ceiling: bool
    half_layers_wrong: tuple[int, ...]

    @property
    def functional(self) -> bool:
        """Functional match."""
        return self.verdict is not Verdict.REFUTED and not self.overturned

    @property
    def brief(self) -> bool:
        """Whether the program is no look-up of answers."""
        return self.description <= MOST_DESCRIPTION * self.true_description

    @property
    def faithful(self) -> bool:
        """Faithful match."""
        return self.functional and self.mechanism and self.brief


def score(model: TransformerProgram, true: Program, found: Program | None, kind: Kind) -> Score:
    """Score what was found for a model of this kind; None is a miss that scores nothing."""
    signature = model.signature
    if found is not None and not _fits(found, signature):
        found = None
    verdicts = VerdictJudge(model, true, kind).judge(found)
    mechanisms = MechanismJudge(model, true)
    own = mechanisms.judge(true)
    mine = _mechanism(mechanisms, found, verdicts.found)
    position, matching = _token_accuracy(true, found, signature)
    return Score(
        verdict=verdicts.found.verdict,
        inputs_checked=verdicts.found.inputs_checked,
        agreement=verdicts.found.agreement,
        overturned=verdicts.overturned,
        ceiling=verdicts.ceiling.verdict,
        teacher_agreement=verdicts.teacher_agreement,
        exact=Match.NONE if found is None else exact_match(found, true, signature, kind),
        by_position=position,
        by_matching=matching,
        description=0 if found is None else description_length(found, signature),
        true_description=description_length(true, signature),
        mechanism=mine is not None and mine.agrees,
        mechanism_ceiling=own.agrees,
        half_layers_wrong=()
        if mine is None
        else tuple(half.number for half in mine.half_layers if not half.agrees),
    )


def view(program: Program | None, signature: Signature) -> tuple[Row, ...]:
    """The thesis's view of a program's canonical form; no rows where there is no program."""
    return () if program is None else thesis_rows(canonical(program, signature))


def _fits(program: Program, signature: Signature) -> bool:
    """Whether a program has a canonical form under the model's signature."""
    try:
        canonical(program, signature)
    except InverseTracrError:
        return False
    return True


def _mechanism(judge: MechanismJudge, found: Program | None, verdict: Verification) -> Mechanism | None:
    """The comparison of mechanisms, made only where the function is right."""
    return judge.judge(found) if found is not None and verdict.verified else None


def _token_accuracy(true: Program, found: Program | None, signature: Signature) -> tuple[float, float]:
    rows, guesses = view(true, signature), view(found, signature)
    return accuracy_by_position(rows, guesses), accuracy_by_matching(rows, guesses)
