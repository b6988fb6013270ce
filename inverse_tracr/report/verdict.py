"""The verdict in words, and as the banner of the page."""

from __future__ import annotations

from inverse_tracr.decompile import Counterexample, Verdict
from inverse_tracr.rasp.inputs import count_inputs
from inverse_tracr.rasp.values import Maybe
from inverse_tracr.report.study import Study
from inverse_tracr.report.svg import Element, add, element
from inverse_tracr.report.text import clean, shown

MARKS = {Verdict.EQUIVALENT: "✓", Verdict.NO_COUNTEREXAMPLE: "○", Verdict.REFUTED: "✗"}


def headline(study: Study) -> str:
    """What the verdict means, in a sentence."""
    found = study.found
    count = f"{found.inputs_checked:,}"
    match found.verdict:
        case Verdict.EQUIVALENT:
            return (
                f"All {count} inputs that the model can read were checked: the program, interpreted and "
                "compiled again, gives the model's output at every position of every one."
            )
        case Verdict.NO_COUNTEREXAMPLE:
            every = count_inputs(study.model.signature)
            return (
                f"{count} of {_large(every)} inputs were checked, and on each the program, interpreted and "
                "compiled again, gives the model's output. The rest was not checked."
            )
        case Verdict.REFUTED if found.program is None:
            return "No whole program was found for this model. What could be said about its parts is below."
        case Verdict.REFUTED if found.inputs_checked == 0:
            return "The program could not be compared with the model."
        case Verdict.REFUTED:
            return (
                f"The program and the model differ: they agree on {found.agreement:.2%} of the {count} "
                "inputs that were checked."
            )


def banner(study: Study) -> Element:
    """The verdict, the facts that it rests on, and the counterexample where there is one."""
    found = study.found
    root = element("section", id="verdict", class_=f"verdict {found.verdict.value}")
    title = add(root, "h2")
    add(title, "span", MARKS[found.verdict], class_="mark", aria_hidden="true")
    add(title, "span", found.verdict.value)
    add(root, "p", headline(study), class_="headline")
    if found.verification.note and found.program is not None:
        add(root, "p", found.verification.note, class_="note")
    if study.found.counterexample:
        root.append(_counterexample(study.found.counterexample))
    if found.unexplained:
        add(root, "h3", "Not explained by any line")
        parts = add(root, "ul", class_="unexplained")
        for part in found.unexplained:
            add(parts, "li", part)
    root.append(_facts(study))
    return root


def _facts(study: Study) -> Element:
    found = study.found
    facts = {
        "inputs checked": f"{found.inputs_checked:,}",
        "agreement": f"{found.agreement:.2%}" if found.inputs_checked else "not compared",
        "method": found.method,
        "candidates tried": f"{found.candidates}" + (f" ({', '.join(found.tried)})" if found.tried else ""),
        "time": f"{found.seconds:.2f} s",
    }
    if found.score is not None:
        facts["score, before it was verified"] = f"{found.score:.2f}"
    rows = element("dl", class_="facts")
    for name, text in facts.items():
        pair = add(rows, "div")
        add(pair, "dt", name)
        add(pair, "dd", clean(text))
    return rows


def _counterexample(shown_input: Counterexample) -> Element:
    """Rows for input, model and program; columns for positions; what differs is marked, in words too."""
    box = element("div", class_="counterexample")
    add(box, "h3", "Smallest input found on which they differ")
    scroll = add(box, "div", class_="scroll", tabindex=0, role="region", aria_label="Counterexample")
    table = add(scroll, "table")
    rows: dict[str, tuple[Maybe, ...]] = {
        "input": shown_input.tokens,
        "model": shown_input.model,
        "program": shown_input.program,
    }
    if shown_input.recompiled is not None:
        rows["recompiled"] = shown_input.recompiled
    for name, values in rows.items():
        row = add(table, "tr")
        add(row, "th", name, scope="row")
        for position, value in enumerate(values):
            differs = name in ("program", "recompiled") and value != shown_input.model[position]
            cell = add(row, "td", class_="value differs" if differs else "value")
            cell.text = shown(value)
            if differs:
                add(cell, "span", " (differs)", class_="unseen")
    return box


def _large(count: int) -> str:
    return f"{count:,}" if count < 10**12 else f"about {count:.1e}"
