"""How verdicts are printed, and what the process returns for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inverse_tracr.cli.errors import ExitCode

if TYPE_CHECKING:
    from inverse_tracr.decompile import Verification


def exit_code(found: Verification) -> ExitCode:
    """1 when the model refutes the program, else 0."""
    from inverse_tracr.decompile import Verdict

    return ExitCode.PROBLEM_FOUND if found.verdict is Verdict.REFUTED else ExitCode.DONE


def verdict_data(found: Verification) -> dict[str, object]:
    """The verdict and what it rests on, ready for JSON."""
    from inverse_tracr.rasp.values import values_to_json

    shown = found.counterexample
    return {
        "verdict": found.verdict.value,
        "inputs_checked": found.inputs_checked,
        "agreement": found.agreement,
        "counterexample": None
        if shown is None
        else {
            "input": values_to_json(shown.input),
            "model": values_to_json(shown.model),
            "program": values_to_json(shown.program),
        },
    }


def verdict_text(found: Verification) -> str:
    """The verdict as comment lines of a program file."""
    from inverse_tracr.rasp.values import value_text

    text = f"# verdict: {found.verdict.value} ({found.inputs_checked:,} inputs checked)"
    shown = found.counterexample
    if shown is None:
        return text
    rows = [text, f"# agreement: {found.agreement:.2%}"]
    for title, values in (("input", shown.input), ("model", shown.model), ("program", shown.program)):
        rows.append(f"#   {title:<8}{' '.join(value_text(value) for value in values)}")
    return "\n".join(rows)
