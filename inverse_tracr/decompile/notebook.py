"""What was found of a model, as notebooks show it."""

from __future__ import annotations

from html import escape

from inverse_tracr.decompile.outcome import Counterexample, Decompilation, Verdict
from inverse_tracr.rasp.notebook import SOFT, program_html, table_html, text_html
from inverse_tracr.rasp.values import value_text

_MARKS = {
    Verdict.EQUIVALENT: ("✓", "#2e9e5b"),
    Verdict.NO_COUNTEREXAMPLE: ("○", "#3b82c4"),
    Verdict.REFUTED: ("✗", "#d9534f"),
}


def decompilation_html(found: Decompilation) -> str:
    """The verdict, the program, the smallest counterexample, and what no line explains."""
    parts = [_headline(found)]
    if found.program is None:
        parts.append(text_html(escape(found.partial or "nothing was understood")))
    else:
        parts.append(program_html(found.program, found.signature))
    if found.counterexample is not None:
        parts.append(f"<div>Smallest input found on which they differ:</div>{_table(found.counterexample)}")
    if found.unexplained:
        parts.append(f"<div>Not explained by any line: {escape('; '.join(found.unexplained))}</div>")
    return f"<div>{''.join(parts)}</div>"


def _headline(found: Decompilation) -> str:
    mark, colour = _MARKS[found.verdict]
    checked = f"{found.inputs_checked:,} inputs checked, agreement {found.agreement:.2%}"
    how = f"{found.method}, {found.candidates} tried, {found.seconds:.2f} s"
    note = f"; {found.verification.note}" if found.verification.note else ""
    badge = f'<span style="color:{colour};font-weight:bold">{mark}</span>'
    return (
        f"<div>{badge} <strong>{found.verdict.value}</strong>"
        f' <span style="{SOFT}">{escape(f"{checked}; {how}{note}")}</span></div>'
    )


def _table(shown: Counterexample) -> str:
    sides = {"input": shown.tokens, "model": shown.model, "program": shown.program}
    if shown.recompiled is not None:
        sides["recompiled"] = shown.recompiled
    rows = {name: [value_text(value) for value in values] for name, values in sides.items()}
    differs = {
        name: {i for i, value in enumerate(sides[name]) if value != shown.model[i]}
        for name in ("program", "recompiled")
        if name in sides
    }
    return table_html(rows, differs)
