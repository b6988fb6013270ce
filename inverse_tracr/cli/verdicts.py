"""How verdicts are printed, and what the process returns for them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from inverse_tracr.cli.errors import ExitCode

if TYPE_CHECKING:
    from inverse_tracr.decompile import Counterexample, Decompilation, Verification
    from inverse_tracr.rasp.values import Maybe


def exit_code(found: Verification) -> ExitCode:
    """1 when the model refutes the program, else 0."""
    return ExitCode.DONE if found.verified else ExitCode.PROBLEM_FOUND


def verdict_data(found: Verification) -> dict[str, object]:
    """The verdict and what it rests on, for JSON."""
    return {
        "verdict": found.verdict.value,
        "inputs_checked": found.inputs_checked,
        "agreement": found.agreement,
        "counterexample": _counterexample_data(found.counterexample) if found.counterexample else None,
        "note": found.note,
    }


def verdict_text(found: Verification) -> str:
    """The verdict as comment lines of a program file."""
    from inverse_tracr.rasp.values import value_text

    inputs = "input" if found.inputs_checked == 1 else "inputs"
    rows = [f"# verdict: {found.verdict.value} ({found.inputs_checked:,} {inputs} checked)"]
    if found.note:
        rows.append(f"# note: {found.note}")
    if not found.verified and found.inputs_checked:
        rows.append(f"# agreement: {found.agreement:.2%} of the inputs")
    if found.counterexample:
        rows.append("# smallest counterexample:")
        for title, values in _sides(found.counterexample).items():
            rows.append(f"#   {title:<12}{' '.join(value_text(value) for value in values)}")
    return "\n".join(rows)


def decompilation_data(found: Decompilation) -> dict[str, object]:
    """A found program with its verdict and evidence, for JSON."""
    from inverse_tracr.rasp import print_program

    return {
        "program": None if found.program is None else print_program(found.program, found.signature),
        "partial": found.partial,
        **verdict_data(found.verification),
        "seconds": found.seconds,
        "method": found.method,
        "score": found.score,
        "candidates": found.candidates,
        "tried": list(found.tried),
        "unexplained": list(found.unexplained),
        "edits": list(found.edits),
        "evidence": [asdict(line) for line in found.evidence],
    }


def decompilation_text(found: Decompilation) -> str:
    """The program, then the verdict and how it was found as comments; a partial program names what is
    unknown itself.
    """
    from inverse_tracr.rasp import print_program

    verdict = f"{verdict_text(found.verification)}\n{_how(found)}"
    if found.program is None:
        return f"{found.partial.rstrip()}\n{verdict}"
    unexplained = [f"# not explained: {part}" for part in found.unexplained]
    program = print_program(found.program, found.signature).rstrip()
    return "\n".join([program, *unexplained, verdict])


def _how(found: Decompilation) -> str:
    """What found the program, the candidates of each proposer that were tried, its own score."""
    rows = [f"# found by: {found.method}" + (f" (tried {', '.join(found.tried)})" if found.tried else "")]
    if found.score is not None:
        rows.append(f"# score: {found.score:.2f}, as the proposer saw it before the check")
    return "\n".join(rows)


def _counterexample_data(shown: Counterexample) -> dict[str, object]:
    from inverse_tracr.rasp.values import to_json

    return {title: [to_json(value) for value in values] for title, values in _sides(shown).items()}


def _sides(shown: Counterexample) -> dict[str, tuple[Maybe, ...]]:
    sides = {"input": shown.tokens, "model": shown.model, "program": shown.program}
    return sides if shown.recompiled is None else {**sides, "recompiled": shown.recompiled}
