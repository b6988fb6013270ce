"""Long work, as values that travel to the process that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from inverse_tracr.compile import Mode, compile_weights, plan_soundness
from inverse_tracr.decompile import Decompilation, decompile
from inverse_tracr.distill import RECIPES, Student, Teacher, distill
from inverse_tracr.distill.judge import LEAST_AGREEMENT, MOST_LOSS
from inverse_tracr.errors import BadInputError
from inverse_tracr.explore.answers import Compared, Decompiled, Made, Outcome, Row, Step
from inverse_tracr.explore.cards import card
from inverse_tracr.explore.comparing import compare, compare_texts, values_row
from inverse_tracr.explore.programs import read
from inverse_tracr.model.files import load, save
from inverse_tracr.rasp import count_inputs, print_program
from inverse_tracr.report import write_report

TaskName = Literal["compile", "compress", "decompile", "compare"]
Tell = Callable[[Step], None]

REPORT_FILE = "report.html"


@dataclass(frozen=True)
class CompileTask:
    """Compile a program to a model in `folder`."""

    name: ClassVar[TaskName] = "compile"
    text: str
    mode: Mode
    folder: Path

    def run(self, _tell: Tell) -> Outcome:
        """Raises what parser and compiler raise."""
        program, signature = read(self.text)
        compiled = compile_weights(program, signature, mode=self.mode)
        save(compiled.model, self.folder, {"mode": self.mode.value})
        return Made(
            model=card(
                compiled.model,
                self.folder,
                title=f"compiled, mode {self.mode.value}",
                origin="compiled",
                program=self.text,
                notes=tuple(fault.sentence for fault in plan_soundness(compiled.plan)),
            )
        )


@dataclass(frozen=True)
class CompressTask:
    """Distil students of a program, one after the other, until one is right on every input.

    The best of the accepted ones is taken; raises BadInputError where none was accepted.
    """

    name: ClassVar[TaskName] = "compress"
    text: str
    kind: Literal["compressed", "natural"]
    factor: float
    tries: int
    seed: int
    folder: Path

    def run(self, tell: Tell) -> Outcome:
        """Raises what parser and compiler raise."""
        program, signature = read(self.text)
        recipe = replace(RECIPES[self.kind], factor=self.factor)
        best: Student | None = None
        tell(Step(text=f"training student 1 of {self.tries}", done=0, of=self.tries))
        for item in range(self.tries):
            (student,) = distill([Teacher(item, program, signature)], recipe, seed=self.seed)
            if student.accepted and _agreement(student) > _agreement(best):
                best = student
            text = f"student {item + 1}: {_in_words(student)}"
            tell(Step(text=text, done=item + 1, of=self.tries, good=student.accepted))
            if _agreement(best) == 1:
                break
        if best is None:
            raise BadInputError(
                f"none of {self.tries} students was accepted",
                expected=f"a loss of at most {MOST_LOSS} and {LEAST_AGREEMENT:.0%} of the positions right",
                advice="A smaller factor, another seed or more tries may do",
            )
        save(best.model, self.folder, {"kind": self.kind, "seed": self.seed})
        title = f"{self.kind}, d_model {best.model.config.d_model}"
        notes = (f"student {best.item + 1}: {_in_words(best)}",)
        return Made(
            model=card(best.model, self.folder, title=title, origin="student", program=self.text, notes=notes)
        )


@dataclass(frozen=True)
class DecompileTask:
    """Find the program of the model in `folder`; the report goes to `report`."""

    name: ClassVar[TaskName] = "decompile"
    model: str
    folder: Path
    title: str
    method: str
    report: Path
    written: str | None

    def run(self, tell: Tell) -> Outcome:
        """Raises BadInputError for a method that is not there."""
        model = load(self.folder)
        tell(Step(text="looking for a program", done=0, of=2))
        found = decompile(model, method=self.method)
        tell(Step(text=f"{found.verdict.value}; writing the report", done=1, of=2, good=True))
        write_report(model, found, self.report, title=self.title)
        return decompiled(self.model, found, self.written)


@dataclass(frozen=True)
class CompareTask:
    """Compare two programs."""

    name: ClassVar[TaskName] = "compare"
    first: str
    second: str

    def run(self, _tell: Tell) -> Outcome:
        """Raises BadInputError when they are for different inputs."""
        return compare_texts(self.first, self.second)


Task = CompileTask | CompressTask | DecompileTask | CompareTask


def decompiled(model: str, found: Decompilation, written: str | None) -> Decompiled:
    """A decompilation as the API gives it."""
    program = found.program
    return Decompiled(
        model=model,
        verdict=found.verdict.value,
        program=None if program is None else print_program(program, found.signature),
        partial=found.partial,
        inputs_checked=found.inputs_checked,
        inputs_possible=_large(count_inputs(found.signature)),
        agreement=found.agreement,
        counterexample=_counterexample(found),
        note=found.verification.note,
        method=found.method,
        candidates=found.candidates,
        tried=found.tried,
        seconds=found.seconds,
        unexplained=found.unexplained,
        written=None if program is None else _against(written, found),
    )


def _against(written: str | None, found: Decompilation) -> Compared | None:
    """The program that the model was made from against the found one."""
    if written is None or found.program is None:
        return None
    program, signature = read(written)
    return compare(program, found.program, signature)


def _counterexample(found: Decompilation) -> tuple[Row, ...]:
    shown = found.counterexample
    if shown is None:
        return ()
    rows = [values_row("input", shown.tokens), values_row("model", shown.model)]
    others = {"program": shown.program, "recompiled": shown.recompiled}
    for name, values in others.items():
        if values is not None:
            differs = [i for i, value in enumerate(values) if value != shown.model[i]]
            rows.append(values_row(name, values, differs))
    return tuple(rows)


def _agreement(student: Student | None) -> float:
    return -1.0 if student is None or student.judgement is None else student.judgement.agreement


def _in_words(student: Student) -> str:
    judged = student.judgement
    if judged is None:
        return student.reason.value
    return (
        f"{student.reason.value}; loss {judged.loss:.2g}, {judged.agreement:.2%} of the inputs right"
        f" after {student.steps} steps"
    )


def _large(count: int) -> str:
    return f"{count:,}" if count < 10**12 else f"about {count:.1e}"
